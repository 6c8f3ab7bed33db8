// SPDX-License-Identifier: MIT
/*
 * kind = bridge: a pair of veth links, one end a port of a bridge on the device, the other the container's
 * eth0 from its first moment. The bridge is made for the first container and removed after the last; one
 * that somebody else has made is joined and left as it is. Runs in a launcher, down() in the supervisor,
 * too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/str.h"
#include "drivers/net/link.h"

/* ---- the device's own settings ------------------------------------------------------------------- */

static bool bridge_is_zero(const char *path)
{
	char text[8];

	return fd_read_text(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, "0") == 0;
}

/*
 * An IPv6 router takes no route advertisements any more, unless told so: interfaces that live by them keep
 * on doing so.
 */
static void bridge_keep_ra(void)
{
	AUTO_DIR DIR *d = opendir("/proc/sys/net/ipv6/conf");
	struct dirent *entry;
	char path[320], text[8];

	while (d && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "all") == 0)
			continue;
		str_format(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra",
			   entry->d_name);
		if (fd_read_text(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, "1") == 0)
			fd_write_text(AT_FDCWD, path, "2");
	}
}

static int bridge_forward(const struct net_spec *n, struct err *e)
{
	static const char v4[] = "/proc/sys/net/ipv4/ip_forward",
			  v6[] = "/proc/sys/net/ipv6/conf/all/forwarding";
	int r = 0;

	if (n->internal)
		return 0;
	if (n->net4.len && bridge_is_zero(v4))
		r = fd_write_text(AT_FDCWD, v4, "1");
	if (r < 0)
		return err_sys(e, r, "%s", v4);
	if (n->net6.len && bridge_is_zero(v6)) {
		bridge_keep_ra();
		r = fd_write_text(AT_FDCWD, v6, "1");
	}
	return r < 0 ? err_sys(e, r, "%s", v6) : 0;
}

/* ---- the bridge ---------------------------------------------------------------------------------- */

static int bridge_address(struct netlink *n, const struct net_spec *net, const char *name,
			  struct link *br, struct err *e)
{
	NETLINK_BUF buf[384];
	struct netlink_req r = NETLINK_REQ(buf);
	int ret = link_get(n, name, br, e);

	if (ret < 0)
		return ret == -ENODEV ? err_set(e, ENODEV, "%s: has gone again", name) : ret;
	link_sysctl("ipv4", name, "rp_filter", "1");
	link_sysctl("ipv6", name, "accept_ra", "0");
	link_sysctl("ipv6", name, "accept_dad", "0");
	if (net->gw4.len)
		link_put_address(&r, br->index, &net->gw4, true);
	if (net->gw6.len)
		link_put_address(&r, br->index, &net->gw6, true);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, br->index, NULL, true, "bringing the bridge up");
	return netlink_talk(n, &r, NULL, NULL, e);
}

/* With a MAC of its own: the kernel's choice would change with its ports. */
static int bridge_make(struct netlink *n, const struct net_spec *net, const char *name,
		       struct link *br, struct err *e)
{
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	uint32_t h = hash_crc32c(1, net->section.name, strlen(net->section.name));
	uint8_t mac[ADDR_MAC] = {
		0x02, 0xbb, (uint8_t)(h >> 24), (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h
	};
	char alias[LINK_ALIAS];
	size_t info;
	int ret;

	link_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, false, "making the bridge");
	netlink_put(&r, IFLA_ADDRESS, mac, sizeof(mac));
	if (net->mtu)
		netlink_put_u32(&r, IFLA_MTU, (uint32_t)net->mtu);
	info = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, "bridge");
	netlink_nest_end(&r, info);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, 0, name, false, "naming the bridge");
	netlink_put_text(&r, IFLA_IFALIAS,
			 link_alias(alias, sizeof(alias), NULL, net->section.name));
	ret = netlink_talk(n, &r, NULL, NULL, e);
	if (ret >= 0)
		ret = bridge_forward(net, e);
	return ret < 0 ? ret : bridge_address(n, net, name, br, e);
}

