/* SPDX-License-Identifier: MIT */
/*
 * Queries over TCP (RFC 7766): one at a time on each connection. A reply from another server is checked by
 * its beginning and handed on as it comes, so that no buffer has to hold 64 KiB. Runs in the supervisor's
 * loop; the table is fixed, and who is slow or silent loses the connection.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/lib/fd.h"
#include "core/lib/sys.h"
#include "init/dns.h"

static void tcp_client(struct event_source *s, uint32_t events);
static void tcp_server(struct event_source *s, uint32_t events);
static void tcp_next(struct dns_conn *c);

static struct event_loop *tcp_loop(const struct dns_conn *c)
{
	return &c->dns->sup->loop;
}

static void tcp_drop(struct dns_conn *c, struct event_source *s)
{
	int fd = event_remove(tcp_loop(c), s);

	fd_close(&fd);
}

static void tcp_end(struct dns_conn *c)
{
	tcp_drop(c, &c->client);
	tcp_drop(c, &c->up);
	event_timer_clear(tcp_loop(c), &c->timer);
	c->net = NULL;
}

/* What is waited for now: the client's bytes, or room for ours. */
static void tcp_phase(struct dns_conn *c, enum dns_phase phase, uint64_t ms)
{
	c->phase = phase;
	event_change(tcp_loop(c), &c->client,
		     phase == DNS_READING   ? EPOLLIN
		     : phase == DNS_WRITING ? EPOLLOUT
					    : 0);
	event_timer_set(tcp_loop(c), &c->timer, ms);
}

static void tcp_read_again(struct dns_conn *c)
{
	tcp_drop(c, &c->up);
	c->query_len = c->have = c->done = c->left = 0;
	tcp_phase(c, DNS_READING, DNS_IDLE_MS);
}

/* Writes what is in buf. True when all of it is gone. */
static bool tcp_flush(struct dns_conn *c)
{
	ssize_t n = send(c->client.fd, c->buf + c->done, c->have - c->done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		tcp_end(c);
		return false;
	}
	c->done += n > 0 ? (size_t)n : 0;
	if (c->done < c->have) {
		tcp_phase(c, DNS_WRITING, DNS_IDLE_MS);
		return false;
	}
	c->have = c->done = 0;
	return true;
}

/* A whole message of ours of len bytes is in buf behind its length. */
static void tcp_send(struct dns_conn *c, size_t len)
{
	c->buf[0] = (uint8_t)(len >> 8);
	c->buf[1] = (uint8_t)len;
	c->have = len + 2;
	c->done = c->left = 0;
	tcp_drop(c, &c->up);
	if (tcp_flush(c))
		tcp_read_again(c);
}

static void tcp_fail(struct dns_conn *c)
{
	tcp_send(c, dns_answer_rcode(c->buf + 2, DNS_QUERY, c->query + 2, &c->q, DNS_SERVFAIL));
}

/* ---- the server ------------------------------------------------------------------------------------ */

