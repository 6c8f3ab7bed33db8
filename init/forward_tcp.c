// SPDX-License-Identifier: MIT
/*
 * TCP for published ports without nf_tables: two sockets a connection, and while something is on its way a
 * pipe for each direction; splice(2) moves what comes without it ever being in our memory. Runs in the loop; the table is bounded, and who holds most of
 * it, or is silent for long, gives way.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "init/fair.h"
#include "init/forward_priv.h"

#define TCP_TURN 8 /* chunks one direction may move before others have their turn */

/* s; a peer that has vanished is found out after four minutes, not after the kernel's two hours. */
#define TCP_KEEP_IDLE 120
#define TCP_KEEP_EACH 30
#define TCP_KEEP_TRIES 4

/* One direction: from a side's socket into its pipe, out of it to the other side. */
struct forward_side {
	struct event_source source; /* only while something is waited for: a hang-up is always told */
	struct forward_conn *conn;
	int fd, pipe[2]; /* -1 while the side waits with nothing held */
	size_t held;	 /* bytes in the pipe */
	bool eof, ended; /* its socket has no more; the other side was told */
	uint32_t events; /* that are watched */
};

struct forward_conn {
	struct forward_conn *next;
	struct forward *f;
	struct forward_side side[2]; /* client, container */
	struct addr client;
	uint64_t used; /* event_now() of the last step */
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

static int tcp_take_pipe(struct forward_side *s)
{
	struct forward *f = s->conn->f;

	if (s->pipe[0] >= 0)
		return 0;
	if (f->n_pipes) {
		memcpy(s->pipe, f->pipes[--f->n_pipes], sizeof(s->pipe));
		return 0;
	}
	if (pipe2(s->pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
		s->pipe[0] = s->pipe[1] = -1;
		return -errno;
	}
	return s->pipe[1] < FORWARD_FD_MAX ? 0 : -EMFILE;
}

static void tcp_give_pipe(struct forward_side *s)
{
	struct forward *f = s->conn->f;

	if (s->pipe[0] < 0 || s->held)
		return;
	if (f->n_pipes < FORWARD_PIPES) {
		memcpy(f->pipes[f->n_pipes++], s->pipe, sizeof(s->pipe));
		s->pipe[0] = s->pipe[1] = -1;
	}
	fd_close(&s->pipe[0]);
	fd_close(&s->pipe[1]);
}

/* Moves what it can: 1 when more could be moved at once, 0 when a side has to wait, -errno at its end. */
static int tcp_move(struct forward_side *from, struct forward_side *to)
{
	for (int i = 0; i < TCP_TURN; i++) {
		ssize_t n;

		if (!from->held && !from->eof) {
			int r = tcp_take_pipe(from);

			if (r < 0)
				return r;
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

	c->used = event_now();
	if (!c->connected) {
		if (getsockopt(c->side[1].fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
			return -ECONNREFUSED;
		c->connected = true;
	}
	for (unsigned int i = 0; i < 2 && r >= 0; i++) {
		r = tcp_move(&c->side[i], &c->side[!i]);
		tcp_give_pipe(&c->side[i]);
	}
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

/* What a kernel does not know of it is left out; small pieces are not ours to gather. */
static void tcp_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, TCP_KEEP_IDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL, TCP_KEEP_EACH },
		{ IPPROTO_TCP, TCP_KEEPCNT, TCP_KEEP_TRIES },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
				 sizeof(options[i].value));
}

static int tcp_side(struct forward_side *s, int fd)
{
	if (fd < 0)
		return -errno;
	s->fd = fd;
	tcp_options(fd);
	return 0;
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

/* An IPv6 client has a /64 to itself. */
static struct addr tcp_client(const struct sockaddr_storage *from)
{
	struct addr a = { .len = from->ss_family == AF_INET ? 4 : 16 };

	if (a.len == 4)
		memcpy(a.b, &((const struct sockaddr_in *)from)->sin_addr, 4);
	else
		memcpy(a.b, &((const struct sockaddr_in6 *)from)->sin6_addr, 8);
	return a;
}

/* The table is full: one of the client's that has most gives way, else the one that is silent for longest. */
static struct forward_conn *tcp_displaced(const struct forward *f, const struct addr *client)
{
	struct fair_seat seats[FORWARD_CONNS_MAX];
	struct forward_conn *by[FORWARD_CONNS_MAX], *oldest = NULL;
	unsigned int n = 0;
	int i;

	for (struct forward_conn *c = f->conns; c && n < FORWARD_CONNS_MAX; c = c->next) {
		seats[n] = (struct fair_seat){ .who = c->client, .since = c->used };
		by[n++] = c;
		oldest = !oldest || c->used < oldest->used ? c : oldest;
	}
	i = fair_choose(seats, n, NULL, client);
	if (i >= 0)
		return by[i];
	return oldest && event_now() - oldest->used >= FORWARD_IDLE_MS ? oldest : NULL;
}

static struct forward_conn *tcp_new(struct forward *f, const struct addr *client, bool full)
{
	struct forward_conn *c = NULL;

	if (full || f->n_conns >= FORWARD_CONNS_MAX) {
		c = tcp_displaced(f, client);
		if (!c)
			return NULL;
		tcp_close(c);
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct forward_conn){
		.next = f->conns, .f = f, .client = *client, .used = event_now()
	};
	for (unsigned int i = 0; i < 2; i++)
		c->side[i] = (struct forward_side){ .source = { .fd = -1, .ready = tcp_ready },
						    .conn = c,
						    .fd = -1,
						    .pipe = { -1, -1 } };
	f->conns = c;
	f->n_conns++;
	forward_sweep_soon(f);
	return c;
}

static void tcp_accept(struct forward_port *l, int fd, const struct sockaddr_storage *from)
{
	struct addr client = tcp_client(from);
	/* The lowest number that is free says how many are not, of all containers together. */
	struct forward_conn *c = tcp_new(l->f, &client, fd >= FORWARD_FD_MAX);

	if (!c)
		close(fd);
	else if (tcp_begin(l, c, fd) < 0)
		tcp_close(c);
}

void forward_tcp_ready(struct event_source *s, uint32_t events)
{
	struct forward_port *l = container_of(s, struct forward_port, source);

	(void)events;
	for (int i = 0; i < TCP_TURN; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		int fd = accept4(s->fd, (struct sockaddr *)&from, &len,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		tcp_accept(l, fd, &from);
	}
}

void forward_tcp_sweep(struct forward *f, uint64_t now)
{
	struct forward_conn *next;

	for (struct forward_conn *c = f->conns; c; c = next) {
		uint64_t silent = now - c->used;

		next = c->next;
		if ((!c->connected && silent >= FORWARD_CONNECT_MS) ||
		    ((c->side[0].ended || c->side[1].ended) && silent >= FORWARD_HALF_MS))
			tcp_close(c);
	}
}

void forward_tcp_end(struct forward *f)
{
	while (f->conns)
		tcp_close(f->conns);
	while (f->n_pipes) {
		f->n_pipes--;
		fd_close(&f->pipes[f->n_pipes][0]);
		fd_close(&f->pipes[f->n_pipes][1]);
	}
}
