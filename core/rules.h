/* SPDX-License-Identifier: MIT */
/*
 * The rules of the device's packet filter that containers need: masquerading of networks, published ports,
 * what may be forwarded where. All of them are in one table of nf_tables of our own, inet myctr; nobody
 * else's rules are read or changed.
 *
 * The rules themselves never change: they look things up in sets (interfaces of networks) and maps (ports)
 * of the table. So a container or network that comes or goes is a few elements in one atomic batch, and
 * everything from anew, table and all, is one batch too. Elements of a container carry its name; taking
 * them away needs nothing but that name and works after any crash. The table goes with its last network.
 *
 * All functions may be called by any process, at the same time as by others. They take well under a
 * millisecond, wait for nothing but the kernel and are repeatable. 0 or -errno with a sentence in e;
 * -EPROTONOSUPPORT where the kernel has no nf_tables (the supervisor then forwards ports itself).
 *
 * Not here, but by the bridge driver: containers of an isolated network reach each other through the
 * bridge and not through these rules, so its ports need IFLA_BRPORT_ISOLATED; every port needs hairpin mode
 * (IFLA_BRPORT_MODE), so that a container reaches its own published port where br_netfilter is loaded;
 * and the sysctls net.ipv4.ip_forward and net.ipv6.conf.all.forwarding.
 */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/lib/str.h"
#include "core/lib/util.h"

/* A network whose bridge exists. */
struct rules_net {
	const char *bridge; /* interface name */
	bool nat;	    /* what leaves it has the device's address; nobody gets in unasked */
	bool isolate;	    /* its containers reach no other network of ours, nor others them */
	bool internal;	    /* nothing leaves it */
};

/* The ports of a container. It is reached at these addresses; all zero is none. */
struct rules_ctr {
	const char *name;
	const char *bridge;	    /* of the network of its addresses */
	const struct strv *publish; /* entries as in core/port.h */
	uint8_t ip4[4];		    /* network order, like ip6 */
	bool local;		    /* the bridge may be opened for the device's own 127.0.0.1 */
	uint8_t ip6[16];
};

struct rules_all {
	const struct rules_net *nets;
	const struct rules_ctr *ctrs;
	unsigned int n_nets, n_ctrs;
	const struct strv *wan; /* [system] wan */
};

/* What the rules need of the kernel. */
enum rules_part {
	RULES_PART_TABLES,
	RULES_PART_CT,
	RULES_PART_FIB,
	RULES_PART_NAT,
	RULES_PART_MASQ,
	RULES_N_PARTS,
	/* beside them: of strict.h, of conntrack.h */
	RULES_PART_BRIDGE = RULES_N_PARTS,
	RULES_PART_FLOWS
};

/* A chain of somebody else's that drops what it does not know of what is forwarded. */
struct rules_other {
	const char *family; /* "inet" */
	char table[64], chain[64];
};

#if IS_ENABLED(CONFIG_NET_NFT)
/* Has the kernel this part? rules_probe.c; changes nothing. */
int rules_probe(enum rules_part part, struct err *e);

/* Has it all of them? */
bool rules_usable(void);

/*
 * Calls each for every such chain. What ours accepts they may still drop: in nf_tables all chains of a hook
 * have to accept, so only a rule in theirs lets containers through.
 */
int rules_others(void (*each)(const struct rules_other *o, void *arg), void *arg, struct err *e);

/*
 * Adds a network, making the table with the wan interfaces in wan when there is none yet. Call it when the
 * bridge has been made and, harmlessly, each time a container joins.
 */
int rules_net_add(const struct rules_net *n, const struct strv *wan, struct err *e);

/* Forgets it, when its bridge is removed. With the last one the table goes. */
int rules_net_remove(const char *bridge, struct err *e);

/* Leads its published ports to it. -EADDRINUSE naming the container that has one of them. */
int rules_add(const struct rules_ctr *c, struct err *e);

/* Takes away whatever leads to the container of this name. */
int rules_remove(const char *name, struct err *e);

/* The whole table anew; with no networks, none at all. */
int rules_rebuild(const struct rules_all *all, struct err *e);
#else
static inline bool rules_usable(void)
{
	return false;
}
static inline int rules_probe(enum rules_part part UNUSED, struct err *e UNUSED)
{
	return -EPROTONOSUPPORT;
}
static inline int rules_others(void (*each)(const struct rules_other *o, void *arg) UNUSED,
			       void *arg UNUSED, struct err *e UNUSED)
{
	return -EPROTONOSUPPORT;
}
static inline int rules_net_add(const struct rules_net *n UNUSED, const struct strv *wan UNUSED,
				struct err *e UNUSED)
{
	return -EPROTONOSUPPORT;
}
static inline int rules_net_remove(const char *bridge UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int rules_add(const struct rules_ctr *c UNUSED, struct err *e UNUSED)
{
	return -EPROTONOSUPPORT;
}
static inline int rules_remove(const char *name UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int rules_rebuild(const struct rules_all *all UNUSED, struct err *e UNUSED)
{
	return -EPROTONOSUPPORT;
}
#endif

#endif
