// SPDX-License-Identifier: MIT
/*
 * Interfaces over rtnetlink: see link.h. Runs in launchers, in a container's first process, in the
 * supervisor where links are taken away, in PID 1 at boot.
 */
#include "core/lib/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

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

/* ---- addresses ----------------------------------------------------------------------------------- */

void link_put_address(struct netlink_req *r, int index, const struct addr *a, bool known)
{
	struct ifaddrmsg ifa = { .ifa_family = a->len == 4 ? AF_INET : AF_INET6,
				 .ifa_prefixlen = a->bits,
				 .ifa_index = (unsigned int)index,
				 .ifa_flags = a->len == 16 && known ? IFA_F_NODAD : 0 };
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

/* ---- making and removing ------------------------------------------------------------------------- */

int link_bring_up(struct netlink *n, const struct link *l, struct err *e)
{
	NETLINK_BUF buf[64];
	struct netlink_req r = NETLINK_REQ(buf);

	if (l->running)
		return 0;
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, l->index, NULL, true, "bringing its parent up");
	return netlink_talk(n, &r, NULL, NULL, e);
}

int link_make_vlan(struct netlink *n, const char *name, int parent, unsigned int id,
		   const char *alias, struct err *e)
{
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	size_t info, data;

	link_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, true, "making the VLAN");
	netlink_put_u32(&r, IFLA_LINK, (uint32_t)parent);
	info = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, "vlan");
	data = netlink_nest(&r, IFLA_INFO_DATA);
	netlink_put_u16(&r, IFLA_VLAN_ID, (uint16_t)id);
	netlink_nest_end(&r, data);
	netlink_nest_end(&r, info);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, 0, name, false, "naming the VLAN");
	netlink_put_text(&r, IFLA_IFALIAS, alias ? alias : "");
	return netlink_talk(n, &r, NULL, NULL, e);
}

int link_delete(struct netlink *n, const char *name, const char *alias, struct err *e)
{
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	struct err why = { 0 };
	struct link l;
	int ret;

	if (!*name)
		return 0;
	if (alias) {
		ret = link_get(n, name, &l, e);
		if (ret < 0 || strcmp(l.alias, alias) != 0)
			return ret == -ENODEV ? 0 : ret;
	}
	link_begin(&r, RTM_DELLINK, NLM_F_ACK, 0, name, false, "removing the link");
	ret = netlink_talk(n, &r, NULL, NULL, &why);
	if (ret < 0 && ret != -ENODEV && e)
		*e = why;
	return ret == -ENODEV ? 0 : ret;
}
