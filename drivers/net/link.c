// SPDX-License-Identifier: MIT
/*
 * Links over rtnetlink: see link.h. Runs in a launcher, in a container's first process (link_inside()), and
 * in the supervisor where links are taken away.
 */
#include "drivers/net/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS 8
#endif

/* ---- looking ------------------------------------------------------------------------------------- */

static int link_take(const struct netlink_msg *m, void *arg)
{
	struct link *l = arg;
	struct netlink_attr a, in;
	struct ifinfomsg ifi;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &ifi, sizeof(ifi), &left);

	if (m->type != RTM_NEWLINK || !p)
		return 0;
	l->index = ifi.ifi_index;
	l->running = ifi.ifi_flags & IFF_UP;
	while (netlink_next(&p, &left, &a)) {
		if (a.type == IFLA_MASTER)
			l->master = (int)netlink_u32(&a);
		else if (a.type == IFLA_IFALIAS)
			netlink_text(&a, l->alias, sizeof(l->alias));
		else if (a.type == IFLA_LINKINFO &&
			 netlink_find(a.data, a.len, IFLA_INFO_KIND, 1, &in))
			netlink_text(&in, l->kind, sizeof(l->kind));
	}
	return 0;
}

void link_begin(struct netlink_req *r, uint16_t type, uint16_t flags, int index, const char *name,
		bool up, const char *what)
{
	struct ifinfomsg ifi = { .ifi_index = index,
				 .ifi_flags = up ? IFF_UP : 0,
				 .ifi_change = up ? IFF_UP : 0 };

	netlink_begin(r, type, flags, &ifi, sizeof(ifi), what);
	if (!index && name)
		netlink_put_text(r, IFLA_IFNAME, name);
}

int link_get(struct netlink *n, const char *name, struct link *l, struct err *e)
{
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	struct err why = { 0 };
	int ret;

	*l = (struct link){ 0 };
	link_begin(&r, RTM_GETLINK, NLM_F_ACK, 0, name, false, name);
	netlink_put_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	ret = netlink_talk(n, &r, link_take, l, &why);
	if (ret < 0 && ret != -ENODEV && e)
		*e = why;
	return ret;
}

const char *link_alias(char *buf, size_t size, const char *container, const char *network)
{
	str_format(buf, size, "myctr %s %s", container ? container : "network", network);
	return buf;
}

/* ---- addresses ----------------------------------------------------------------------------------- */

void link_put_address(struct netlink_req *r, int index, const struct addr *a)
{
	struct ifaddrmsg ifa = { .ifa_family = a->len == 4 ? AF_INET : AF_INET6,
				 .ifa_prefixlen = a->bits,
				 .ifa_index = (unsigned int)index,
				 /* Nobody else has it: that is what the records are for. */
				 .ifa_flags = a->len == 4 ? 0 : IFA_F_NODAD };
	struct addr last = addr_last(a);

	netlink_begin(r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &ifa, sizeof(ifa),
		      "setting its address");
	netlink_put(r, IFA_LOCAL, a->b, a->len);
	netlink_put(r, IFA_ADDRESS, a->b, a->len);
	if (a->len == 4 && a->bits < 31)
		netlink_put(r, IFA_BROADCAST, last.b, a->len);
}

void link_put_route(struct netlink_req *r, int index, const struct addr *gateway)
{
	struct rtmsg rt = { .rtm_family = gateway->len == 4 ? AF_INET : AF_INET6,
			    .rtm_table = RT_TABLE_MAIN,
			    .rtm_protocol = RTPROT_STATIC,
			    .rtm_scope = RT_SCOPE_UNIVERSE,
			    .rtm_type = RTN_UNICAST };

	netlink_begin(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &rt, sizeof(rt),
		      "setting the default route");
	netlink_put(r, RTA_GATEWAY, gateway->b, gateway->len);
	netlink_put_u32(r, RTA_OIF, (uint32_t)index);
}

