// SPDX-License-Identifier: MIT
/*
 * The sockets of published ports. See forward.h. Runs in the loop; blocks on nothing. Must never accept a
 * thing from the wan side that was not published there: the kernel drops it before we see it.
 */
#include "init/forward.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "init/forward_priv.h"

#define FORWARD_WAN_MAX 32 /* interfaces */
#define FORWARD_BACKLOG 64
#define FORWARD_QUEUED 1024 /* datagrams */

/* Drops what came in by an interface of wan. Interfaces that are not there cannot bring anything. */
static int forward_limit(int fd, const struct strv *wan)
{
	struct sock_filter code[FORWARD_WAN_MAX + 3];
	struct sock_fprog prog = { .filter = code };
	unsigned int index[FORWARD_WAN_MAX], n = 0;

	/* Rather shut than open at those that do not fit. */
	if (wan && wan->n > FORWARD_WAN_MAX)
		return -E2BIG;
	for (unsigned int i = 0; wan && i < wan->n; i++) {
		index[n] = if_nametoindex(wan->v[i]);
		n += index[n] != 0;
	}
	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					       (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
	for (unsigned int i = 0; i < n; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index[i],
							   (uint8_t)(n - i), 0);
	code[1 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	code[2 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	prog.len = (unsigned short)(n + 3);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

/* What came between bind() and the filter may be of the wan side; no more than this fits the queue. */
static void forward_drain(int fd)
{
	char byte;

	for (int i = 0; i < FORWARD_QUEUED; i++)
		if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0)
			return;
}

/* Replies leave from the address that was asked. */
static int forward_pktinfo(int fd, int family)
{
	int one = 1;

	return setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
			  family == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &one, sizeof(one)) < 0
		       ? -errno
		       : 0;
}

static int forward_taken(const struct port *p, unsigned int port, int code, struct err *e)
{
	char who[112];

	if (code == -EADDRINUSE)
		return err_set(e, EADDRINUSE, "publish: port %u/%s is taken by %s", port,
			       p->proto == IPPROTO_TCP ? "tcp" : "udp",
			       port_owner(p->proto == IPPROTO_TCP, port, who, sizeof(who)));
	return err_sys(e, code, "publish: listening at port %u", port);
}

static void forward_target(struct forward_port *l, const struct rules_ctr *c, int family,
			   unsigned int port)
{
	struct port to = { .family = (uint8_t)family };

	memcpy(to.addr, family == AF_INET6 ? c->ip6 : c->ip4, family == AF_INET6 ? 16 : 4);
	l->to_len = port_address(&to, family, port, &l->to);
}

/* The filter comes before the socket is open to anybody. */
static int forward_listen(struct forward *f, const struct port *p, int family, unsigned int i,
			  const struct rules_ctr *c, const struct strv *wan, struct err *e)
{
	struct forward_port *l = &f->ports[f->n_ports];
	bool four = c->ip4[0] != 0;
	AUTO_FD int fd = port_bind(p, family, p->host + i);
	int r = fd < 0 ? fd : 0;

	/* A device without IPv6 has no clients there either. */
	if (fd == -EAFNOSUPPORT && p->family == AF_UNSPEC)
		return 0;
	l->f = f;
	l->tcp = p->proto == IPPROTO_TCP;
	l->limited = port_is_anywhere(p);
	forward_target(l, c,
		       family == AF_INET6 && c->ip6[0] ? AF_INET6
		       : four			       ? AF_INET
						       : AF_INET6,
		       p->inside + i);
	if (r == 0 && l->limited)
		r = forward_limit(fd, wan);
	if (r == 0 && l->limited && !l->tcp)
		forward_drain(fd);
	if (r == 0 && !l->tcp)
		r = forward_pktinfo(fd, family);
	if (r == 0 && l->tcp && listen(fd, FORWARD_BACKLOG) < 0)
		r = -errno;
	if (r < 0)
		return forward_taken(p, p->host + i, r, e);
	l->source =
		(struct event_source){ .fd = fd,
				       .ready = l->tcp ? forward_tcp_ready : forward_udp_ready };
	r = event_add(f->loop, &l->source, EPOLLIN);
	if (r < 0)
		return err_sys(e, r, "publish");
	fd_take(&fd);
	f->n_ports++;
	return 0;
}

static void forward_sweep(struct event_timer *t)
{
	struct forward *f = container_of(t, struct forward, sweep);
	uint64_t now = event_now();

	forward_tcp_sweep(f, now);
	forward_udp_sweep(f, now);
	if (f->conns || f->sessions)
		forward_sweep_soon(f);
}

void forward_sweep_soon(struct forward *f)
{
	if (!f->sweep.at)
		event_timer_set(f->loop, &f->sweep, FORWARD_SWEEP_MS);
}

static int forward_entry(struct forward *f, const struct port *p, const struct rules_ctr *c,
			 const struct strv *wan, struct err *e)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < 2U * p->count; i++) {
		if (p->family != AF_UNSPEC && p->family != families[i % 2])
			continue;
		if (f->n_ports == FORWARD_PORTS_MAX)
			return err_set(e, E2BIG,
				       "publish: without nf_tables at most %d ports are possible",
				       FORWARD_PORTS_MAX / 2);
		r = forward_listen(f, p, families[i % 2], i / 2, c, wan, e);
	}
	return r;
}

int forward_open(struct event_loop *loop, const struct rules_ctr *c, const struct strv *wan,
		 bool beside, struct forward **out, struct err *e)
{
	struct forward *f;
	struct port p;
	int r = 0;

	*out = NULL;
	if (!c->publish->n)
		return 0;
	f = calloc(1, sizeof(*f));
	if (f)
		f->ports = calloc(FORWARD_PORTS_MAX, sizeof(*f->ports));
	if (!f || !f->ports) {
		free(f);
		return err_set(e, ENOMEM, "publish: out of memory");
	}
	f->loop = loop;
	f->sweep.expired = forward_sweep;
	for (unsigned int i = 0; r >= 0 && i < c->publish->n; i++) {
		r = port_parse(c->publish->v[i], &p, e);
		if (r >= 0 && (!beside || !port_has_rules(&p)))
			r = forward_entry(f, &p, c, wan, e);
	}
	if (r < 0) {
		forward_close(f);
		return r;
	}
	*out = f;
	return 0;
}

void forward_close(struct forward *f)
{
	if (!f)
		return;
	forward_tcp_end(f);
	forward_udp_end(f);
	event_timer_clear(f->loop, &f->sweep);
	for (unsigned int i = 0; i < f->n_ports; i++) {
		int fd = event_remove(f->loop, &f->ports[i].source);

		fd_close(&fd);
	}
	free(f->ports);
	free(f);
}

void forward_links(struct forward *f, const struct strv *wan)
{
	for (unsigned int i = 0; f && i < f->n_ports; i++)
		if (f->ports[i].limited)
			forward_limit(f->ports[i].source.fd, wan);
}
