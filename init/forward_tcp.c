// SPDX-License-Identifier: MIT
/*
 * TCP for published ports without nf_tables: two sockets and two pipes a connection; splice(2) moves what
 * comes without it ever being in our memory. Runs in the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "init/forward_priv.h"

#define TCP_TURN 8 /* chunks one direction may move before others have their turn */

/* One direction: from a side's socket into its pipe, out of it to the other side. */
struct forward_side {
	struct event_source source; /* only while something is waited for: a hang-up is always told */
	struct forward_conn *conn;
	int fd, pipe[2];
	size_t held;	 /* bytes in the pipe */
	bool eof, ended; /* its socket has no more; the other side was told */
	uint32_t events; /* that are watched */
};

struct forward_conn {
	struct forward_conn *next;
	struct forward *f;
	struct forward_side side[2]; /* client, container */
	bool connected;
};

static void tcp_close(struct forward_conn *c)
{
	struct forward_conn **at = &c->f->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->f->n_conns--;
	for (unsigned int i = 0; i < 2; i++) {
		if (c->side[i].source.fd >= 0)
			event_remove(c->f->loop, &c->side[i].source);
		fd_close(&c->side[i].fd);
		fd_close(&c->side[i].pipe[0]);
		fd_close(&c->side[i].pipe[1]);
	}
	free(c);
}

/* Moves what it can: 1 when more could be moved at once, 0 when a side has to wait, -errno at its end. */
static int tcp_move(struct forward_side *from, struct forward_side *to)
{
	for (int i = 0; i < TCP_TURN; i++) {
		ssize_t n;

		if (!from->held && !from->eof) {
			n = splice(from->fd, NULL, from->pipe[1], NULL, FORWARD_CHUNK,
				   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (n < 0)
				return errno == EAGAIN || errno == EINTR ? 0 : -errno;
			from->eof = n == 0;
			from->held = (size_t)n;
		}
		if (!from->held) {
			if (!from->ended && shutdown(to->fd, SHUT_WR) < 0)
				return -errno;
			from->ended = true;
			return 0;
		}
		n = splice(from->pipe[0], NULL, to->fd, NULL, from->held,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		from->held -= (size_t)n;
	}
	return 1;
}

static int tcp_watch(struct forward_conn *c, unsigned int i)
{
	struct forward_side *s = &c->side[i], *other = &c->side[!i];
	uint32_t events = (!s->held && !s->eof ? EPOLLIN : 0) | (other->held ? EPOLLOUT : 0);

	if (!c->connected)
		events = i ? EPOLLOUT : 0;
	if (events == s->events)
		return 0;
	s->events = events;
	if (!events) {
		event_remove(c->f->loop, &s->source);
		return 0;
	}
	if (s->source.fd >= 0)
		return event_change(c->f->loop, &s->source, events);
	s->source.fd = s->fd;
	return event_add(c->f->loop, &s->source, events);
}

static int tcp_step(struct forward_conn *c)
{
	int error = 0, r = 0;
	socklen_t len = sizeof(error);

	if (!c->connected) {
		if (getsockopt(c->side[1].fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
			return -ECONNREFUSED;
		c->connected = true;
	}
	for (unsigned int i = 0; i < 2 && r >= 0; i++)
		r = tcp_move(&c->side[i], &c->side[!i]);
	if (r < 0 || (c->side[0].ended && c->side[1].ended))
		return -EPIPE;
	for (unsigned int i = 0; i < 2 && r >= 0; i++)
		r = tcp_watch(c, i);
	return r;
}

static void tcp_ready(struct event_source *s, uint32_t events)
{
	struct forward_conn *c = container_of(s, struct forward_side, source)->conn;

	if ((events & EPOLLERR) || tcp_step(c) < 0)
		tcp_close(c);
}

static int tcp_side(struct forward_side *s, int fd)
{
	int one = 1;

	if (fd < 0)
		return -errno;
	s->fd = fd;
	/* A peer that has vanished must not hold its place for ever; small pieces are not ours to gather. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (pipe2(s->pipe, O_CLOEXEC | O_NONBLOCK) == 0)
		return 0;
	s->pipe[0] = s->pipe[1] = -1;
	return -errno;
}

static int tcp_begin(const struct forward_port *l, struct forward_conn *c, int client)
{
	int r = tcp_side(&c->side[0], client);

	if (r == 0)
		r = tcp_side(&c->side[1], socket(l->to.ss_family,
						 SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (r == 0 && connect(c->side[1].fd, (const struct sockaddr *)&l->to, l->to_len) < 0 &&
	    errno != EINPROGRESS)
		r = -errno;
	return r < 0 ? r : tcp_watch(c, 1);
}

static void tcp_accept(struct forward_port *l, int client)
{
	struct forward_conn *c = NULL;

	/* The lowest number that is free says how many are not, of all containers together. */
	if (l->f->n_conns < FORWARD_CONNS_MAX && client < FORWARD_FD_MAX)
		c = calloc(1, sizeof(*c));
	if (!c) {
		close(client);
		return;
	}
	c->f = l->f;
	c->next = l->f->conns;
	l->f->conns = c;
	l->f->n_conns++;
	for (unsigned int i = 0; i < 2; i++)
		c->side[i] = (struct forward_side){ .source = { .fd = -1, .ready = tcp_ready },
						    .conn = c,
						    .fd = -1,
						    .pipe = { -1, -1 } };
	if (tcp_begin(l, c, client) < 0)
		tcp_close(c);
}

void forward_tcp_ready(struct event_source *s, uint32_t events)
{
	struct forward_port *l = container_of(s, struct forward_port, source);

	(void)events;
	for (int i = 0; i < TCP_TURN; i++) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		tcp_accept(l, fd);
	}
}

void forward_tcp_end(struct forward *f)
{
	while (f->conns)
		tcp_close(f->conns);
}
