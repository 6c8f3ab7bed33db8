// SPDX-License-Identifier: MIT
/*
 * kind = phys: an interface of the device itself is moved into the container. The kernel gives it back when
 * the container's namespace ends, however that came about; here its name and alias are put right. Runs in
 * a launcher, down() in the supervisor, too. Must never move a virtual link, which would end with the
 * namespace.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/str.h"
#include "drivers/net/link.h"

#define PHYS_WAIT_MS 2000 /* the end of the namespace it was in takes the kernel a moment */

/* The interface under its name; or under another, which the kernel gave it when its own was taken. */
struct phys {
	const char *alias;
	int index;
};

static int phys_look(const struct netlink_msg *m, void *arg)
{
	struct phys *p = arg;
	struct netlink_attr a;
	struct ifinfomsg ifi;
	char alias[160];
	size_t left;
	const uint8_t *at = netlink_attrs(m, &ifi, sizeof(ifi), &left);

	if (m->type != RTM_NEWLINK || !netlink_find(at, left, IFLA_IFALIAS, 1, &a))
		return 0;
	netlink_text(&a, alias, sizeof(alias));
	if (strcmp(alias, p->alias) == 0)
		p->index = ifi.ifi_index;
	return 0;
}

/* One that came back with another name gets its own again. */
static int phys_rename(struct netlink *n, const struct net_link *l)
{
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);
	struct ifinfomsg all = { 0 };
	char alias[LINK_ALIAS];
	struct phys p = { .alias = link_alias(alias, sizeof(alias), l->container, l->network) };

	netlink_begin(&r, RTM_GETLINK, 0, &all, sizeof(all), NULL);
	if (netlink_dump(n, &r, phys_look, &p, NULL) < 0 || !p.index)
		return -ENODEV;
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, p.index, NULL, false, "renaming it");
	netlink_put_text(&r, IFLA_IFNAME, l->host);
	netlink_put_text(&r, IFLA_IFALIAS, "");
	return netlink_talk(n, &r, NULL, NULL, NULL);
}

static int phys_find(struct netlink *n, const struct net_args *a, struct link *l, struct err *e)
{
	int ret = a->net->vlan ? link_lower(n, a->net, e) : 0;

	for (int ms = 0; ret >= 0; ms += 50) {
		ret = link_get(n, a->link->host, l, e);
		if (ret != -ENODEV || ms >= PHYS_WAIT_MS)
			break;
		ret = phys_rename(n, a->link) == 0 ? 0 : usleep(50000);
	}
	return ret == -ENODEV
		       ? err_set(e, ENODEV,
				 "%s: there is no such interface, or another container has it",
				 a->link->host)
		       : ret;
}

static int phys_up(const struct net_args *a, struct err *e)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	char alias[LINK_ALIAS];
	struct link l;
	int ret = netlink_open(&n, NETLINK_ROUTE, -1, e);

	if (ret >= 0)
		ret = phys_find(&n, a, &l, e);
	if (ret < 0)
		return ret;
	if (*l.kind && !a->net->vlan)
		return err_set(
			e, EINVAL,
			"%s: is a virtual link of kind %s, which would end with the container; use "
			"macvlan",
			a->link->host, l.kind);
	link_begin(&r, RTM_NEWLINK, 0, l.index, NULL, false, "naming the interface");
	netlink_put_text(&r, IFLA_IFALIAS,
			 link_alias(alias, sizeof(alias), a->link->container, a->link->network));
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, l.index, NULL, false, "moving the interface");
	netlink_put_u32(&r, IFLA_NET_NS_PID, (uint32_t)a->pid);
	if (a->net->mtu)
		netlink_put_u32(&r, IFLA_MTU, (uint32_t)a->net->mtu);
	return netlink_talk(&n, &r, NULL, NULL, e);
}

static int phys_down(const struct net_link *l, bool last)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	int ret = netlink_open(&n, NETLINK_ROUTE, -1, NULL);

	(void)last;
	/* Not back yet: the next start looks for it again. */
	if (ret >= 0)
		phys_rename(&n, l);
	return ret;
}

DRIVER(net, phys) = {
	.name = "phys",
	.about = "an interface of the device, moved into the container",
	.kernel = "NET_NS",
	.kind = NET_PHYS,
	.up = phys_up,
	.inside = link_inside,
	.down = phys_down,
};
