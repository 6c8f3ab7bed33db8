/* SPDX-License-Identifier: MIT */
/*
 * Questions that go on to another server over UDP. Each has a socket of its own, connected to the server
 * that is asked: the kernel takes a port nobody can guess, and lets nobody else's datagrams in. With our
 * own id and the question looked at, whoever wants to slip in an answer has to guess all of it. Runs in the
 * supervisor's loop; the table is fixed.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/sys.h"
#include "init/dns.h"

#define ASK_REPLY 4096 /* bytes of a reply; what is longer is asked for over TCP */

static struct dns *ask_dns(const struct dns_ask *a)
{
	return a->from->net->dns;
}

static void ask_end(struct dns_ask *a)
{
	struct event_loop *l = &ask_dns(a)->sup->loop;
	int fd = event_remove(l, &a->up);

	fd_close(&fd);
	event_timer_clear(l, &a->timer);
	a->from = NULL;
}

static void ask_reply(struct dns_ask *a, const uint8_t *msg, size_t len)
{
	sendto(a->from->udp.fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL, &a->client.sa,
	       dns_peer_size(&a->client));
	ask_end(a);
}

static void ask_fail(struct dns_ask *a)
{
	uint8_t msg[DNS_QUERY];

	ask_reply(a, msg, dns_answer_rcode(msg, sizeof(msg), a->query, &a->q, DNS_SERVFAIL));
}

static void ask_ready(struct event_source *s, uint32_t events);

static int ask_socket(struct dns_ask *a, const union dns_peer *server)
{
	int fd = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = 0;

	if (fd < 0)
		return -errno;
	a->up = (struct event_source){ .fd = fd, .ready = ask_ready };
	if (connect(fd, &server->sa, dns_peer_size(server)) < 0)
		r = -errno;
	if (r == 0)
		r = event_add(&ask_dns(a)->sup->loop, &a->up, EPOLLIN);
	if (r == 0)
		r = sys_random(&a->id, sizeof(a->id));
	if (r >= 0)
		return 0;
	event_remove(&ask_dns(a)->sup->loop, &a->up);
	close(fd);
	return r;
}

