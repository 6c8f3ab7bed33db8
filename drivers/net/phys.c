// SPDX-License-Identifier: MIT
/*
 * kind = phys: an interface of the device itself is moved into the container. The kernel gives it back when
 * the container's namespace ends, however that came about; here its name and alias are put right. Which one it is
 * is told by what its hardware says, as a container that may configure it may call it anything. Runs in a
 * launcher, down() in the supervisor, too. Must never move a virtual link, which would end with the
 * namespace.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/hash.h"
#include "core/lib/str.h"
#include "drivers/net/link.h"

#define PHYS_WAIT_MS 2000 /* the end of the namespace it was in takes the kernel a moment */

/* Attributes that headers of older kernels do not have. */
enum { PHYS_PERM_ADDRESS = 54, PHYS_PARENT_NAME = 56, PHYS_PARENT_BUS = 57 };

/* What is sought, and what is there. */
struct phys {
	const char *alias, *name;
	uint32_t device;       /* 0: not known */
	int ours, named;       /* by device or else by alias; of this name */
	uint32_t named_device; /* which one that is */
	unsigned int alike;    /* how many say the same of themselves */
};

/* Of what nobody can change: the same in every namespace and under every name. 0 when it says nothing. */
static uint32_t phys_device(const uint8_t *at, size_t left)
{
	static const uint16_t what[] = {
		PHYS_PERM_ADDRESS, PHYS_PARENT_NAME,	PHYS_PARENT_BUS,
		IFLA_PHYS_PORT_ID, IFLA_PHYS_PORT_NAME, IFLA_PHYS_SWITCH_ID
	};
	struct netlink_attr a;
	uint32_t h = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(what); i++)
		if (netlink_find(at, left, what[i], 1, &a))
			h = hash_crc32c(h + what[i], a.data, a.len);
	return h & INT32_MAX;
}

static int phys_look(const struct netlink_msg *m, void *arg)
{
	struct phys *p = arg;
	struct netlink_attr a;
	struct ifinfomsg ifi;
	char alias[160] = "", name[NET_IFNAME] = "";
	size_t left;
	const uint8_t *at = netlink_attrs(m, &ifi, sizeof(ifi), &left);
	uint32_t device;

	if (m->type != RTM_NEWLINK || !netlink_find(at, left, IFLA_IFNAME, 1, &a))
		return 0;
	netlink_text(&a, name, sizeof(name));
	if (netlink_find(at, left, IFLA_IFALIAS, 1, &a))
		netlink_text(&a, alias, sizeof(alias));
	device = phys_device(at, left);
	if (strcmp(name, p->name) == 0) {
		p->named = ifi.ifi_index;
		p->named_device = device;
	}
	p->alike += p->device && device == p->device;
	if (p->device ? device == p->device : strcmp(alias, p->alias) == 0)
		p->ours = ifi.ifi_index;
	return 0;
}

static int phys_seek(struct netlink *n, const struct net_link *l, struct phys *p)
{
	NETLINK_BUF buf[64];
	struct netlink_req r = NETLINK_REQ(buf);
	struct ifinfomsg all = { 0 };

	p->ours = p->named = 0;
	p->alike = 0;
	p->name = l->host;
	netlink_begin(&r, RTM_GETLINK, 0, &all, sizeof(all), NULL);
	return netlink_dump(n, &r, phys_look, p, NULL);
}

/* One that came back with another name gets its own again. */
static int phys_rename(struct netlink *n, const struct net_link *l, int index)
{
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);

	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, index, NULL, false, "renaming it");
	netlink_put_text(&r, IFLA_IFNAME, l->host);
	netlink_put_text(&r, IFLA_IFALIAS, "");
	return netlink_talk(n, &r, NULL, NULL, NULL);
}

/*
 * Its own, under whatever name; under its name whatever is there, but not while another is still awaited: what a
 * container had may come back under a name that it has made up.
 */
