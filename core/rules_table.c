// SPDX-License-Identifier: MIT
/*
 * The table inet myctr: no logic here. What the rules mean is said beside them; `nft list table inet myctr`
 * shows the same on a device.
 */
#include "core/rules_table.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "core/lib/nft_ops.h"
#include "core/lib/util.h"

#define ADDR_PORT4 NFT_TYPES2(NFT_TYPE_IPV4, NFT_TYPE_PORT), 8
#define ADDR_PORT6 NFT_TYPES2(NFT_TYPE_IPV6, NFT_TYPE_PORT), 20
#define PORT_KEY NFT_TYPES2(NFT_TYPE_PROTO, NFT_TYPE_PORT), 8
#define DEV_KEY NFT_TYPES3(NFT_TYPE_IFNAME, NFT_TYPE_PROTO, NFT_TYPE_PORT), 24
#define ADDR_KEY4 NFT_TYPES3(NFT_TYPE_IPV4, NFT_TYPE_PROTO, NFT_TYPE_PORT), 12
#define ADDR_KEY6 NFT_TYPES3(NFT_TYPE_IPV6, NFT_TYPE_PROTO, NFT_TYPE_PORT), 24

const struct nft_set rules_sets[RULES_N_SETS] = {
	[RULES_BRIDGES] = { "bridges", NFT_TYPE_IFNAME, 16, 0, 0 },
	[RULES_NAT] = { "nat", NFT_TYPE_IFNAME, 16, 0, 0 },
	[RULES_ISOLATED] = { "isolated", NFT_TYPE_IFNAME, 16, 0, 0 },
	[RULES_INTERNAL] = { "internal", NFT_TYPE_IFNAME, 16, 0, 0 },
	[RULES_SAME] = { "same", NFT_TYPES2(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME), 32, 0, 0 },
	[RULES_WAN] = { "wan", NFT_TYPE_IFNAME, 16, 0, 0 },
	[RULES_ANY4] = { "any4", PORT_KEY, ADDR_PORT4 },
	[RULES_DEV4] = { "dev4", DEV_KEY, ADDR_PORT4 },
	[RULES_ADDR4] = { "addr4", ADDR_KEY4, ADDR_PORT4 },
	[RULES_SELF4] = { "self4", PORT_KEY, ADDR_PORT4 },
	[RULES_ANY6] = { "any6", PORT_KEY, ADDR_PORT6 },
	[RULES_DEV6] = { "dev6", DEV_KEY, ADDR_PORT6 },
	[RULES_ADDR6] = { "addr6", ADDR_KEY6, ADDR_PORT6 },
	[RULES_SELF6] = { "self6", PORT_KEY, ADDR_PORT6 },
};

/* Numbers of linux/netfilter_ipv4.h; the hooks' names as the nft program has them. */
static const struct nft_chain rules_chains[] = {
	{ "loopback", "filter", NFT_HOOK_PREROUTING, -300 },
	{ "prerouting", "nat", NFT_HOOK_PREROUTING, -100 },
	{ "output", "nat", NFT_HOOK_OUTPUT, -100 },
	{ "postrouting", "nat", NFT_HOOK_POSTROUTING, 100 },
	{ "forward", "filter", NFT_HOOK_FORWARD, 0 },
	{ "publish", NULL, 0, 0 },
};

#define FROM_INDEX META(0, NFT_META_IIF)
#define TO META(0, NFT_META_OIFNAME)
#define FROM_AND_TO META(0, NFT_META_IIFNAME), META(4, NFT_META_OIFNAME)
#define IPV4 META(0, NFT_META_NFPROTO), IS(1, AF_INET)
#define IPV6 META(0, NFT_META_NFPROTO), IS(1, AF_INET6)
#define PUBLISHED CT(0, NFT_CT_STATUS), AND(IPS_DST_NAT), IS_NOT(4, 0)
#define NOT_PUBLISHED CT(0, NFT_CT_STATUS), AND(IPS_DST_NAT), IS(4, 0)
/* Bits of a state: 1 << (IP_CT_* + 1). */
#define KNOWN                                                                              \
	CT(0, NFT_CT_STATE), AND(1 << (IP_CT_ESTABLISHED + 1) | 1 << (IP_CT_RELATED + 1)), \
		IS_NOT(4, 0)
/* What the maps are asked for, behind a first part of the key that ends before word n. */
#define PROTO_PORT(n) META(n, NFT_META_L4PROTO), PORT((n) + 1)
/* Bytes 12 to 15 and 16 to 19 of IPv4 are the addresses, 8 to 23 and 24 to 39 of IPv6. */
#define TO_ADDR4 NETWORK(0, 16, 4)
#define TO_ADDR6 NETWORK(0, 24, 16)

