/* SPDX-License-Identifier: MIT */
/*
 * A container's networks through its life: found and addressed before the clone, linked while it waits,
 * taken away by its name alone. The mechanisms are the net drivers; what they need to know is decided here.
 */
#ifndef CORE_NET_H
#define CORE_NET_H

#include "core/launch.h"
#include "core/lib/config.h"

#if IS_ENABLED(CONFIG_NETWORK)
/* Fills l->net, nets, links: every name is known, its driver is there, addresses are taken. */
int net_prepare(struct launch *l, struct err *e);

/* Links of the waiting first process pid. */
int net_up(const struct launch *l, pid_t pid, struct err *e);

/* Takes away every link of the container of this name. Repeatable. */
int net_down(const char *container);

/* Forgets its addresses. */
void net_forget(const char *container);

/* What net_prepare() holds. */
void net_free(struct launch *l);

/* The network of this name in m, or the built-in one; NULL. Free what *made gets with section_free(). */
const struct net_spec *net_find(const struct manifest *m, const char *name, struct section **made);

/*
 * Where a supervisor answers for names by IPv4: the address in subnet that the device has on this bridge, else
 * gateway. A bridge that somebody else has made may have its gateway on another device. *own: it is the device's.
 */
struct addr net_responder(const char *bridge, const struct addr *subnet, const struct addr *gateway,
			  bool *own);
#else
int net_prepare(struct launch *l, struct err *e);
static inline int net_up(const struct launch *l UNUSED, pid_t pid UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int net_down(const char *container UNUSED)
{
	return 0;
}
static inline void net_forget(const char *container UNUSED)
{
}
static inline void net_free(struct launch *l UNUSED)
{
}
#endif

#endif
