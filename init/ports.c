// SPDX-License-Identifier: MIT
/*
 * Which containers' ports the supervisor forwards itself: those of running ones, where the kernel has no
 * nf_tables or this build does not use it, and those at ::1. Runs in the loop.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>

#include "core/lease.h"
#include "core/lib/netlink.h"
#include "core/manifest.h"
#include "core/port.h"
#include "core/publish.h"
#include "init/forward.h"
#include "init/sup.h"

/* Asked once: the kernel does not change. */
static bool ports_by_kernel(struct sup *s)
{
	s->ports.by_kernel = s->ports.asked ? s->ports.by_kernel : rules_usable();
	s->ports.asked = true;
	return s->ports.by_kernel;
}

static int ports_link(const struct netlink_msg *m UNUSED, void *arg UNUSED)
{
	return 0;
}

/* Rules lead all of its ports. */
static bool ports_have_rules(const struct spec *s)
{
	struct port p;

	for (unsigned int i = 0; i < s->publish.n; i++)
		if (port_parse(s->publish.v[i], &p, NULL) < 0 || !port_has_rules(&p))
			return false;
	return true;
}

/* An interface that is wan may have come only now, with a number that is not known yet. */
static void ports_ready(struct event_source *source, uint32_t events)
{
	struct sup *s = container_of(source, struct sup, ports.source);

	(void)events;
	netlink_receive(&s->ports.netlink, ports_link, NULL);
	ports_reload(s);
}

static int ports_watch(struct sup *s, struct err *e)
{
	int r = 0;

	if (s->ports.manifest)
		return 0;
	/* Not an on-demand supervisor's own, but what is wan holds for whatever the device runs. */
	s->ports.own.brief = true;
	if (s->on_demand)
		r = manifest_load(&s->ports.own, e);
	if (r < 0 && r != -ENOENT)
		return r;
	s->ports.source = (struct event_source){ .fd = -1, .ready = ports_ready };
	r = netlink_open(&s->ports.netlink, NETLINK_ROUTE, -1, e);
	if (r >= 0)
		r = netlink_join(&s->ports.netlink, RTNLGRP_LINK, e);
	if (r < 0) {
		netlink_close(&s->ports.netlink);
		return r;
	}
	s->ports.source.fd = s->ports.netlink.fd;
	/* Known from here on: without it nothing is opened, for it would be open on the wan side. */
	s->ports.manifest = s->on_demand ? &s->ports.own : &s->manifest;
	return event_add(&s->loop, &s->ports.source, EPOLLIN);
}

void ports_start(struct ctr *c)
{
	struct net_link links[LAUNCH_NETS_MAX];
	struct err e = { 0 };
	struct rules_ctr r;
	unsigned int n;
	bool rules;
	int code;

	if (!c->spec->publish.n || c->forward)
		return;
	rules = ports_by_kernel(c->sup);
	if (rules && ports_have_rules(c->spec))
		return;
	code = ports_watch(c->sup, &e);
	n = lease_of(c->spec->name, links, LAUNCH_NETS_MAX);
	for (unsigned int i = 0; code >= 0 && i < n && !c->forward; i++)
		if (publish_ctr(c->spec, &links[i], &r))
			code = forward_open(&c->sup->loop, &r, &c->sup->ports.manifest->system.wan,
					    rules, &c->forward, &e);
	if (code < 0)
		sup_say(c->spec->name, "its ports are not open: %s", e.msg);
}

void ports_open(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->state == SUP_RUNNING)
			ports_start(c);
}

void ports_reload(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->forward)
			forward_links(c->forward, &s->ports.manifest->system.wan);
}

void ports_stop(struct ctr *c)
{
	forward_close(c->forward);
	c->forward = NULL;
}
