/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces over rtnetlink: looking at one, addresses, routes, VLANs. Works in the network namespace
 * the socket is in; nothing waits for anything but the kernel. Source: rtnetlink(7).
 */
#ifndef CORE_LIB_LINK_H
#define CORE_LIB_LINK_H

#include "core/lib/addr.h"
#include "core/lib/netlink.h"

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

/* Adds a message that gives a link an address; known: nobody else has it, so IPv6 need not ask around first. */
void link_put_address(struct netlink_req *r, int index, const struct addr *a, bool known);

/* Adds a message that makes the gateway the default route. */
void link_put_route(struct netlink_req *r, int index, const struct addr *gateway);

/* Brings it up, if it is not. */
int link_bring_up(struct netlink *n, const struct link *l, struct err *e);

/* Makes VLAN id of the link with index parent, which is up; called name, up, with this alias (NULL: none). */
int link_make_vlan(struct netlink *n, const char *name, int parent, unsigned int id,
		   const char *alias, struct err *e);

/* Removes the link of this name; 0 also when there is none. alias: only if it has this one; NULL: in any case. */
int link_delete(struct netlink *n, const char *name, const char *alias, struct err *e);

#endif
