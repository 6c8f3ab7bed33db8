/* SPDX-License-Identifier: MIT */
/*
 * What never changes in the table inet myctr: its sets and maps, chains and rules, as data. For rules.c.
 */
#ifndef CORE_RULES_TABLE_H
#define CORE_RULES_TABLE_H

#include "core/lib/nft.h"

#define RULES_TABLE "myctr"

/* Those of networks come first, then wan, then the maps of ports. */
enum rules_set {
	RULES_BRIDGES, /* interfaces of networks */
	RULES_NAT,
	RULES_ISOLATED,
	RULES_INTERNAL,
	RULES_SAME, /* each bridge twice: in and out by the same */
	RULES_WAN,
	RULES_ANY4,  /* protocol . port : address . port */
	RULES_DEV4,  /* interface . protocol . port : address . port */
	RULES_ADDR4, /* address . protocol . port : address . port */
	RULES_SELF4, /* of the device itself, protocol . port : address . port */
	RULES_ANY6,
	RULES_DEV6,
	RULES_ADDR6,
	RULES_SELF6,
	RULES_N_SETS
};

extern const struct nft_set rules_sets[RULES_N_SETS];

/* Adds the messages that make the table, empty of elements. It must not be there. */
void rules_table(struct netlink_req *r);

#endif
