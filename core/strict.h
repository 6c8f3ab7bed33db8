/* SPDX-License-Identifier: MIT */
/*
 * A container on a bridge sends from its own MAC and addresses only: no other's ARP or neighbour answers, no
 * route advertisement, no DHCP server's answer, no packet with another's source. The rules are in the table
 * bridge myctr of nf_tables, which stands where frames enter a bridge; ports that are not in its sets are let
 * through. A network says strict = no for containers that route for others.
 *
 * All functions wait for nothing but the kernel and are repeatable; they are called with the lock of the
 * leases, by which links come and go one after another.
 */
#ifndef CORE_STRICT_H
#define CORE_STRICT_H

#include <errno.h>

#include "core/lib/config.h"
#include "core/network.h"

#if IS_ENABLED(CONFIG_NET_STRICT)
/* Is this network one whose containers' addresses are known, and that wants it? */
bool strict_wanted(const struct net_spec *n);

/* Before its program runs. -EPROTONOSUPPORT where the kernel has no nf_tables for bridges. */
int strict_add(const struct net_link *l, struct err *e);

/* Once in a while, by the number of its interface: is the table to be made anew, without what is gone? */
bool strict_is_due(const struct net_link *l);

/* With the last link of all: the table goes. */
int strict_end(void);

/* All of it anew, for those of n links that want it. */
int strict_rebuild(const struct net_link *l, unsigned int n,
		   bool (*wanted)(const struct net_link *l, void *arg), void *arg, struct err *e);
#else
static inline bool strict_wanted(const struct net_spec *n UNUSED)
{
	return false;
}
static inline int strict_add(const struct net_link *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline bool strict_is_due(const struct net_link *l UNUSED)
{
	return false;
}
static inline int strict_end(void)
{
	return 0;
}
static inline int strict_rebuild(const struct net_link *l UNUSED, unsigned int n UNUSED,
				 bool (*wanted)(const struct net_link *l, void *arg) UNUSED,
				 void *arg UNUSED, struct err *e UNUSED)
{
	return 0;
}
#endif

#endif
