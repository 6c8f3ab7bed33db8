// SPDX-License-Identifier: MIT
/*
 * What of nf_tables the kernel has, and who else filters what is forwarded. For `myctr check` and for the
 * supervisor's first look. Changes nothing: a batch without its end is checked by the kernel and dropped.
 */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

#include "core/rules.h"
#include "core/rules_table.h"

#define PROBE_TABLE "myctr-check"

/* Ends in an error of the kernel's when it does not know what ops need. */
static int probe_send(struct netlink *n, const char *table, const struct nft_op *ops,
		      const struct nft_chain *chain, struct err *e)
{
	NETLINK_BUF buf[1024];
	struct netlink_req r = NETLINK_REQ(buf);

	nft_begin(&r, 0);
	nft_table(&r, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
	nft_add_chain(&r, table, chain);
	if (ops)
		nft_add_rule(&r, table, chain->name, ops);
	return netlink_talk(n, &r, NULL, NULL, e);
}

/* Anything that is answered at all: numbers of the flows. */
static int probe_flows(struct netlink *n, struct err *e)
{
	struct nfgenmsg g = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	NETLINK_BUF buf[64];
	struct netlink_req r = NETLINK_REQ(buf);

	netlink_begin(&r, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, &g,
		      sizeof(g), "conntrack");
	return netlink_talk(n, &r, NULL, NULL, e);
}

int rules_probe(enum rules_part part, struct err *e)
{
	static const struct nft_chain chains[] = {
		{ "pre", "nat", NFT_HOOK_PREROUTING, -100 },
		{ "post", "nat", NFT_HOOK_POSTROUTING, 100 },
		{ "plain", "filter", NFT_HOOK_FORWARD, 0 },
		{ "bridge", "filter", NFT_HOOK_PREROUTING, 0 },
	};
	static const struct {
		uint8_t chain;
		struct nft_op ops[4];
	} parts[] = {
		[RULES_PART_TABLES] = { 2, { { .kind = NFT_OP_END } } },
		[RULES_PART_CT] = { 2, { { .kind = NFT_OP_CT, .a = NFT_CT_STATUS } } },
		[RULES_PART_FIB] = { 0, { { .kind = NFT_OP_FIB, .a = NFTA_FIB_F_DADDR } } },
		[RULES_PART_NAT] = { 0,
				     { { .kind = NFT_OP_META, .reg = 0, .a = NFT_META_MARK },
				       { .kind = NFT_OP_META, .reg = 1, .a = NFT_META_MARK },
				       { .kind = NFT_OP_DNAT, .a = AF_INET, .len = 1 } } },
		[RULES_PART_MASQ] = { 1, { { .kind = NFT_OP_MASQUERADE } } },
		[RULES_PART_BRIDGE] = { 3, { { .kind = NFT_OP_END } } },
	};
	struct netlink n;
	int code = netlink_open(&n, NETLINK_NETFILTER, -1, e);

	if (code < 0)
		return code;
	if (part == RULES_PART_FLOWS)
		code = probe_flows(&n, e);
	else
		code = probe_send(&n,
				  part == RULES_PART_BRIDGE ? NFT_BRIDGE PROBE_TABLE : PROBE_TABLE,
				  parts[part].ops, &chains[parts[part].chain], e);
	netlink_close(&n);
	return code;
}

bool rules_usable(void)
{
	for (enum rules_part part = RULES_PART_TABLES; part < RULES_N_PARTS; part++)
		if (rules_probe(part, NULL) < 0)
			return false;
	return true;
}

/* ---- others -------------------------------------------------------------------------------------- */

struct probe_others {
	void (*each)(const struct rules_other *o, void *arg);
	void *arg;
};

static const char *probe_family(unsigned int family)
{
	return family == NFT_INET   ? "inet"
	       : family == AF_INET  ? "ip"
	       : family == AF_INET6 ? "ip6"
				    : "";
}

/* Chains of the forward hook whose policy is to drop: theirs counts, whatever ours accepts. */
static int probe_chain(const struct netlink_msg *m, void *arg)
{
	const struct probe_others *others = arg;
	struct rules_other o = { 0 };
	struct netlink_attr a, hook;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);

	if (!p || !*probe_family(g.nfgen_family) || m->type != NFT_TYPE(NFT_MSG_NEWCHAIN) ||
	    !netlink_find(p, left, NFTA_CHAIN_POLICY, 4, &a) || netlink_be32(&a) != NFT_V_DROP ||
	    !netlink_find(p, left, NFTA_CHAIN_HOOK, 0, &hook) ||
	    !netlink_find(hook.data, hook.len, NFTA_HOOK_HOOKNUM, 4, &a) ||
	    netlink_be32(&a) != NFT_HOOK_FORWARD)
		return 0;
	o.family = probe_family(g.nfgen_family);
	if (netlink_find(p, left, NFTA_CHAIN_TABLE, 1, &a))
		netlink_text(&a, o.table, sizeof(o.table));
	if (netlink_find(p, left, NFTA_CHAIN_NAME, 1, &a))
		netlink_text(&a, o.chain, sizeof(o.chain));
	if (g.nfgen_family != NFT_INET || strcmp(o.table, RULES_TABLE) != 0)
		others->each(&o, others->arg);
	return 0;
}

int rules_others(void (*each)(const struct rules_other *o, void *arg), void *arg, struct err *e)
{
	struct probe_others others = { each, arg };
	struct nfgenmsg g = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	NETLINK_BUF buf[64];
	struct netlink_req r = NETLINK_REQ(buf);
	struct netlink n;
	int code = netlink_open(&n, NETLINK_NETFILTER, -1, e);

	if (code < 0)
		return code;
	netlink_begin(&r, NFT_TYPE(NFT_MSG_GETCHAIN), 0, &g, sizeof(g), "nf_tables");
	code = netlink_dump(&n, &r, probe_chain, &others, e);
	netlink_close(&n);
	return code;
}
