/* SPDX-License-Identifier: MIT */
/*
 * The responder: answers containers on the gateway addresses of their bridges. Part of the supervisor's loop:
 * nothing here blocks, every table is fixed, and the only memory that is taken later is for the list of
 * names when it grows.
 *
 *	dns.c        which networks, their sockets, one query over UDP
 *	dns_names.c  who has which name
 *	dns_ask.c    what is not known here, over UDP
 *	dns_tcp.c    connections, and questions that go on over TCP
 *	dns_hosts.c  whom to ask
 */
#ifndef INIT_DNS_H
#define INIT_DNS_H

#include <netinet/in.h>
#include <time.h>

#include "core/lib/dns.h"
#include "core/lib/netlink.h"
#include "core/network.h"
#include "init/fair.h"
#include "init/sup.h"

#define DNS_NETS 32
#define DNS_SERVERS 8	 /* of one list of upstreams */
#define DNS_QUERY 512	 /* bytes of a query; longer ones are refused */
#define DNS_ASKS 64	 /* questions under way over UDP */
#define DNS_ASKS_EACH 16 /* of these, from one container; from all that are none, together */
#define DNS_CONNS 16	 /* TCP connections of containers */
#define DNS_CONNS_EACH 4 /* of these, likewise */
#define DNS_TRIES 4 /* servers asked before giving up, the same one again where there is only one */
#define DNS_TRY_MS 1100	  /* for each: all of them take less than the 5 s a resolver waits */
#define DNS_IDLE_MS 10000 /* a connection on which nothing happens */
#define DNS_TTL 5	  /* s */
#define DNS_ADDRS 16	  /* in one answer */
#define DNS_BURST 64	  /* datagrams taken in a row; then others have their turn */
#define DNS_PAUSE_MS 5

struct dns;

/* An address and, for fe80::, where it is. */
union dns_peer {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct dns_servers {
	union dns_peer v[DNS_SERVERS];
	unsigned int n;
	bool host; /* the device's own list: the one that answered last comes first */
};

/* One socket pair: a network has one for each of its gateway addresses. */
struct dns_socket {
	struct event_source udp, tcp;
	struct event_timer pause;
	struct dns_net *net;
	struct addr addr;
};

struct dns_net {
	struct dns *dns;
	char name[SPEC_NAME_MAX + 1];
	char bridge[NET_IFNAME];
	unsigned int ifindex; /* the sockets are bound to; 0 none */
	struct addr subnet[2];
	bool isolate, internal;
	struct dns_servers servers; /* .n 0: the device's */
	struct dns_socket sockets[2];
};

/* A question that went on over UDP. Free while .from is NULL. */
struct dns_ask {
	struct event_source up; /* the socket to the server that is asked now */
	struct event_timer timer;
	struct dns_socket *from;
	struct fair_seat seat;
	union dns_peer client;
	struct dns_servers servers;
	unsigned int tries;
	uint16_t id; /* ours */
	struct dns_question q;
	size_t len;
	uint8_t query[DNS_QUERY]; /* as it came */
};

enum dns_phase { DNS_READING, DNS_ASKING, DNS_RELAYING, DNS_WRITING };

/* A connection of a container. Free while .net is NULL. */
struct dns_conn {
	struct event_source client, up;
	struct event_timer timer;
	struct dns *dns;
	struct dns_net *net;
	struct fair_seat seat;
	union dns_peer peer;
	struct dns_servers servers;
	enum dns_phase phase;
	unsigned int tries;
	bool sent;   /* the query, to the server */
	size_t left; /* bytes of the reply that are still to come from the server */
	uint16_t id;
	struct dns_question q;
	size_t query_len;
	uint8_t query[2 + DNS_QUERY];
	size_t have, done; /* bytes in buf, of these handed on */
	uint8_t buf[2048];
};

struct dns_entry {
	const char *container, *network;
	const char *const *aliases; /* NULL-terminated */
	struct addr addr[2];
	bool up;
};

struct dns {
	struct sup *sup;
	struct manifest *own; /* of a supervisor that was started for one command, which reads none */
	struct netlink links;
	struct event_source watch;
	struct dns_net nets[DNS_NETS];
	unsigned int n_nets;

	struct arena names; /* owns entries */
	struct dns_entry *entries;
	unsigned int n_entries, room;
	struct timespec names_changed; /* of the file they are from */
	uint64_t names_read;	       /* event_now() */

	struct dns_servers host;
	struct timespec host_changed;
	uint64_t host_looked; /* event_now() of the last look; 0 never */
	unsigned int first;   /* of the device's servers, the one to begin with */

	struct dns_ask asks[DNS_ASKS];
	struct dns_conn conns[DNS_CONNS];
};

/* The address of a peer, without its port. */
struct addr dns_addr_of(const union dns_peer *p);

/* Whose row of a table it is: an address that no container has is as good as any other such. */
struct fair_seat dns_seat(struct dns *d, const struct dns_net *net, const union dns_peer *p);

/* dns_names.c: what is to be said of q, asked by from on net. */
enum dns_verdict {
	DNS_FORWARD, /* it is nobody's here */
	DNS_LOCAL,   /* addrs (may be none: NODATA) or ptr */
	DNS_UNKNOWN, /* NXDOMAIN */
};
struct dns_result {
	struct addr addrs[DNS_ADDRS];
	unsigned int n;
	char ptr[DNS_NAME];
};
enum dns_verdict dns_names_find(struct dns *d, const struct dns_net *net, const struct addr *from,
				const struct dns_question *q, struct dns_result *r);
/* The container that has this address on net, or NULL. Valid until the next call of these two. */
const char *dns_names_who(struct dns *d, const struct dns_net *net, const struct addr *from);

/*
 * dns.c: writes the answer over query, which has room for size bytes; 0 when it has to be asked for elsewhere, and when
 * nothing is to be said: then *drop.
 */
size_t dns_answer_here(struct dns *d, struct dns_net *net, const union dns_peer *from,
		       struct dns_question *q, uint8_t *query, size_t len, size_t size, bool udp,
		       bool *drop);
/* Only a header, the question and an rcode. */
size_t dns_answer_rcode(uint8_t *msg, size_t size, const uint8_t *query,
			const struct dns_question *q, int rcode);

/* dns_hosts.c: whom to ask for what from asks on net. */
void dns_servers_for(struct dns *d, const struct dns_net *net, const union dns_peer *from,
		     struct dns_servers *out);
void dns_servers_parse(struct dns_servers *out, const struct strv *words);
/* Number try of them, or NULL. */
const union dns_peer *dns_server(const struct dns *d, const struct dns_servers *s,
				 unsigned int tries);
/* This try was answered, or was not. */
void dns_server_good(struct dns *d, const struct dns_servers *s, unsigned int tries);
socklen_t dns_peer_size(const union dns_peer *p);

/* dns_ask.c */
void dns_ask(struct dns *d, struct dns_socket *from, const union dns_peer *client,
	     const struct dns_question *q, const uint8_t *query, size_t len);
/* Forgets what was asked for through this socket. */
void dns_ask_forget(struct dns *d, const struct dns_socket *from);

/* dns_tcp.c */
void dns_tcp_accept(struct event_source *s, uint32_t events);
void dns_tcp_forget(struct dns *d, const struct dns_net *net);

#endif