static const struct nft_op rules_ops[] = {
	/*
	 * For 127.0.0.1:port to reach a container its bridge has the sysctl route_localnet, by which
	 * containers could in turn reach what listens on the device's loopback only.
	 */
	RULE("loopback", FROM, IN("bridges"), IPV4, NETWORK(0, 16, 1), IS(1, 127), DROP),
	RULE("loopback", FROM, IN("bridges"), IPV4, NETWORK(0, 12, 1), IS(1, 127), DROP),

	RULE("prerouting", IS_LOCAL(NFTA_FIB_F_DADDR), JUMP("publish")),
	/* An address named is for the wan side only where it is the address of that very interface. */
	RULE("prerouting", IPV4, IS_LOCAL(NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF), TO_ADDR4,
	     PROTO_PORT(1), IN_MAP("addr4"), DNAT4),
	RULE("prerouting", IPV6, IS_LOCAL(NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF), TO_ADDR6,
	     PROTO_PORT(4), IN_MAP("addr6"), DNAT6),
	/* Nothing is led away from ::1, so what is there is the device's. */
	RULE("output", IPV6, TO_ADDR6, IS(16, 1), ACCEPT),
	RULE("output", IS_LOCAL(NFTA_FIB_F_DADDR), JUMP("publish")),
	/* What is published on an interface is there for the device itself, whose packets come from none. */
	RULE("output", IPV4, IS_LOCAL(NFTA_FIB_F_DADDR), PROTO_PORT(0), IN_MAP("self4"), DNAT4),
	RULE("output", IPV6, IS_LOCAL(NFTA_FIB_F_DADDR), PROTO_PORT(0), IN_MAP("self6"), DNAT6),

	RULE("publish", IPV4, FROM, PROTO_PORT(4), IN_MAP("dev4"), DNAT4),
	RULE("publish", IPV4, FROM, NOT_IN("wan"), TO_ADDR4, PROTO_PORT(1), IN_MAP("addr4"), DNAT4),
	RULE("publish", IPV4, FROM, NOT_IN("wan"), PROTO_PORT(0), IN_MAP("any4"), DNAT4),
	RULE("publish", IPV6, FROM, PROTO_PORT(4), IN_MAP("dev6"), DNAT6),
	RULE("publish", IPV6, FROM, NOT_IN("wan"), TO_ADDR6, PROTO_PORT(4), IN_MAP("addr6"), DNAT6),
	RULE("publish", IPV6, FROM, NOT_IN("wan"), PROTO_PORT(0), IN_MAP("any6"), DNAT6),

	RULE("postrouting", FROM, IN("nat"), TO, NOT_IN("bridges"), MASQUERADE),
	/*
	 * A container at its own network's published port: the answer must come back by us. Where
	 * br_netfilter is loaded such packets come from nowhere, as do the device's own, whose 127.0.0.1
	 * would mean nothing to the container.
	 */
	RULE("postrouting", PUBLISHED, FROM_AND_TO, IN("same"), MASQUERADE),
	RULE("postrouting", PUBLISHED, FROM_INDEX, IS(4, 0), TO, IN("bridges"), MASQUERADE),

	RULE("forward", KNOWN, ACCEPT),
	/* Within one bridge, where the kernel shows us such packets: that is the bridge's affair. */
	RULE("forward", NOT_PUBLISHED, FROM_AND_TO, IN("same"), ACCEPT),
	RULE("forward", FROM, IN("isolated"), TO, IN("bridges"), DROP),
	RULE("forward", FROM, IN("internal"), DROP),
	RULE("forward", PUBLISHED, ACCEPT),
	RULE("forward", FROM, IN("bridges"), TO, IN("isolated"), DROP),
	RULE("forward", TO, IN("internal"), DROP),
	RULE("forward", FROM, IN("bridges"), ACCEPT),
	RULE("forward", TO, IN("nat"), DROP),
	RULES_END,
};

void rules_table(struct netlink_req *r)
{
	nft_table(r, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, RULES_TABLE);
	for (unsigned int i = 0; i < RULES_N_SETS; i++)
		nft_add_set(r, RULES_TABLE, &rules_sets[i], i + 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(rules_chains); i++)
		nft_add_chain(r, RULES_TABLE, &rules_chains[i]);
	nft_add_rules(r, RULES_TABLE, rules_ops);
}
