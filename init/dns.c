/* SPDX-License-Identifier: MIT */
/*
 * The responder's networks and sockets, and what becomes of one query. Sockets are bound to the bridge as
 * well as to its address, so that nobody on any other side of the device can ask; they come and go with
 * the bridge, which is watched over netlink. See dns.h.
 */
#include "init/dns.h"

#include <errno.h>
#include <net/if.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "core/lib/fd.h"
#include "core/manifest.h"
#include "core/net.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#define DNS_BACKLOG 16

/* ---- one query ------------------------------------------------------------------------------------- */

size_t dns_answer_rcode(uint8_t *msg, size_t size, const uint8_t *query,
			const struct dns_question *q, int rcode)
{
	struct dns_answer a;

	dns_begin(&a, msg, size, query, q, rcode, false);
	return dns_end(&a);
}

static size_t dns_answer_local(uint8_t *msg, size_t size, const struct dns_question *q,
			       enum dns_verdict v, const struct dns_result *r)
{
	struct dns_answer a;

	dns_begin(&a, msg, size, msg, q, v == DNS_LOCAL ? DNS_OK : DNS_NXDOMAIN, true);
	for (unsigned int i = 0; i < r->n; i++)
		dns_add_addr(&a, &r->addrs[i], DNS_TTL);
	if (r->ptr[0])
		dns_add_ptr(&a, r->ptr, DNS_TTL);
	return dns_end(&a);
}

size_t dns_answer_here(struct dns *d, struct dns_net *net, const union dns_peer *from,
		       struct dns_question *q, uint8_t *query, size_t len, size_t size, bool udp,
		       bool *drop)
{
	struct addr addr = dns_addr_of(from);
	struct dns_result found;
	enum dns_verdict v;
	int r = dns_read(query, len, q);

	*drop = r == -EINVAL;
	if (r == -EINVAL)
		return 0;
	if (r < 0)
		return dns_answer_rcode(query, size, query, q,
					r == -EBADMSG ? DNS_FORMERR : DNS_NOTIMP);
	if (udp)
		size = min_u64(size, q->udp);
	v = dns_names_find(d, net, &addr, q, &found);
	if (v != DNS_FORWARD)
		return dns_answer_local(query, size, q, v, &found);
	/* A network without a way out has none through us either. */
	if (net->internal)
		return dns_answer_rcode(query, size, query, q, DNS_SERVFAIL);
	if (len > DNS_QUERY)
		return dns_answer_rcode(query, size, query, q, DNS_REFUSED);
	return 0;
}

struct fair_seat dns_seat(struct dns *d, const struct dns_net *net, const union dns_peer *p)
{
	struct fair_seat seat = { .group = net, .who = dns_addr_of(p), .since = event_now() };

	if (!dns_names_who(d, net, &seat.who))
		seat.who.len = 0;
	return seat;
}

/* False when nothing more is there. */
static bool dns_one(struct dns_socket *s)
{
	struct dns *d = s->net->dns;
	union dns_peer from = { .sa.sa_family = AF_UNSPEC };
	socklen_t size = sizeof(from);
	uint8_t msg[DNS_QUERY * 2];
	struct dns_question q;
	ssize_t n =
		recvfrom(s->udp.fd, msg, sizeof(msg), MSG_DONTWAIT | MSG_TRUNC, &from.sa, &size);
	size_t len;
	bool drop;

	if (n < 0)
		return errno == EINTR;
	/* Longer than any query. An answer to port 0 goes nowhere. */
	if ((size_t)n > sizeof(msg) || from.v4.sin_port == 0)
		return true;
	len = dns_answer_here(d, s->net, &from, &q, msg, (size_t)n, sizeof(msg), true, &drop);
	if (len)
		sendto(s->udp.fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL, &from.sa, size);
	else if (!drop)
		dns_ask(d, s, &from, &q, msg, (size_t)n);
	return true;
}

static void dns_resume(struct event_timer *t)
{
	struct dns_socket *s = container_of(t, struct dns_socket, pause);

	if (s->udp.fd >= 0)
		event_change(&s->net->dns->sup->loop, &s->udp, EPOLLIN);
}

