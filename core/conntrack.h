/* SPDX-License-Identifier: MIT */
/*
 * What the kernel remembers of datagrams (connection tracking): a client that sends on from one port is led where
 * its first datagram was led, also when the rules have changed since. So what is remembered is forgotten when a
 * container with a published UDP port comes or goes. Source: linux/netfilter/nfnetlink_conntrack.h.
 */
#ifndef CORE_CONNTRACK_H
#define CORE_CONNTRACK_H

#include <errno.h>

#include "core/lib/config.h"
#include "core/lib/netlink.h"
#include "core/rules.h"

#if IS_ENABLED(CONFIG_NET_CONNTRACK)
/*
 * Forgets the UDP flows that lead to c's addresses, and those at a port of its list that were led nowhere.
 * Everybody else's stay. 0, or -errno where the kernel cannot (no NF_CT_NETLINK).
 */
int conntrack_forget(const struct rules_ctr *c);

/* For tests: is this flow, as the kernel tells it, one of those? Any bytes. */
bool conntrack_is_stale(const struct netlink_msg *m, const struct rules_ctr *c);
#else
static inline int conntrack_forget(const struct rules_ctr *c UNUSED)
{
	return 0;
}
static inline bool conntrack_is_stale(const struct netlink_msg *m UNUSED,
				      const struct rules_ctr *c UNUSED)
{
	return false;
}
#endif

#endif