static int phys_find(struct netlink *n, const struct net_args *a, struct phys *p, struct err *e)
{
	const struct net_link *link = a->link;
	int ret = a->net->vlan ? link_lower(n, a->net, e) : 0;

	p->device = link->device;
	for (int ms = 0; ret >= 0; ms += 50) {
		ret = phys_seek(n, link, p);
		if (ret < 0)
			return err_sys(e, ret, "%s: looking for it", link->host);
		if (p->ours && p->ours != p->named && (p->device || !p->named)) {
			if (phys_rename(n, link, p->ours) == 0)
				return 0;
			if (p->named)
				return err_set(
					e, EEXIST,
					"%s: another interface has taken its name; rename that one",
					link->host);
		}
		if (p->named && (!p->device || p->ours == p->named || ms >= PHYS_WAIT_MS))
			return 0;
		if (ms >= PHYS_WAIT_MS)
			return err_set(
				e, ENODEV,
				"%s: there is no such interface, or another container has it",
				link->host);
		usleep(50000);
	}
	return ret;
}

/* What is recorded of it: nothing where another one says the same of itself. */
static int phys_which(struct netlink *n, const struct net_link *l, struct phys *p)
{
	p->device = 0;
	if (phys_seek(n, l, p) < 0 || !p->named_device)
		return 0;
	p->device = p->named_device;
	return phys_seek(n, l, p) < 0 || p->alike != 1 ? 0 : (int)p->device;
}

static int phys_move(struct netlink *n, const struct net_args *a, int index, const char *alias,
		     struct err *e)
{
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);

	link_begin(&r, RTM_NEWLINK, 0, index, NULL, false, "naming the interface");
	netlink_put_text(&r, IFLA_IFALIAS, alias);
	link_begin(&r, RTM_NEWLINK, NLM_F_ACK, index, NULL, false, "moving the interface");
	netlink_put_u32(&r, IFLA_NET_NS_PID, (uint32_t)a->pid);
	if (a->net->mtu)
		netlink_put_u32(&r, IFLA_MTU, (uint32_t)a->net->mtu);
	return netlink_talk(n, &r, NULL, NULL, e);
}

/* Ports of a switch chip and CAN controllers have a kind, too, and come back like other hardware. */
static bool phys_is_hardware(const char *kind)
{
	return !*kind || strcmp(kind, "dsa") == 0 || strcmp(kind, "can") == 0;
}

static int phys_up(const struct net_args *a, struct err *e)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	char alias[LINK_ALIAS];
	struct phys p = { .alias = link_alias(alias, sizeof(alias), a->link->container,
					      a->link->network) };
	struct link l;
	int device, ret = netlink_open(&n, NETLINK_ROUTE, -1, e);

	if (ret >= 0)
		ret = phys_find(&n, a, &p, e);
	if (ret < 0)
		return ret;
	ret = link_get(&n, a->link->host, &l, e);
	if (ret < 0)
		return ret == -ENODEV ? err_set(e, ENODEV, "%s: has gone again", a->link->host)
				      : ret;
	if (!phys_is_hardware(l.kind) && !a->net->vlan)
		return err_set(
			e, EINVAL,
			"%s: is a virtual link of kind %s, which would end with the container; use "
			"macvlan",
			a->link->host, l.kind);
	device = a->net->vlan ? 0 : phys_which(&n, a->link, &p);
	ret = phys_move(&n, a, l.index, alias, e);
	return ret < 0 ? ret : device;
}

static int phys_down(const struct net_link *l, bool last)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	char alias[LINK_ALIAS];
	struct phys p = { .alias = link_alias(alias, sizeof(alias), l->container, l->network),
			  .device = l->device };
	int ret = netlink_open(&n, NETLINK_ROUTE, -1, NULL);

	(void)last;
	if (ret >= 0)
		ret = phys_seek(&n, l, &p);
	if (ret < 0)
		return ret;
	/* One that is not known may be back or not: the next start looks for it again. */
	if (!p.ours)
		return l->device ? -EBUSY : 0;
	return phys_rename(&n, l, p.ours) < 0 ? 0 : 1;
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
