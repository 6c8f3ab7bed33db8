/* SPDX-License-Identifier: MIT */
/* What forward.c, forward_tcp.c and forward_udp.c share. */
#ifndef INIT_FORWARD_PRIV_H
#define INIT_FORWARD_PRIV_H

#include <netinet/in.h>
#include <stdbool.h>

#include "core/port.h"
#include "init/forward.h"

#define FORWARD_PORTS_MAX 256	 /* sockets that listen for one container */
#define FORWARD_CONNS_MAX 128	 /* TCP connections of one container, two file descriptors each */
#define FORWARD_PIPES 4		 /* that are kept for what comes next; two descriptors each */
#define FORWARD_SESSIONS_MAX 128 /* UDP clients of one container */
#define FORWARD_FD_MAX 768 /* of the usual 1024; the others are for all else the supervisor does */
#define FORWARD_UDP_MS 60000	 /* a client that is silent this long is forgotten */
#define FORWARD_CONNECT_MS 10000 /* for the container to take a connection */
#define FORWARD_HALF_MS \
	120000 /* of silence when one side has ended its own: the kernel's FIN_WAIT */
#define FORWARD_IDLE_MS 60000 /* of silence, then it gives way where the table is full */
#define FORWARD_SWEEP_MS 5000
#define FORWARD_CHUNK (64 << 10) /* bytes passed on at a time: what a pipe holds */

/* One socket that listens. */
struct forward_port {
	struct event_source source;
	struct forward *f;
	struct sockaddr_storage to; /* in the container */
	socklen_t to_len;
	bool tcp, limited; /* limited: not on the wan side */
};

struct forward_conn;
struct forward_session;

struct forward {
	struct event_loop *loop;
	struct forward_port *ports;
	unsigned int n_ports, n_conns, n_sessions;
	struct forward_conn *conns;
	int pipes[FORWARD_PIPES][2]; /* empty ones */
	unsigned int n_pipes;
	struct forward_session *sessions; /* the last used one first */
	struct event_timer sweep;	  /* armed while there is a connection or a session */
};

/* A client is there. */
void forward_tcp_ready(struct event_source *s, uint32_t events);
void forward_udp_ready(struct event_source *s, uint32_t events);

void forward_tcp_end(struct forward *f);
void forward_udp_end(struct forward *f);

/* Ends those that have been silent for too long. */
void forward_tcp_sweep(struct forward *f, uint64_t now);
void forward_udp_sweep(struct forward *f, uint64_t now);

/* forward.c: there is a connection or a session. */
void forward_sweep_soon(struct forward *f);

#endif
