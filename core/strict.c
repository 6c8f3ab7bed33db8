// SPDX-License-Identifier: MIT
/*
 * The table bridge myctr: see strict.h. Runs in launchers, the CLI and the supervisor's loop. Must never
 * stop what a port sends under its own names.
 *
 * Ports are known by the numbers of their interfaces, which the kernel does not give again, so that what is left of
 * one that is gone is of no use to anybody. Taking it away at once would cost each container that ends a grace
 * period of the kernel, about 10 ms: it goes with the table, or when that is made anew.
 */
#include "core/strict.h"

#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "core/lib/nft_ops.h"

#define STRICT_TABLE NFT_BRIDGE "myctr"
#define STRICT_LEFT 128	  /* about so many ports that are gone may be in the table */
#define STRICT_DHCP 67	  /* ports that servers answer from: RFC 2131 */
#define STRICT_DHCP6 547  /* RFC 8415 */
#define STRICT_ADVERT 134 /* types of ICMPv6: RFC 4861 */
#define STRICT_NEIGHBOUR 136
#define STRICT_REDIRECT 137

enum strict_set { STRICT_PORTS, STRICT_MACS, STRICT_IP4, STRICT_IP6, STRICT_N_SETS };

static const struct nft_set strict_sets[STRICT_N_SETS] = {
	[STRICT_PORTS] = { "ports", NFT_TYPE_IFINDEX, 4, 0, 0 },
	[STRICT_MACS] = { "macs", NFT_TYPES2(NFT_TYPE_IFINDEX, NFT_TYPE_ETHER), 12, 0, 0 },
	[STRICT_IP4] = { "ip4", NFT_TYPES2(NFT_TYPE_IFINDEX, NFT_TYPE_IPV4), 8, 0, 0 },
	[STRICT_IP6] = { "ip6", NFT_TYPES2(NFT_TYPE_IFINDEX, NFT_TYPE_IPV6), 20, 0, 0 },
};

static const struct nft_chain strict_chain = { "from", "filter", NFT_HOOK_PREROUTING, -300 };

#define KIND(ethertype) META(8, NFT_META_PROTOCOL), IS_IN(8, 2, ethertype)
#define PROTO(number) META(8, NFT_META_L4PROTO), IS_IN(8, 1, number)
#define SOURCE_PORT(number) PROTO(IPPROTO_UDP), TRANSPORT(8, 0, 2), IS_IN(8, 2, number)
#define ICMP6(type) PROTO(IPPROTO_ICMPV6), TRANSPORT(8, 0, 1), IS_IN(8, 1, type)
/* The rule goes on when the port has no such name: a part of the frame, behind the port's own. */
#define NOT_ITS(set, part) PORT_INDEX, part, NOT_IN(set)
#define PORT_INDEX META(0, NFT_META_IIF)

static const struct nft_op strict_ops[] = {
	RULE("from", PORT_INDEX, NOT_IN("ports"), ACCEPT),
	RULE("from", NOT_ITS("macs", LINK(1, 6, 6)), DROP),
	/* ARP, RFC 826: who it says is where */
	RULE("from", KIND(ETH_P_ARP), NOT_ITS("macs", NETWORK(1, 8, 6)), DROP),
	RULE("from", KIND(ETH_P_ARP), NOT_ITS("ip4", NETWORK(1, 14, 4)), DROP),
	RULE("from", KIND(ETH_P_ARP), ACCEPT),
	RULE("from", KIND(ETH_P_IP), SOURCE_PORT(STRICT_DHCP), DROP),
	RULE("from", KIND(ETH_P_IP), NOT_ITS("ip4", NETWORK(1, 12, 4)), DROP),
	RULE("from", KIND(ETH_P_IP), ACCEPT),
	RULE("from", KIND(ETH_P_IPV6), SOURCE_PORT(STRICT_DHCP6), DROP),
	RULE("from", KIND(ETH_P_IPV6), ICMP6(STRICT_ADVERT), DROP),
	RULE("from", KIND(ETH_P_IPV6), ICMP6(STRICT_REDIRECT), DROP),
	RULE("from", KIND(ETH_P_IPV6), ICMP6(STRICT_NEIGHBOUR), NOT_ITS("ip6", TRANSPORT(1, 8, 16)),
	     DROP),
	RULE("from", KIND(ETH_P_IPV6), NOT_ITS("ip6", NETWORK(1, 8, 16)), DROP),
	RULE("from", KIND(ETH_P_IPV6), ACCEPT),
	RULE("from", DROP),
	RULES_END,
};

static void strict_table(struct netlink_req *r)
{
	nft_table(r, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, STRICT_TABLE);
	for (unsigned int i = 0; i < STRICT_N_SETS; i++)
		nft_add_set(r, STRICT_TABLE, &strict_sets[i], i + 1);
	nft_add_chain(r, STRICT_TABLE, &strict_chain);
	nft_add_rules(r, STRICT_TABLE, strict_ops);
}

bool strict_wanted(const struct net_spec *n)
{
	return n->kind == NET_BRIDGE && n->strict && !n->dhcp;
}