void link_sysctl(const char *family, const char *ifname, const char *key, const char *value)
{
	char path[96];

	str_format(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, ifname, key);
	fd_write_text(AT_FDCWD, path, value);
}

/* ---- making and removing ------------------------------------------------------------------------- */

static int link_make_vlan(struct netlink *n, const struct net_spec *net, const char *name,
			  int parent, struct err *e)
{
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	char alias[LINK_ALIAS];
	size_t info, data;

	link_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, true, "making the VLAN");
	netlink_put_u32(&r, IFLA_LINK, (uint32_t)parent);
	info = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, "vlan");
	data = netlink_nest(&r, IFLA_INFO_DATA);
	netlink_put_u16(&r, IFLA_VLAN_ID, (uint16_t)net->vlan);
	netlink_nest_end(&r, data);
	netlink_nest_end(&r, info);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, 0, name, false, "naming the VLAN");
	netlink_put_text(&r, IFLA_IFALIAS,
			 link_alias(alias, sizeof(alias), NULL, net->section.name));
	return netlink_talk(n, &r, NULL, NULL, e);
}

int link_lower(struct netlink *n, const struct net_spec *net, struct err *e)
{
	char name[NET_IFNAME];
	struct link parent, vlan;
	int ret = link_get(n, net->parent, &parent, e);

	if (ret == -ENODEV)
		return err_set(e, ENODEV, "%s: there is no such interface", net->parent);
	if (ret < 0 || !net->vlan)
		return ret < 0 ? ret : parent.index;
	net_lower_name(net, name);
	ret = link_get(n, name, &vlan, e);
	if (ret == -ENODEV) {
		ret = link_make_vlan(n, net, name, parent.index, e);
		if (ret >= 0)
			ret = link_get(n, name, &vlan, e);
	}
	return ret < 0 ? ret : vlan.index;
}

int link_delete(struct netlink *n, const char *name, const char *network, struct err *e)
{
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	char alias[LINK_ALIAS];
	struct err why = { 0 };
	struct link l;
	int ret;

	if (!*name)
		return 0;
	if (network) {
		ret = link_get(n, name, &l, e);
		if (ret < 0 ||
		    strcmp(l.alias, link_alias(alias, sizeof(alias), NULL, network)) != 0)
			return ret == -ENODEV ? 0 : ret;
	}
	link_begin(&r, RTM_DELLINK, NLM_F_ACK, 0, name, false, "removing the link");
	ret = netlink_talk(n, &r, NULL, NULL, &why);
	if (ret < 0 && ret != -ENODEV && e)
		*e = why;
	return ret == -ENODEV ? 0 : ret;
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

/* Before the link comes up: without an IPv6 address it would find one, and routes, by itself. */
static void link_quiet(const struct net_args *a)
{
	const char *ifname = a->link->ifname;

	if (a->net->dhcp || a->link->kind == NET_PHYS)
		return;
	if (!a->link->ip6.len)
		link_sysctl("ipv6", ifname, "disable_ipv6", "1");
	else
		link_sysctl("ipv6", ifname, "accept_ra", "0");
}

int link_inside(const struct net_args *a, struct err *e)
{
	const struct net_link *l = a->link;
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	int index, ret;

	link_quiet(a);
	if (netlink_open(&n, NETLINK_ROUTE, -1, e) < 0)
		return -e->code;
	index = link_index(&n, l->ifname, e);
	if (index < 0)
		return index;
	link_begin(&r, RTM_NEWLINK, 0, index, NULL, true, "bringing it up");
	if (l->ip.len)
		link_put_address(&r, index, &l->ip);
	if (l->ip6.len)
		link_put_address(&r, index, &l->ip6);
	if (l->route4)
		link_put_route(&r, index, &a->net->gw4);
	if (l->route6)
		link_put_route(&r, index, &a->net->gw6);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, 0, "lo", true, "bringing lo up");
	ret = netlink_talk(&n, &r, NULL, NULL, e);
	return ret < 0 ? err_wrap(e, l->ifname) : 0;
}