/* A flood costs its own network answers, not the supervisor its time. */
static void dns_ready(struct event_source *source, uint32_t events)
{
	struct dns_socket *s = container_of(source, struct dns_socket, udp);
	int left = DNS_BURST;

	(void)events;
	while (left > 0 && dns_one(s))
		left--;
	if (left > 0)
		return;
	event_change(&s->net->dns->sup->loop, &s->udp, 0);
	s->pause.expired = dns_resume;
	event_timer_set(&s->net->dns->sup->loop, &s->pause, DNS_PAUSE_MS);
}

/* ---- sockets --------------------------------------------------------------------------------------- */

static int dns_bind(const struct dns_socket *s, int type)
{
	union dns_peer at = { .sa.sa_family = s->addr.len == 4 ? AF_INET : AF_INET6 };
	AUTO_FD int fd = socket(at.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *bridge = s->net->bridge;
	int one = 1;

	if (fd < 0)
		return -errno;
	/* Anywhere but there it must never be reached: without this it is not opened at all. */
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bridge, (socklen_t)strlen(bridge)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	/* The bridge may get its address after itself. */
	if (s->addr.len == 4) {
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
		at.v4.sin_port = htons(DNS_PORT);
		memcpy(&at.v4.sin_addr, s->addr.b, 4);
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		at.v6.sin6_port = htons(DNS_PORT);
		memcpy(&at.v6.sin6_addr, s->addr.b, 16);
	}
	if (bind(fd, &at.sa, dns_peer_size(&at)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, DNS_BACKLOG) < 0))
		return -errno;
	return fd_take(&fd);
}

static int dns_listen(struct dns_socket *s, struct event_source *source, int type,
		      void (*ready)(struct event_source *s, uint32_t events))
{
	int fd = dns_bind(s, type);

	if (fd < 0)
		return fd;
	*source = (struct event_source){ .fd = fd, .ready = ready };
	return event_add(&s->net->dns->sup->loop, source, EPOLLIN);
}

static void dns_close(struct dns_socket *s)
{
	struct event_loop *l = &s->net->dns->sup->loop;
	int fd = event_remove(l, &s->udp);

	fd_close(&fd);
	fd = event_remove(l, &s->tcp);
	fd_close(&fd);
	event_timer_clear(l, &s->pause);
	dns_ask_forget(s->net->dns, s);
}

static void dns_open_socket(struct dns_socket *s)
{
	char text[ADDR_TEXT];
	int r;

	if (!s->addr.len)
		return;
	r = dns_listen(s, &s->udp, SOCK_DGRAM, dns_ready);
	if (r >= 0)
		r = dns_listen(s, &s->tcp, SOCK_STREAM, dns_tcp_accept);
	if (r >= 0)
		return;
	dns_close(s);
	/* The bridge went away again, or there is no IPv6. */
	if (r == -EADDRINUSE)
		sup_say(s->net->name,
			"names are not answered: another name server has %s; let it listen elsewhere, or set dns = no",
			addr_text(&s->addr, text));
	else if (r != -ENODEV && r != -EAFNOSUPPORT)
		sup_say(s->net->name, "names are not answered on %s: %s", addr_text(&s->addr, text),
			err_text(r));
}

static void dns_net_close(struct dns_net *n)
{
	if (!n->ifindex)
		return;
	for (unsigned int i = 0; i < 2; i++)
		dns_close(&n->sockets[i]);
	dns_tcp_forget(n->dns, n);
	n->ifindex = 0;
}

/*
 * A bridge that was made anew under its old name is another one: its number tells. One that somebody else has
 * made may get the device's address in the subnet only later.
 */
static void dns_net_look(struct dns_net *n)
{
	unsigned int ifindex = if_nametoindex(n->bridge);
	struct dns_socket *four = &n->sockets[0];
	struct addr at = four->addr;
	bool own;

	if (at.len)
		at = net_responder(n->bridge, &n->subnet[0], &at, &own);
	if (ifindex == n->ifindex && addr_same(&at, &four->addr))
		return;
	dns_net_close(n);
	n->ifindex = ifindex;
	four->addr = at;
	for (unsigned int i = 0; ifindex && i < 2; i++)
		dns_open_socket(&n->sockets[i]);
}