/* One made half by a process that was killed is completed. */
static int bridge_find(struct netlink *n, const struct net_spec *net, const char *name,
		       struct link *br, struct err *e)
{
	char alias[LINK_ALIAS];
	int ret = link_get(n, name, br, e);

	if (ret == -ENODEV)
		return bridge_make(n, net, name, br, e);
	if (ret < 0)
		return ret;
	if (strcmp(br->kind, "bridge") != 0)
		return err_set(e, EEXIST, "%s: is %s%s, not a bridge; set bridge to another name",
			       name, *br->kind ? "a link of kind " : "an interface", br->kind);
	link_alias(alias, sizeof(alias), NULL, net->section.name);
	if (!br->running && strcmp(br->alias, alias) == 0)
		return bridge_address(n, net, name, br, e);
	return 0;
}

/* The network's parent becomes a port, too: its containers are in the same segment as what is there. */
static int bridge_uplink(struct netlink *n, const struct net_spec *net, const struct link *br,
			 struct err *e)
{
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	char name[NET_IFNAME];
	struct link l = { 0 };
	int ret;

	if (!net->parent)
		return 0;
	ret = link_lower(n, net, e);
	if (ret >= 0)
		ret = link_get(n, net_lower_name(net, name), &l, e);
	if (ret < 0 || l.master == br->index)
		return ret;
	if (l.master)
		return err_set(e, EBUSY, "%s: is a port of another bridge", name);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, l.index, NULL, true,
		   "joining the parent to the bridge");
	netlink_put_u32(&r, IFLA_MASTER, (uint32_t)br->index);
	return netlink_talk(n, &r, NULL, NULL, e);
}

/* ---- a container's link -------------------------------------------------------------------------- */

/*
 * Of both ends. Queues: one, not one for each processor as newer kernels make them. Without XDP or GRO of its own a
 * veth link hands on where it was called, so more of them bring nothing but files in sysfs, at each start and end.
 */
static void bridge_put_end(struct netlink_req *r, const struct net_args *a)
{
	netlink_put_u32(r, IFLA_NUM_TX_QUEUES, 1);
	netlink_put_u32(r, IFLA_NUM_RX_QUEUES, 1);
	if (a->net->mtu)
		netlink_put_u32(r, IFLA_MTU, (uint32_t)a->net->mtu);
}

static void bridge_put_veth(struct netlink_req *r, const struct net_args *a, int bridge)
{
	const struct net_link *l = a->link;
	struct ifinfomsg peer = { 0 };
	size_t info, data, in;

	link_begin(r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, l->host, true,
		   "making its veth link");
	netlink_put_u32(r, IFLA_MASTER, (uint32_t)bridge);
	bridge_put_end(r, a);
	info = netlink_nest(r, IFLA_LINKINFO);
	netlink_put_text(r, IFLA_INFO_KIND, "veth");
	data = netlink_nest(r, IFLA_INFO_DATA);
	in = netlink_nest(r, VETH_INFO_PEER);
	netlink_put_raw(r, &peer, sizeof(peer));
	netlink_put_text(r, IFLA_IFNAME, l->ifname);
	netlink_put(r, IFLA_ADDRESS, l->mac, ADDR_MAC);
	netlink_put_u32(r, IFLA_NET_NS_PID, (uint32_t)a->pid);
	bridge_put_end(r, a);
	netlink_nest_end(r, in);
	netlink_nest_end(r, data);
	netlink_nest_end(r, info);
}

/*
 * A container at its own published port: where br_netfilter is at work such a packet is turned round within
 * the bridge, which must then send it out by the port it came from.
 */
static bool bridge_hairpin(const struct net_args *a)
{
	static const char call[] = "/proc/sys/net/bridge/bridge-nf-call-iptables";

	return a->spec->publish.n && access(call, F_OK) == 0 && !bridge_is_zero(call);
}

