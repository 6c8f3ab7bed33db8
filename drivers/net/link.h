/* SPDX-License-Identifier: MIT */
/*
 * What the net drivers share: looking at a link, VLANs, what is set inside. Everything goes over one
 * netlink socket of the caller's; nothing waits for anything but the kernel.
 */
#ifndef DRIVERS_NET_LINK_H
#define DRIVERS_NET_LINK_H

#include "core/driver.h"
#include "core/lib/netlink.h"

#define LINK_ALIAS 256 /* bytes of ifalias with its NUL */

/* A link of the network namespace the socket is in. */
struct link {
	int index;
	int master;	 /* index of the bridge it is a port of, 0 none */
	bool running;	 /* is up */
	char kind[16];	 /* "bridge", "veth"; "" for hardware */
	char alias[160]; /* cut */
};

/* The link of this name. 0, or -ENODEV without a sentence when there is none. */
int link_get(struct netlink *n, const char *name, struct link *l, struct err *e);

/* Begins a message about a link by its index or, where that is 0, by its name. */
void link_begin(struct netlink_req *r, uint16_t type, uint16_t flags, int index, const char *name,
		bool up, const char *what);

/* "myctr network lan0" or "myctr web lan0": whose a link is. container may be NULL. Returns buf. */
const char *link_alias(char *buf, size_t size, const char *container, const char *network);

/* Adds messages that give a link an address (broadcast and prefix route with it), a default route. */
void link_put_address(struct netlink_req *r, int index, const struct addr *a);
void link_put_route(struct netlink_req *r, int index, const struct addr *gateway);

/*
 * The index of the link below a network: its parent, or the VLAN of that, which is made and brought up when
 * it is not there.
 */
int link_lower(struct netlink *n, const struct net_spec *net, struct err *e);

/* Removes the link of this name; 0 also when there is none. ours: only if its alias is that of network. */
int link_delete(struct netlink *n, const char *name, const char *network, struct err *e);

/* Writes a file of /proc/sys/net, "conf" of an interface; what a kernel does not have is left alone. */
void link_sysctl(const char *family, const char *ifname, const char *key, const char *value);

/* Inside: lo and the link up, its addresses, routes. The same for every kind of link. */
int link_inside(const struct net_args *a, struct err *e);

#endif