static int dns_nothing(const struct netlink_msg *m, void *arg)
{
	(void)m;
	(void)arg;
	return 0;
}

static void dns_links(struct event_source *source, uint32_t events)
{
	struct dns *d = container_of(source, struct dns, watch);

	(void)events;
	netlink_receive(&d->links, dns_nothing, NULL);
	for (unsigned int i = 0; i < d->n_nets; i++)
		dns_net_look(&d->nets[i]);
}

/* ---- networks -------------------------------------------------------------------------------------- */

static void dns_add_net(struct dns *d, const struct net_spec *spec)
{
	struct dns_net *n = &d->nets[d->n_nets];

	if (!net_answers(spec))
		return;
	if (d->n_nets == DNS_NETS) {
		sup_say(spec->section.name, "names are not answered: more than %d networks",
			DNS_NETS);
		return;
	}
	*n = (struct dns_net){ .dns = d,
			       .subnet = { spec->net4, spec->net6 },
			       .isolate = spec->isolate,
			       .internal = spec->internal };
	str_copy(n->name, sizeof(n->name), spec->section.name);
	net_bridge_name(spec, n->bridge);
	dns_servers_parse(&n->servers, &spec->dns);
	for (unsigned int i = 0; i < 2; i++) {
		n->sockets[i] = (struct dns_socket){
			.net = n, .udp.fd = -1, .tcp.fd = -1, .addr = i ? spec->gw6 : spec->gw4
		};
		n->sockets[i].addr.bits = i ? 128 : 32;
	}
	d->n_nets++;
}

static const struct manifest *dns_manifest(struct dns *d)
{
	struct err e = { 0 };

	if (!d->sup->on_demand)
		return &d->sup->manifest;
	if (!d->own)
		d->own = calloc(1, sizeof(*d->own));
	if (d->own)
		d->own->brief = true;
	/* Where it cannot be read, whoever starts a container is told. */
	if (d->own && !d->own->source[0] &&
	    (manifest_load(d->own, &e) < 0 || section_finish(d->own->sections, &e) < 0)) {
		manifest_free(d->own);
		*d->own = (struct manifest){ .source = "none" };
	}
	return d->own;
}

void dns_networks(struct sup *s)
{
	struct dns *d = s->dns;
	const struct manifest *m = d ? dns_manifest(d) : NULL;
	struct section *made = NULL;
	const struct net_spec *own;

	if (!d)
		return;
	for (unsigned int i = 0; i < d->n_nets; i++)
		dns_net_close(&d->nets[i]);
	d->n_nets = 0;
	for (struct section *n = m ? m->sections[SECTION_NETWORK] : NULL; n; n = n->next)
		dns_add_net(d, container_of(n, struct net_spec, section));
	own = net_find(m, NET_DEFAULT, &made);
	if (own && made)
		dns_add_net(d, own);
	section_free_all(made);
	for (unsigned int i = 0; i < d->n_nets; i++)
		dns_net_look(&d->nets[i]);
}

/* Without it everything else works: containers then have names for nobody. */
void dns_open(struct sup *s)
{
	struct err e = { 0 };
	/* Its tables are large, and are pages of zeros until they are used. */
	struct dns *d =
		mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (d == MAP_FAILED)
		return;
	d->sup = s;
	d->links.fd = d->watch.fd = -1;
	if (netlink_open(&d->links, NETLINK_ROUTE, -1, &e) < 0 ||
	    netlink_join(&d->links, RTNLGRP_LINK, &e) < 0 ||
	    netlink_join(&d->links, RTNLGRP_IPV4_IFADDR, &e) < 0) {
		sup_say(NULL, "names of containers are not answered: %s", e.msg);
		netlink_close(&d->links);
		munmap(d, sizeof(*d));
		return;
	}
	d->watch = (struct event_source){ .fd = d->links.fd, .ready = dns_links };
	event_add(&s->loop, &d->watch, EPOLLIN);
	s->dns = d;
	dns_networks(s);
}
