// SPDX-License-Identifier: MIT
/*
 * Keeps the packet filter's rules: another program that flushes the ruleset takes ours with it, so the
 * supervisor listens to what changes in nf_tables and makes its table anew. Runs in the loop. Must never
 * answer to our own changes, nor fight for ever with somebody who means it: the pauses get longer.
 */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lease.h"
#include "core/publish.h"
#include "core/rules_table.h"
#include "init/sup.h"

#define GUARD_MS 1000	       /* between two rebuilds; the first one is at once */
#define GUARD_MS_MAX 60000     /* after many in a row */
#define GUARD_CALM_MS 30000    /* without any the pauses are short again */
#define GUARD_BUFFER (1 << 20) /* a flush of many rules is many notifications */

static const struct manifest *guard_manifest(const struct sup *s)
{
	return s->on_demand ? NULL : &s->manifest;
}

static int guard_is_up(const struct net_link *l, void *arg)
{
	*(bool *)arg |= l->up && l->kind == NET_BRIDGE;
	return 0;
}

/* Nobody's kernel is asked to load nf_tables for nothing. */
static bool guard_needed(void)
{
	bool needed = false;

	lease_each(NULL, guard_is_up, &needed);
	return needed;
}

static void guard_rebuild(struct sup *s)
{
	struct err e = { 0 };

	s->guard.at = event_now();
	if (guard_needed() && publish_rebuild(guard_manifest(s), &e) < 0 &&
	    e.code != EPROTONOSUPPORT)
		sup_say(NULL, "%s", e.msg);
}

static void guard_expired(struct event_timer *t)
{
	guard_rebuild(container_of(t, struct sup, guard.timer));
}

static void guard_soon(struct sup *s)
{
	uint64_t now = event_now(), since = now - s->guard.at;

	if (s->guard.timer.at)
		return;
	if (since > GUARD_CALM_MS + s->guard.pause)
		s->guard.pause = 0;
	event_timer_set(&s->loop, &s->guard.timer,
			since < s->guard.pause ? s->guard.pause - since : 0);
	s->guard.pause = s->guard.pause ? min_u64(2 * s->guard.pause, GUARD_MS_MAX) : GUARD_MS;
}

/* By number, or by name: a launcher, the command line. Numbers differ where we are in a pid namespace. */
static bool guard_is_ours(const struct nft_watch *w)
{
	char comm[17] = "";

	prctl(PR_GET_NAME, comm);
	return w->pid == (uint32_t)getpid() || strcmp(w->comm, comm) == 0 ||
	       strcmp(w->comm, "myctr") == 0;
}

static int guard_note(const struct netlink_msg *m, void *arg)
{
	struct sup *s = arg;
	struct nft_watch *w = &s->guard.watch;
	char name[64];

	if (!nft_watch_read(w, m))
		return 0;
	if (!guard_is_ours(w) && !s->guard.timer.at) {
		sup_say(NULL, "rules: %s (process %u) changed our table; making it anew",
			str_escape(name, sizeof(name), w->comm, strlen(w->comm)), w->pid);
		guard_soon(s);
	}
	nft_watch_next(w);
	return 0;
}

static void guard_ready(struct event_source *source, uint32_t events)
{
	struct sup *s = container_of(source, struct sup, guard.source);
	int r = netlink_receive(&s->guard.netlink, guard_note, s);

	(void)events;
	if (r >= 0)
		return;
	/* Some were lost; one of them may have been of a flush. */
	nft_watch_next(&s->guard.watch);
	guard_soon(s);
}

void guard_reload(struct sup *s)
{
	if (s->guard.source.fd >= 0)
		guard_rebuild(s);
}

void guard_open(struct sup *s)
{
	struct netlink *n = &s->guard.netlink;
	int size = GUARD_BUFFER;

	s->guard.watch.table = RULES_TABLE;
	s->guard.timer.expired = guard_expired;
	s->guard.source = (struct event_source){ .fd = -1, .ready = guard_ready };
	if (netlink_open(n, NETLINK_NETFILTER, -1, NULL) < 0)
		return; /* no nf_tables */
	(void)setsockopt(n->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (netlink_join(n, NFNLGRP_NFTABLES, NULL) < 0) {
		netlink_close(n);
		return;
	}
	s->guard.source.fd = n->fd;
	event_add(&s->loop, &s->guard.source, EPOLLIN);
	guard_rebuild(s);
}