static void bridge_put_port(struct netlink_req *r, const struct net_args *a)
{
	char alias[LINK_ALIAS];
	size_t info, data;

	link_begin(r, RTM_NEWLINK, NLM_F_ACK, 0, a->link->host, false,
		   a->net->isolate ? "isolating its port" : "naming its link");
	netlink_put_text(r, IFLA_IFALIAS,
			 link_alias(alias, sizeof(alias), a->link->container, a->link->network));
	if (!a->net->isolate && !bridge_hairpin(a))
		return;
	info = netlink_nest(r, IFLA_LINKINFO);
	netlink_put_text(r, IFLA_INFO_SLAVE_KIND, "bridge");
	data = netlink_nest(r, IFLA_INFO_SLAVE_DATA);
	netlink_put_u8(r, a->net->isolate ? IFLA_BRPORT_ISOLATED : IFLA_BRPORT_MODE, 1);
	netlink_nest_end(r, data);
	netlink_nest_end(r, info);
}

static int bridge_up(const struct net_args *a, struct err *e)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[768];
	struct netlink_req r = NETLINK_REQ(buf);
	struct link br;
	int ret = netlink_open(&n, NETLINK_ROUTE, -1, e);

	if (ret >= 0)
		ret = bridge_find(&n, a->net, a->link->bridge, &br, e);
	if (ret >= 0)
		ret = bridge_uplink(&n, a->net, &br, e);
	/* The second try is for one that a run before this left behind. */
	for (int try = 0; ret >= 0 && try < 2; try++) {
		bridge_put_veth(&r, a, br.index);
		bridge_put_port(&r, a);
		ret = netlink_talk(&n, &r, NULL, NULL, e);
		if (ret != -EEXIST || r.failed != 0 || try)
			break;
		ret = link_delete(&n, a->link->host, NULL, e);
	}
	return ret < 0 ? ret : 0;
}

/* The VLAN that we put into it. */
static int bridge_vlan(const struct netlink_msg *m, void *arg)
{
	struct link *l = arg;
	struct netlink_attr a;
	struct ifinfomsg ifi;
	char alias[LINK_ALIAS];
	size_t left;
	const uint8_t *p = netlink_attrs(m, &ifi, sizeof(ifi), &left);

	if (m->type != RTM_NEWLINK || !netlink_find(p, left, IFLA_MASTER, 4, &a) ||
	    (int)netlink_u32(&a) != l->index || !netlink_find(p, left, IFLA_IFALIAS, 1, &a))
		return 0;
	netlink_text(&a, alias, sizeof(alias));
	if (strcmp(alias, l->alias) == 0)
		l->master = ifi.ifi_index;
	return 0;
}

/* With its last container a bridge goes if its alias says that it is ours, and the VLAN in it likewise. */
static int bridge_remove(struct netlink *n, const struct net_link *l)
{
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);
	struct ifinfomsg all = { 0 };
	struct link br;
	int ret = link_get(n, l->bridge, &br, NULL);

	if (ret < 0)
		return ret == -ENODEV ? 0 : ret;
	link_alias(br.alias, sizeof(br.alias), NULL, l->network);
	br.master = 0;
	netlink_begin(&r, RTM_GETLINK, 0, &all, sizeof(all), NULL);
	netlink_put_u32(&r, IFLA_MASTER, (uint32_t)br.index);
	ret = netlink_dump(n, &r, bridge_vlan, &br, NULL);
	if (ret >= 0 && br.master) {
		link_begin(&r, RTM_DELLINK, NLM_F_ACK, br.master, NULL, false, NULL);
		netlink_talk(n, &r, NULL, NULL, NULL);
	}
	return link_delete(n, l->bridge, br.alias, NULL);
}

/*
 * The pair goes with the container's namespace, by the kernel's own doing and beside what runs here: asking
 * for it would take as long again as everything else of a start and an end. A next start of the same name
 * that comes before it is gone removes it.
 */
static int bridge_down(const struct net_link *l, bool last)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	int ret = last ? netlink_open(&n, NETLINK_ROUTE, -1, NULL) : 0;

	return last && ret >= 0 ? bridge_remove(&n, l) : ret;
}

DRIVER(net, bridge) = {
	.name = "bridge",
	.about = "links to a bridge of the device",
	.kernel = "NET_NS VETH BRIDGE",
	.kind = NET_BRIDGE,
	.up = bridge_up,
	.inside = link_inside,
	.down = bridge_down,
};
