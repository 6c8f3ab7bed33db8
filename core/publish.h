/* SPDX-License-Identifier: MIT */
/*
 * From containers and their links to the rules of the packet filter: what core/rules.h takes is made of
 * specs, addresses and the manifest here. Runs in launchers and the CLI; publish_rebuild() in the
 * supervisor, too.
 */
#ifndef CORE_PUBLISH_H
#define CORE_PUBLISH_H

#include "core/launch.h"
#include "core/lib/config.h"
#include "core/network.h"
#include "core/rules.h"

#if IS_ENABLED(CONFIG_NET_PORTS)
/*
 * Before anything is made: is there a link to lead the ports to, and is every port free of our other
 * containers and of the device's programs? After net_prepare() has resolved the networks.
 */
int publish_check(const struct launch *l, struct err *e);

/* Its links are there: networks and ports into the rules. */
int publish_up(const struct launch *l, struct err *e);

/* Before the links of a container go: takes away what leads to it. Repeatable. */
int publish_down(const char *container);

/* With each of its links: what its port may send. */
int publish_link_down(const struct net_link *l);

/* With the last link of a network: its bridge is gone. */
int publish_net_down(const struct net_link *l);

/*
 * The whole table from the records of what runs. m may be NULL: then the manifest in force is read. 0 also
 * when nothing needs rules, and then none are left.
 */
int publish_rebuild(const struct manifest *m, struct err *e);

/* What publish_up() hands to the rules for a container's link; false when it leads nowhere. */
bool publish_ctr(const struct spec *spec, const struct net_link *link, struct rules_ctr *out);
#else
static inline int publish_check(const struct launch *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int publish_up(const struct launch *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int publish_down(const char *container UNUSED)
{
	return 0;
}
static inline int publish_link_down(const struct net_link *l UNUSED)
{
	return 0;
}
static inline int publish_net_down(const struct net_link *l UNUSED)
{
	return 0;
}
#endif

#endif
