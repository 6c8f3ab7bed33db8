// SPDX-License-Identifier: MIT
/*
 * UDP for published ports without nf_tables: each client has a socket of its own to the container, by which
 * answers are known to be for it. Runs in the loop; the table is bounded, the oldest client gives way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "init/forward_priv.h"

#define UDP_TURN 32 /* datagrams before others have their turn */
#define UDP_SIZE 65535

/* A control message with the larger of both kinds of packet information. */
#define UDP_CONTROL CMSG_SPACE(sizeof(struct in6_pktinfo))
#define UDP_ALIGNED __attribute__((aligned(sizeof(size_t))))

struct forward_session {
	struct forward_session *next;
	struct forward_port *port;
	struct event_source source; /* to the container */
	struct sockaddr_storage client;
	socklen_t client_len;
	char from[UDP_CONTROL] UDP_ALIGNED; /* the device's address that was asked */
	size_t from_len;
	uint64_t used; /* event_now() */
};

/* One for all: a datagram is passed on before the next one is read. */
static char *udp_buffer(void)
{
	static char buf[UDP_SIZE];

	return buf;
}

static void udp_close(struct forward *f, struct forward_session *s)
{
	struct forward_session **at = &f->sessions;
	int fd = s->source.fd;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	f->n_sessions--;
	if (fd >= 0)
		event_remove(f->loop, &s->source);
	fd_close(&fd);
	free(s);
}

/* The last used one is in front, so those that are silent are at the end. */
static void udp_touch(struct forward *f, struct forward_session *s)
{
	struct forward_session **at = &f->sessions;

	s->used = event_now();
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	s->next = f->sessions;
	f->sessions = s;
}

static void udp_drop_last(struct forward *f)
{
	struct forward_session *s = f->sessions;

	while (s && s->next)
		s = s->next;
	if (s)
		udp_close(f, s);
}

void forward_udp_sweep(struct forward *f, uint64_t now)
{
	struct forward_session *next;

	for (struct forward_session *s = f->sessions; s; s = next) {
		next = s->next;
		if (now - s->used >= FORWARD_UDP_MS)
			udp_close(f, s);
	}
}

/* An answer: to the client, from the address it had asked. */
static void udp_answer(struct event_source *source, uint32_t events)
{
	struct forward_session *s = container_of(source, struct forward_session, source);
	char *buf = udp_buffer();

	(void)events;
	for (int i = 0; i < UDP_TURN; i++) {
		ssize_t n = recv(source->fd, buf, UDP_SIZE, MSG_DONTWAIT);
		struct iovec iov = { buf, n > 0 ? (size_t)n : 0 };
		struct msghdr h = { .msg_name = &s->client,
				    .msg_namelen = s->client_len,
				    .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = s->from_len ? s->from : NULL,
				    .msg_controllen = s->from_len };

		/* Refused: nobody listens in the container, now. */
		if (n < 0)
			return;
		s->used = event_now();
		(void)sendmsg(s->port->source.fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/*
 * The one control message that was asked for. Only the address counts in it: by which interface an answer leaves is
 * routing's.
 */
static void udp_remember(struct forward_session *s, struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	struct in_pktinfo info;

	s->from_len = 0;
	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
	    c->cmsg_len == CMSG_LEN(sizeof(info))) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0;
		info.ipi_spec_dst = info.ipi_addr;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		s->from_len = CMSG_SPACE(sizeof(info));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
		   c->cmsg_len == CMSG_LEN(sizeof(struct in6_pktinfo))) {
		s->from_len = CMSG_SPACE(sizeof(struct in6_pktinfo));
	}
	if (s->from_len) {
		memset(s->from, 0, sizeof(s->from));
		memcpy(s->from, c, c->cmsg_len);
	}
}

static struct forward_session *udp_find(const struct forward_port *l, const struct msghdr *h)
{
	struct forward_session *s = l->f->sessions;

	while (s && (s->port != l || s->client_len != h->msg_namelen ||
		     memcmp(&s->client, h->msg_name, h->msg_namelen) != 0))
		s = s->next;
	return s;
}

static struct forward_session *udp_new(struct forward_port *l, struct msghdr *h)
{
	struct forward *f = l->f;
	struct forward_session *s;
	AUTO_FD int fd = socket(l->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || fd >= FORWARD_FD_MAX || connect(fd, (struct sockaddr *)&l->to, l->to_len) < 0)
		return NULL;
	if (f->n_sessions == FORWARD_SESSIONS_MAX)
		udp_drop_last(f);
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->source = (struct event_source){ .fd = fd, .ready = udp_answer };
	if (event_add(f->loop, &s->source, EPOLLIN) < 0) {
		free(s);
		return NULL;
	}
	fd_take(&fd);
	s->port = l;
	memcpy(&s->client, h->msg_name, h->msg_namelen);
	s->client_len = h->msg_namelen;
	udp_remember(s, h);
	s->next = f->sessions;
	f->sessions = s;
	f->n_sessions++;
	forward_sweep_soon(f);
	return s;
}

void forward_udp_ready(struct event_source *source, uint32_t events)
{
	struct forward_port *l = container_of(source, struct forward_port, source);
	char *buf = udp_buffer();

	(void)events;
	for (int i = 0; i < UDP_TURN; i++) {
		struct sockaddr_storage from = { 0 };
		struct iovec iov = { buf, UDP_SIZE };
		char control[UDP_CONTROL] UDP_ALIGNED;
		struct msghdr h = { .msg_name = &from,
				    .msg_namelen = sizeof(from),
				    .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(source->fd, &h, MSG_DONTWAIT);
		struct forward_session *s;

		if (n < 0)
			return;
		s = udp_find(l, &h);
		if (!s)
			s = udp_new(l, &h);
		if (!s)
			continue;
		udp_touch(l->f, s);
		(void)send(s->source.fd, buf, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

void forward_udp_end(struct forward *f)
{
	while (f->sessions)
		udp_close(f, f->sessions);
}
