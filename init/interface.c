// SPDX-License-Identifier: MIT
/*
 * [interface NAME] of the manifest: the device's own interfaces, set up once as PID 1 boots, before any
 * container. One that fails is said on the console, and the boot goes on. What no section names is left
 * alone.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "core/lib/event.h"
#include "core/lib/link.h"
#include "init/sup.h"

#define INTERFACE_WAIT_MS 5000 /* for all of the hardware to be found */

/* A VLAN is made; hardware may take its time to appear, up to end. */
static int interface_find(struct netlink *n, const struct iface_spec *i, uint64_t end,
			  struct link *l, struct err *e)
{
	const char *name = i->section.name;
	struct link parent;
	int r;

	while ((r = link_get(n, i->vlan ? i->parent : name, &parent, e)) == -ENODEV &&
	       event_now() < end)
		usleep(50000);
	if (r == -ENODEV)
		return err_set(e, ENODEV, "%s: there is no such interface",
			       i->vlan ? i->parent : name);
	if (r < 0 || !i->vlan) {
		*l = parent;
		return r;
	}
	r = link_get(n, name, l, e);
	if (r != -ENODEV)
		return r;
	/* Nobody may have a section for what only carries VLANs. */
	r = link_bring_up(n, &parent, e);
	if (r < 0)
		return r;
	r = link_make_vlan(n, name, parent.index, (unsigned int)i->vlan, "myctr interface", e);
	return r < 0 ? r : link_get(n, name, l, e);
}

static int interface_set(struct netlink *n, const struct iface_spec *i, int index, struct err *e)
{
	struct netlink_req r = NETLINK_REQ_HEAP;
	struct addr a;
	int ret;

	if (i->mtu) {
		link_begin(&r, RTM_NEWLINK, 0, index, NULL, false, "setting the MTU");
		netlink_put_u32(&r, IFLA_MTU, (uint32_t)i->mtu);
	}
	for (unsigned int k = 0; k < i->address.n; k++)
		if (addr_parse_prefix(i->address.v[k], &a) == 0)
			link_put_address(&r, index, &a, false);
	link_begin(&r, RTM_NEWLINK, 0, index, NULL, i->up, "bringing it up");
	for (unsigned int k = 0; k < i->gateway.n; k++)
		if (addr_parse(i->gateway.v[k], &a) == 0)
			link_put_route(&r, index, &a);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, index, NULL, false, "looking at it");
	ret = netlink_talk(n, &r, NULL, NULL, e);
	netlink_req_free(&r);
	return ret;
}

void interface_up_all(const struct manifest *m)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	uint64_t end = event_now() + INTERFACE_WAIT_MS;
	const struct section *s = m->sections[SECTION_INTERFACE];
	struct err e = { 0 };
	struct link l;

	if (s && netlink_open(&n, NETLINK_ROUTE, -1, &e) < 0) {
		sup_say(s->name, "%s", e.msg);
		return;
	}
	for (; s; s = s->next) {
		const struct iface_spec *i = container_of(s, const struct iface_spec, section);

		if (interface_find(&n, i, end, &l, &e) < 0 || interface_set(&n, i, l.index, &e) < 0)
			sup_say(s->name, "%s", e.msg);
		e = (struct err){ 0 };
	}
}