/* ---- elements ------------------------------------------------------------------------------------ */

static void strict_put_one(struct netlink_req *r, const struct net_link *l, uint32_t port,
			   enum strict_set set, const void *name, size_t len)
{
	const struct nft_set *s = &strict_sets[set];
	uint8_t key[NFT_KEY_MAX] = { 0 };
	size_t at;

	memcpy(key, &port, sizeof(port));
	memcpy(key + sizeof(port), name, len);
	at = nft_elems(r, NFT_MSG_NEWSETELEM, STRICT_TABLE, s->name, l->container);
	nft_elem(r, s, key, NULL, l->container);
	nft_elems_end(r, at);
}

/* With IPv6 it has an address of the link, made of its MAC (RFC 4291 appendix A), and asks from none for both. */
static void strict_put_ip6(struct netlink_req *r, const struct net_link *l, uint32_t port)
{
	const uint8_t *m = l->mac;
	const uint8_t own[16] = { 0xfe,	    0x80, 0,	0,    0,    0,	  0,	0,
				  m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5] };
	const uint8_t none[16] = { 0 };

	strict_put_one(r, l, port, STRICT_IP6, l->ip6.b, 16);
	strict_put_one(r, l, port, STRICT_IP6, own, 16);
	strict_put_one(r, l, port, STRICT_IP6, none, 16);
}

/* Nothing for one whose interface is gone. */
static void strict_put(struct netlink_req *r, const struct net_link *l)
{
	uint32_t port = if_nametoindex(l->host);

	if (!port)
		return;
	strict_put_one(r, l, port, STRICT_PORTS, "", 0);
	strict_put_one(r, l, port, STRICT_MACS, l->mac, ADDR_MAC);
	if (l->ip.len)
		strict_put_one(r, l, port, STRICT_IP4, l->ip.b, 4);
	if (l->ip6.len)
		strict_put_ip6(r, l, port);
}

/* ---- batches ------------------------------------------------------------------------------------- */

static int strict_commit(struct netlink *n, struct netlink_req *r, struct err *e)
{
	int size = (int)(2 * r->len), code;

	nft_end(r);
	if (r->len > 64U << 10)
		(void)setsockopt(n->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	code = netlink_talk(n, r, NULL, NULL, e);
	netlink_req_free(r);
	return code;
}

static int strict_try(struct netlink *n, const struct net_link *l, bool table, struct err *e)
{
	struct netlink_req r = NETLINK_REQ_HEAP;

	nft_begin(&r, 0);
	if (table)
		strict_table(&r);
	strict_put(&r, l);
	return strict_commit(n, &r, e);
}

/* A kernel without the family, or without a kind of rule in it. */
static int strict_lacking(int code, struct err *e)
{
	if (code != -ENOENT && code != -EOPNOTSUPP && code != -EAFNOSUPPORT)
		return code < 0 ? err_wrap(e, "strict") : 0;
	return err_set(e, EPROTONOSUPPORT,
		       "strict: the kernel has no nf_tables for bridges; see myctr check");
}

int strict_add(const struct net_link *l, struct err *e)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	int code = netlink_open(&n, NETLINK_NETFILTER, -1, e);

	if (code < 0)
		return code;
	code = strict_try(&n, l, false, e);
	if (code == -ENOENT)
		code = strict_try(&n, l, true, e);
	return strict_lacking(code, e);
}

bool strict_is_due(const struct net_link *l)
{
	return if_nametoindex(l->host) % STRICT_LEFT < 4;
}

int strict_end(void)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	struct netlink_req r = NETLINK_REQ_HEAP;
	int code = netlink_open(&n, NETLINK_NETFILTER, -1, NULL);

	if (code < 0)
		return 0;
	nft_begin(&r, 0);
	nft_table(&r, NFT_MSG_DELTABLE, 0, STRICT_TABLE);
	code = strict_commit(&n, &r, NULL);
	return code == -ENOENT || code == -EPROTONOSUPPORT || code == -EOPNOTSUPP ? 0 : code;
}

int strict_rebuild(const struct net_link *l, unsigned int n,
		   bool (*wanted)(const struct net_link *l, void *arg), void *arg, struct err *e)
{
	AUTO_NETLINK struct netlink s = { .fd = -1 };
	struct netlink_req r = NETLINK_REQ_HEAP;
	bool table = false;
	int code = netlink_open(&s, NETLINK_NETFILTER, -1, e);

	if (code < 0)
		return code;
	nft_begin(&r, 0);
	/* Made so that it can be deleted whether it was there or not. */
	nft_table(&r, NFT_MSG_NEWTABLE, NLM_F_CREATE, STRICT_TABLE);
	nft_table(&r, NFT_MSG_DELTABLE, 0, STRICT_TABLE);
	for (unsigned int i = 0; i < n; i++) {
		if (!wanted(&l[i], arg))
			continue;
		if (!table)
			strict_table(&r);
		table = true;
		strict_put(&r, &l[i]);
	}
	return strict_lacking(strict_commit(&s, &r, e), e);
}
