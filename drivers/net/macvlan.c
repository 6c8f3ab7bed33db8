// SPDX-License-Identifier: MIT
/*
 * kind = macvlan, ipvlan: a link of the container's own on top of an interface of the device, made
 * directly in the container's namespace and named there; it goes with that namespace. Runs in a
 * launcher, down() in the supervisor, too.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "core/lib/str.h"
#include "drivers/net/link.h"

static uint32_t macvlan_mode(const char *mode)
{
	if (mode && strcmp(mode, "private") == 0)
		return MACVLAN_MODE_PRIVATE;
	return mode && strcmp(mode, "vepa") == 0 ? MACVLAN_MODE_VEPA : MACVLAN_MODE_BRIDGE;
}

static uint16_t ipvlan_mode(const char *mode)
{
	if (mode && strcmp(mode, "l3") == 0)
		return IPVLAN_MODE_L3;
	return mode && strcmp(mode, "l3s") == 0 ? IPVLAN_MODE_L3S : IPVLAN_MODE_L2;
}

/*
 * What it is called until it is inside: the kernel refuses a name that an interface of the device has, and eth0
 * is one on most.
 */
static const char *macvlan_first_name(char buf[NET_IFNAME], const struct net_link *l)
{
	return net_short_name(buf, "my-", l->ifname, 0);
}

static int macvlan_up(const struct net_args *a, struct err *e)
{
	bool ipvlan = a->net->kind == NET_IPVLAN;
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	char name[NET_IFNAME];
	size_t info, data;
	int lower = netlink_open(&n, NETLINK_ROUTE, -1, e);

	if (lower >= 0)
		lower = link_lower(&n, a->net, e);
	if (lower < 0)
		return lower;
	link_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0,
		   macvlan_first_name(name, a->link), false,
		   ipvlan ? "making its ipvlan link" : "making its macvlan link");
	netlink_put_u32(&r, IFLA_LINK, (uint32_t)lower);
	netlink_put_u32(&r, IFLA_NET_NS_PID, (uint32_t)a->pid);
	if (a->net->mtu)
		netlink_put_u32(&r, IFLA_MTU, (uint32_t)a->net->mtu);
	/* An ipvlan link has the address of what is below it. */
	if (!ipvlan)
		netlink_put(&r, IFLA_ADDRESS, a->link->mac, ADDR_MAC);
	info = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, ipvlan ? "ipvlan" : "macvlan");
	data = netlink_nest(&r, IFLA_INFO_DATA);
	if (ipvlan)
		netlink_put_u16(&r, IFLA_IPVLAN_MODE, ipvlan_mode(a->net->mode));
	else
		netlink_put_u32(&r, IFLA_MACVLAN_MODE, macvlan_mode(a->net->mode));
	netlink_nest_end(&r, data);
	netlink_nest_end(&r, info);
	return netlink_talk(&n, &r, NULL, NULL, e);
}

static int macvlan_inside(const struct net_args *a, struct err *e)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	char name[NET_IFNAME];
	int ret = netlink_open(&n, NETLINK_ROUTE, -1, e);

	if (ret < 0)
		return ret;
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK,
		   (int)if_nametoindex(macvlan_first_name(name, a->link)), name, false,
		   "naming its link");
	netlink_put_text(&r, IFLA_IFNAME, a->link->ifname);
	ret = netlink_talk(&n, &r, NULL, NULL, e);
	return ret < 0 ? err_wrap(e, a->link->ifname) : link_inside(a, e);
}

/* What is left is the VLAN below, if we made it. */
static int macvlan_down(const struct net_link *l, bool last)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	char alias[LINK_ALIAS];
	int ret = last ? netlink_open(&n, NETLINK_ROUTE, -1, NULL) : 0;

	link_alias(alias, sizeof(alias), NULL, l->network);
	return last && ret >= 0 ? link_delete(&n, l->bridge, alias, NULL) : ret;
}

DRIVER(net, macvlan) = {
	.name = "macvlan",
	.about = "links of their own on an interface of the device",
	.kernel = "NET_NS MACVLAN",
	.kind = NET_MACVLAN,
	.up = macvlan_up,
	.inside = macvlan_inside,
	.down = macvlan_down,
};

DRIVER(net, ipvlan) = {
	.name = "ipvlan",
	.about = "the same with the MAC of that interface",
	.kernel = "NET_NS IPVLAN",
	.kind = NET_IPVLAN,
	.up = macvlan_up,
	.inside = macvlan_inside,
	.down = macvlan_down,
};
