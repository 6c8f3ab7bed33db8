// SPDX-License-Identifier: MIT
/*
 * What the net drivers share: see link.h. Runs in a launcher, in a container's first process (link_inside()), and
 * in the supervisor where links are taken away.
 */
#include "drivers/net/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"

const char *link_alias(char *buf, size_t size, const char *container, const char *network)
{
	str_format(buf, size, "myctr %s %s", container ? container : "network", network);
	return buf;
}

void link_sysctl(const char *family, const char *ifname, const char *key, const char *value)
{
	char path[96];

	str_format(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, ifname, key);
	fd_write_text(AT_FDCWD, path, value);
}

/* The interface of the device; brought up, as nothing on top of it could be otherwise. */
static int link_parent(struct netlink *n, const struct net_spec *net, struct link *parent,
		       struct err *e)
{
	int ret = link_get(n, net->parent, parent, e);

	if (ret == -ENODEV)
		return err_set(e, ENODEV, "%s: there is no such interface", net->parent);
	return ret < 0 ? ret : link_bring_up(n, parent, e);
}

int link_lower(struct netlink *n, const struct net_spec *net, struct err *e)
{
	char name[NET_IFNAME], alias[LINK_ALIAS];
	struct link parent, vlan;
	int ret = link_parent(n, net, &parent, e);

	if (ret < 0 || !net->vlan)
		return ret < 0 ? ret : parent.index;
	net_lower_name(net, name);
	ret = link_get(n, name, &vlan, e);
	if (ret == -ENODEV) {
		link_alias(alias, sizeof(alias), NULL, net->section.name);
		ret = link_make_vlan(n, name, parent.index, (unsigned int)net->vlan, alias, e);
		if (ret >= 0)
			ret = link_get(n, name, &vlan, e);
	}
	return ret < 0 ? ret : vlan.index;
}

/* ---- inside -------------------------------------------------------------------------------------- */

static int link_index(const struct netlink *n, const char *name, struct err *e)
{
	struct ifreq ifr = { 0 };

	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	if (ioctl(n->fd, SIOCGIFINDEX, &ifr) < 0)
		return err_sys(e, errno, "%s", name);
	return ifr.ifr_ifindex;
}

/*
 * Before the link comes up: it takes no addresses and routes from what others say, and without an IPv6
 * address of its own finds none. (The file disable_ipv6 would do, but a write to it spins while anybody on
 * the machine changes a link.)
 */
static void link_put_quiet(struct netlink_req *r, const struct net_args *a, int index)
{
	size_t spec, inet6;

	if (a->net->dhcp || a->link->kind == NET_PHYS)
		return;
	link_sysctl("ipv6", a->link->ifname, "accept_ra", "0");
	if (a->link->ip6.len || access("/proc/sys/net/ipv6", F_OK) < 0)
		return;
	link_begin(r, RTM_NEWLINK, 0, index, NULL, false, "keeping IPv6 off it");
	spec = netlink_nest(r, IFLA_AF_SPEC);
	inet6 = netlink_nest(r, AF_INET6);
	netlink_put_u8(r, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	netlink_nest_end(r, inet6);
	netlink_nest_end(r, spec);
}

int link_inside(const struct net_args *a, struct err *e)
{
	const struct net_link *l = a->link;
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	int index, ret;

	if (netlink_open(&n, NETLINK_ROUTE, -1, e) < 0)
		return -e->code;
	index = link_index(&n, l->ifname, e);
	if (index < 0)
		return index;
	link_put_quiet(&r, a, index);
	link_begin(&r, RTM_NEWLINK, 0, index, NULL, true, "bringing it up");
	if (l->ip.len)
		link_put_address(&r, index, &l->ip, true);
	if (l->ip6.len)
		link_put_address(&r, index, &l->ip6, true);
	if (l->route4)
		link_put_route(&r, index, &a->net->gw4);
	if (l->route6)
		link_put_route(&r, index, &a->net->gw6);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, 0, "lo", true, "bringing lo up");
	ret = netlink_talk(&n, &r, NULL, NULL, e);
	return ret < 0 ? err_wrap(e, l->ifname) : 0;
}