static int tcp_connect(struct dns_conn *c, const union dns_peer *server)
{
	int fd = socket(server->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	c->up = (struct event_source){ .fd = fd, .ready = tcp_server };
	if ((connect(fd, &server->sa, dns_peer_size(server)) == 0 || errno == EINPROGRESS) &&
	    event_add(tcp_loop(c), &c->up, EPOLLOUT) == 0 && sys_random(&c->id, sizeof(c->id)) >= 0)
		return 0;
	tcp_drop(c, &c->up);
	return -ECONNREFUSED;
}

static void tcp_next(struct dns_conn *c)
{
	const union dns_peer *server;

	tcp_drop(c, &c->up);
	c->have = c->done = 0;
	c->sent = false;
	for (; (server = dns_server(c->dns, &c->servers, c->tries)) != NULL; c->tries++) {
		if (c->tries >= c->servers.n)
			break;
		if (tcp_connect(c, server) == 0) {
			tcp_phase(c, DNS_ASKING, DNS_TRY_MS * 2);
			return;
		}
	}
	tcp_fail(c);
}

static void tcp_skip(struct dns_conn *c)
{
	c->tries++;
	tcp_next(c);
}

/* A query fits into an empty socket buffer, or something is very wrong. */
static void tcp_ask(struct dns_conn *c)
{
	uint8_t msg[2 + DNS_QUERY];

	memcpy(msg, c->query, c->query_len);
	dns_set_id(msg + 2, c->id);
	if (send(c->up.fd, msg, c->query_len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)c->query_len) {
		tcp_skip(c);
		return;
	}
	c->sent = true;
	event_change(tcp_loop(c), &c->up, EPOLLIN);
}

/* A piece of the reply is in buf: off with it, then the next piece or the next query. */
static void tcp_handed_on(struct dns_conn *c)
{
	if (!tcp_flush(c))
		return;
	if (c->left == 0)
		tcp_read_again(c);
	else
		tcp_phase(c, DNS_RELAYING, DNS_IDLE_MS);
}

/* Enough of the reply is there to see whether it is one. */
static void tcp_check(struct dns_conn *c)
{
	size_t len = (size_t)c->buf[0] << 8 | c->buf[1];

	if (len < c->q.end ||
	    !dns_is_reply(c->buf + 2, c->have - 2, c->id, c->query + 2, c->q.end)) {
		tcp_skip(c);
		return;
	}
	dns_server_good(c->dns, &c->servers, c->tries);
	dns_set_id(c->buf + 2, c->q.id);
	/* What follows the message is none of it. */
	if (c->have > len + 2)
		c->have = len + 2;
	c->left = len + 2 - c->have;
	c->phase = DNS_RELAYING;
	tcp_handed_on(c);
}

static void tcp_relay(struct dns_conn *c)
{
	ssize_t n = recv(c->up.fd, c->buf, min_u64(c->left, sizeof(c->buf)), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_end(c);
		return;
	}
	c->have = (size_t)n;
	c->left -= (size_t)n;
	tcp_handed_on(c);
}

static void tcp_collect(struct dns_conn *c)
{
	ssize_t n = recv(c->up.fd, c->buf + c->have, sizeof(c->buf) - c->have, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_skip(c);
		return;
	}
	c->have += (size_t)n;
	if (c->have >= 2 + c->q.end)
		tcp_check(c);
}

static void tcp_server(struct event_source *s, uint32_t events)
{
	struct dns_conn *c = container_of(s, struct dns_conn, up);

	if (c->phase == DNS_WRITING) {
		/*
		 * The client has not taken the last piece yet: one thing after the other. Not watched at
		 * all, as a hang-up is told whatever is asked for, and again at once.
		 */
		s->fd = event_remove(tcp_loop(c), s);
		return;
	}
	if (!c->sent && (events & (EPOLLERR | EPOLLHUP)))
		tcp_skip(c);
	else if (!c->sent)
		tcp_ask(c);
	else if (c->phase == DNS_RELAYING)
		tcp_relay(c);
	else
		tcp_collect(c);
}

/* ---- the client ------------------------------------------------------------------------------------ */

static void tcp_query(struct dns_conn *c, size_t len)
{
	bool drop;
	size_t n;

	memcpy(c->buf + 2, c->query + 2, len);
	n = dns_answer_here(c->dns, c->net, &c->peer, &c->q, c->buf + 2, len, sizeof(c->buf) - 2,
			    false, &drop);
	if (drop) {
		tcp_end(c);
		return;
	}
	if (n) {
		tcp_send(c, n);
		return;
	}
	c->tries = 0;
	dns_servers_for(c->dns, c->net, &c->peer, &c->servers);
	tcp_next(c);
}

static void tcp_read(struct dns_conn *c)
{
	size_t want = c->query_len < 2 ? 2 : 2 + ((size_t)c->query[0] << 8 | c->query[1]);
	ssize_t n;

	if (want > sizeof(c->query)) {
		tcp_end(c);
		return;
	}
	n = recv(c->client.fd, c->query + c->query_len, want - c->query_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_end(c);
		return;
	}
	c->query_len += (size_t)n;
	if (c->query_len < want || want == 2)
		return;
	tcp_query(c, want - 2);
}

static void tcp_client(struct event_source *s, uint32_t events)
{
	struct dns_conn *c = container_of(s, struct dns_conn, client);

	if (c->phase == DNS_READING) {
		tcp_read(c);
		return;
	}
	if (c->phase != DNS_WRITING || (events & (EPOLLERR | EPOLLHUP))) {
		tcp_end(c);
		return;
	}
	tcp_handed_on(c);
	/* It is there still (EEXIST) where the server was silent meanwhile. */
	if (c->phase == DNS_RELAYING)
		event_add(tcp_loop(c), &c->up, EPOLLIN);
}

static void tcp_late(struct event_timer *t)
{
	struct dns_conn *c = container_of(t, struct dns_conn, timer);

	if (c->phase == DNS_ASKING)
		tcp_skip(c);
	else
		tcp_end(c);
}

static struct dns_conn *tcp_displace(struct dns *d, const struct fair_seat *seat)
{
	struct fair_seat seats[DNS_CONNS];
	int i;

	for (i = 0; i < DNS_CONNS; i++)
		seats[i] = d->conns[i].seat;
	i = fair_choose(seats, DNS_CONNS, seat->group, &seat->who);
	if (i < 0)
		return NULL;
	tcp_end(&d->conns[i]);
	return &d->conns[i];
}

static struct dns_conn *tcp_row(struct dns *d, const struct fair_seat *seat)
{
	struct dns_conn *row = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < DNS_CONNS; i++) {
		struct dns_conn *c = &d->conns[i];

		if (c->net)
			n += c->net == seat->group && addr_same(&c->seat.who, &seat->who);
		else
			row = c;
	}
	if (n >= DNS_CONNS_EACH)
		return NULL;
	return row ? row : tcp_displace(d, seat);
}

void dns_tcp_accept(struct event_source *source, uint32_t events)
{
	struct dns_socket *s = container_of(source, struct dns_socket, tcp);
	struct dns *d = s->net->dns;
	union dns_peer peer = { .sa.sa_family = AF_UNSPEC };
	socklen_t size = sizeof(peer);
	AUTO_FD int fd = accept4(source->fd, &peer.sa, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct fair_seat seat;
	struct dns_conn *c;

	(void)events;
	if (fd < 0)
		return;
	seat = dns_seat(d, s->net, &peer);
	c = tcp_row(d, &seat);
	if (!c)
		return;
	c->seat = seat;
	c->dns = d;
	c->net = s->net;
	c->peer = peer;
	c->up = (struct event_source){ .fd = -1 };
	c->timer.expired = tcp_late;
	c->client = (struct event_source){ .fd = fd, .ready = tcp_client };
	if (event_add(&d->sup->loop, &c->client, EPOLLIN) < 0) {
		c->net = NULL;
		return;
	}
	fd_take(&fd);
	tcp_read_again(c);
}

void dns_tcp_forget(struct dns *d, const struct dns_net *net)
{
	for (unsigned int i = 0; i < DNS_CONNS; i++)
		if (d->conns[i].net == net)
			tcp_end(&d->conns[i]);
}
