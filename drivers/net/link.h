/* SPDX-License-Identifier: MIT */
/*
 * What the net drivers share besides core/lib/link.h: whose a link is, the link below a network, what is
 * set inside.
 */
#ifndef DRIVERS_NET_LINK_H
#define DRIVERS_NET_LINK_H

#include "core/driver.h"
#include "core/lib/link.h"

#define LINK_ALIAS 256 /* bytes of ifalias with its NUL */

/* "myctr network lan0" or "myctr web lan0": whose a link is. container may be NULL. Returns buf. */
const char *link_alias(char *buf, size_t size, const char *container, const char *network);

/*
 * The index of the link below a network: its parent, or the VLAN of that, which is made and brought up when
 * it is not there.
 */
int link_lower(struct netlink *n, const struct net_spec *net, struct err *e);

/* Writes a file of /proc/sys/net, "conf" of an interface; what a kernel does not have is left alone. */
void link_sysctl(const char *family, const char *ifname, const char *key, const char *value);

/* Inside: lo and the link up, its addresses, routes. The same for every kind of link. */
int link_inside(const struct net_args *a, struct err *e);

#endif