static int ask_send(struct dns_ask *a)
{
	uint8_t msg[DNS_QUERY];

	memcpy(msg, a->query, a->len);
	dns_set_id(msg, a->id);
	return send(a->up.fd, msg, a->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Asks the next server, or the only one again, which may then still answer the first time it was asked. */
static void ask_next(struct dns_ask *a)
{
	struct event_loop *l = &ask_dns(a)->sup->loop;
	const union dns_peer *server;

	while ((server = dns_server(ask_dns(a), &a->servers, a->tries)) != NULL) {
		if (a->up.fd >= 0 && a->servers.n > 1) {
			int fd = event_remove(l, &a->up);

			fd_close(&fd);
		}
		if ((a->up.fd >= 0 || ask_socket(a, server) == 0) && ask_send(a) == 0) {
			event_timer_set(l, &a->timer, DNS_TRY_MS);
			return;
		}
		a->tries++;
	}
	ask_fail(a);
}

static void ask_late(struct event_timer *t)
{
	struct dns_ask *a = container_of(t, struct dns_ask, timer);

	a->tries++;
	ask_next(a);
}

/* It does not want to or cannot; another one may. */
static bool ask_is_refusal(const struct dns_ask *a, const uint8_t *msg)
{
	int rcode = dns_rcode(msg);

	return (rcode == DNS_SERVFAIL || rcode == DNS_REFUSED || rcode == DNS_NOTIMP) &&
	       a->tries + 1 < a->servers.n && a->tries + 1 < DNS_TRIES;
}

static void ask_take(struct dns_ask *a, uint8_t *msg, size_t len, bool cut)
{
	struct dns_answer short_one;

	if (!dns_is_reply(msg, len, a->id, a->query, a->q.end))
		return;
	if (ask_is_refusal(a, msg)) {
		a->tries++;
		ask_next(a);
		return;
	}
	dns_server_good(ask_dns(a), &a->servers, a->tries);
	if (cut || len > a->q.udp) {
		dns_begin(&short_one, msg, ASK_REPLY, a->query, &a->q, DNS_OK, false);
		dns_cut(&short_one);
		len = dns_end(&short_one);
	}
	dns_set_id(msg, a->q.id);
	ask_reply(a, msg, len);
}

static void ask_ready(struct event_source *s, uint32_t events)
{
	struct dns_ask *a = container_of(s, struct dns_ask, up);
	uint8_t msg[ASK_REPLY];
	ssize_t n = recv(s->fd, msg, sizeof(msg), MSG_DONTWAIT | MSG_TRUNC);

	(void)events;
	if (n >= 0) {
		ask_take(a, msg, min_u64((size_t)n, sizeof(msg)), (size_t)n > sizeof(msg));
	} else if (errno != EAGAIN && errno != EINTR) {
		/* Nobody is there (ICMP). The only one is not asked over and over for that. */
		a->tries = a->servers.n > 1 ? a->tries + 1 : DNS_TRIES;
		ask_next(a);
	}
}

static bool ask_is_again(const struct dns_ask *a, const union dns_peer *client, uint16_t id)
{
	struct addr x = dns_addr_of(&a->client), y = dns_addr_of(client);

	return a->q.id == id && addr_same(&x, &y) && a->client.v4.sin_port == client->v4.sin_port;
}

/* A row of a full table that has to give way. */
static struct dns_ask *ask_displace(struct dns *d, const struct fair_seat *seat)
{
	struct fair_seat seats[DNS_ASKS];
	int i;

	for (i = 0; i < DNS_ASKS; i++)
		seats[i] = d->asks[i].seat;
	i = fair_choose(seats, DNS_ASKS, seat->group, &seat->who);
	if (i < 0)
		return NULL;
	ask_fail(&d->asks[i]);
	return &d->asks[i];
}

/* A row for this client; NULL when there is none, too many are its own, or (*again) it only repeats itself. */
static struct dns_ask *ask_row(struct dns *d, const union dns_peer *client,
			       const struct fair_seat *seat, uint16_t id, bool *again)
{
	struct dns_ask *row = NULL;
	unsigned int n = 0;

	*again = false;
	for (unsigned int i = 0; i < DNS_ASKS; i++) {
		struct dns_ask *a = &d->asks[i];

		if (!a->from) {
			row = a;
			continue;
		}
		n += a->seat.group == seat->group && addr_same(&a->seat.who, &seat->who);
		*again |= ask_is_again(a, client, id);
	}
	if (*again || n >= DNS_ASKS_EACH)
		return NULL;
	return row ? row : ask_displace(d, seat);
}

void dns_ask(struct dns *d, struct dns_socket *from, const union dns_peer *client,
	     const struct dns_question *q, const uint8_t *query, size_t len)
{
	bool again;
	struct fair_seat seat = dns_seat(d, from->net, client);
	struct dns_ask *a = ask_row(d, client, &seat, q->id, &again);
	uint8_t msg[DNS_QUERY];

	if (again)
		return;
	if (!a) {
		len = dns_answer_rcode(msg, sizeof(msg), query, q, DNS_SERVFAIL);
		sendto(from->udp.fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL, &client->sa,
		       dns_peer_size(client));
		return;
	}
	a->from = from;
	a->seat = seat;
	a->up.fd = -1;
	a->client = *client;
	a->tries = 0;
	a->q = *q;
	a->len = len;
	a->timer.expired = ask_late;
	memcpy(a->query, query, len);
	dns_servers_for(d, from->net, client, &a->servers);
	ask_next(a);
}

void dns_ask_forget(struct dns *d, const struct dns_socket *from)
{
	for (unsigned int i = 0; i < DNS_ASKS; i++)
		if (d->asks[i].from == from)
			ask_end(&d->asks[i]);
}
