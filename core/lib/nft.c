// SPDX-License-Identifier: MIT
/*
 * nf_tables messages. See nft.h. Runs in launchers, the CLI and the supervisor's loop; only builds and reads
 * messages, and trusts no length of what it reads.
 */
#include "core/lib/nft.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "core/lib/str.h"

#define NFT_COMMENT \
	0 /* NFTNL_UDATA_*_COMMENT: type of a comment within user data, as nft writes it */

/* The first attribute of all of them is the table's name (NFTA_TABLE_NAME, NFTA_RULE_TABLE, ...). */
static void nft_msg(struct netlink_req *r, uint16_t msg, uint16_t flags, const char *table,
		    const char *what)
{
	bool bridge = table && strncmp(table, NFT_BRIDGE, sizeof(NFT_BRIDGE) - 1) == 0;
	struct nfgenmsg g = { .nfgen_family = bridge ? AF_BRIDGE : NFT_INET,
			      .version = NFNETLINK_V0 };

	netlink_begin(r, NFT_TYPE(msg), flags, &g, sizeof(g), what);
	if (table)
		netlink_put_text(r, NFTA_TABLE_NAME,
				 bridge ? table + sizeof(NFT_BRIDGE) - 1 : table);
}

static void nft_edge(struct netlink_req *r, uint16_t type)
{
	struct nfgenmsg g = { .nfgen_family = AF_UNSPEC,
			      .version = NFNETLINK_V0,
			      .res_id = htobe16(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(r, type, 0, &g, sizeof(g), "nf_tables");
}

void nft_begin(struct netlink_req *r, uint32_t genid)
{
	nft_edge(r, NFNL_MSG_BATCH_BEGIN);
	if (genid)
		netlink_put_be32(r, NFNL_BATCH_GENID, genid);
}

void nft_end(struct netlink_req *r)
{
	nft_edge(r, NFNL_MSG_BATCH_END);
}

void nft_table(struct netlink_req *r, uint16_t msg, uint16_t flags, const char *table)
{
	nft_msg(r, msg, flags, table, "table");
}

void nft_add_chain(struct netlink_req *r, const char *table, const struct nft_chain *c)
{
	size_t at;

	nft_msg(r, NFT_MSG_NEWCHAIN, NLM_F_CREATE, table, c->name);
	netlink_put_text(r, NFTA_CHAIN_NAME, c->name);
	if (!c->type)
		return;
	at = netlink_nest(r, NFTA_CHAIN_HOOK);
	netlink_put_be32(r, NFTA_HOOK_HOOKNUM, c->hook);
	netlink_put_be32(r, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
	netlink_nest_end(r, at);
	netlink_put_be32(r, NFTA_CHAIN_POLICY, NFT_V_ACCEPT);
	netlink_put_text(r, NFTA_CHAIN_TYPE, c->type);
}

void nft_add_set(struct netlink_req *r, const char *table, const struct nft_set *s, uint32_t id)
{
	/* NFTNL_UDATA_SET_KEYBYTEORDER, four bytes, a 1 in the processor's order */
	uint8_t host_order[6] = { 0, 4 };
	const uint32_t one = 1;

	memcpy(host_order + 2, &one, sizeof(one));
	nft_msg(r, NFT_MSG_NEWSET, NLM_F_CREATE, table, s->name);
	netlink_put_text(r, NFTA_SET_NAME, s->name);
	netlink_put_be32(r, NFTA_SET_FLAGS, s->data_len ? NFT_SET_MAP : 0);
	netlink_put_be32(r, NFTA_SET_KEY_TYPE, s->key_type);
	netlink_put_be32(r, NFTA_SET_KEY_LEN, s->key_len);
	if (s->data_len) {
		netlink_put_be32(r, NFTA_SET_DATA_TYPE, s->data_type);
		netlink_put_be32(r, NFTA_SET_DATA_LEN, s->data_len);
	}
	netlink_put_be32(r, NFTA_SET_ID, id);
	/* Without it the nft program takes names for numbers, and prints none. */
	if (s->key_type == NFT_TYPE_IFNAME)
		netlink_put(r, NFTA_SET_USERDATA, host_order, sizeof(host_order));
}

/* ---- rules --------------------------------------------------------------------------------------- */

/* An attribute that holds bytes to compare with. */
static void nft_value(struct netlink_req *r, uint16_t type, const void *bytes, size_t len)
{
	size_t at = netlink_nest(r, type);

	netlink_put(r, NFTA_DATA_VALUE, bytes, len);
	netlink_nest_end(r, at);
}

/* Some attributes of an expression, each a number: pairs of type and value. */
static void nft_numbers(struct netlink_req *r, const uint32_t (*pairs)[2], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		netlink_put_be32(r, (uint16_t)pairs[i][0], pairs[i][1]);
}
#define NFT_NUMBERS(r, ...)                                  \
	nft_numbers(r, (const uint32_t[][2]){ __VA_ARGS__ }, \
		    sizeof((const uint32_t[][2]){ __VA_ARGS__ }) / sizeof(uint32_t[2]))

static void nft_put_payload(struct netlink_req *r, const struct nft_op *o)
{
	NFT_NUMBERS(r, { NFTA_PAYLOAD_DREG, NFT_R(o->reg) },
		    { NFTA_PAYLOAD_BASE, o->kind - NFT_OP_LINK + NFT_PAYLOAD_LL_HEADER },
		    { NFTA_PAYLOAD_OFFSET, o->a }, { NFTA_PAYLOAD_LEN, o->len });
}

static void nft_put_and(struct netlink_req *r, const struct nft_op *o)
{
	static const uint32_t zero;

	NFT_NUMBERS(r, { NFTA_BITWISE_SREG, NFT_R(o->reg) }, { NFTA_BITWISE_DREG, NFT_R(o->reg) },
		    { NFTA_BITWISE_LEN, sizeof(o->value) });
	nft_value(r, NFTA_BITWISE_MASK, &o->value, sizeof(o->value));
	nft_value(r, NFTA_BITWISE_XOR, &zero, sizeof(zero));
}

static void nft_put_cmp(struct netlink_req *r, const struct nft_op *o)
{
	uint8_t bytes[16] = { 0 };

	/* What is not a number of the processor's is one byte, two, or zeros before them: ::1. */
	if (o->len == sizeof(o->value)) {
		memcpy(bytes, &o->value, o->len);
	} else {
		bytes[o->len - 1] = (uint8_t)o->value;
		if (o->len > 1)
			bytes[o->len - 2] = (uint8_t)(o->value >> 8);
	}
	NFT_NUMBERS(r, { NFTA_CMP_SREG, NFT_R(o->reg) },
		    { NFTA_CMP_OP, o->kind == NFT_OP_IS ? NFT_CMP_EQ : NFT_CMP_NEQ });
	nft_value(r, NFTA_CMP_DATA, bytes, o->len);
}

static void nft_put_lookup(struct netlink_req *r, const struct nft_op *o)
{
	netlink_put_text(r, NFTA_LOOKUP_SET, o->name);
	netlink_put_be32(r, NFTA_LOOKUP_SREG, NFT_R(o->reg));
	if (o->kind == NFT_OP_IN_MAP)
		netlink_put_be32(r, NFTA_LOOKUP_DREG, NFT_R(0));
	if (o->kind == NFT_OP_NOT_IN)
		netlink_put_be32(r, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void nft_put_dnat(struct netlink_req *r, const struct nft_op *o)
{
	NFT_NUMBERS(r, { NFTA_NAT_TYPE, NFT_NAT_DNAT }, { NFTA_NAT_FAMILY, o->a },
		    { NFTA_NAT_REG_ADDR_MIN, NFT_R(o->reg) },
		    { NFTA_NAT_REG_PROTO_MIN, NFT_R(o->len) });
}

static void nft_put_verdict(struct netlink_req *r, const struct nft_op *o)
{
	uint32_t code = o->kind == NFT_OP_ACCEPT ? NFT_V_ACCEPT
			: o->kind == NFT_OP_DROP ? NFT_V_DROP
						 : (uint32_t)NFT_JUMP;
	size_t data, verdict;

	netlink_put_be32(r, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(r, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(r, NFTA_DATA_VERDICT);
	netlink_put_be32(r, NFTA_VERDICT_CODE, code);
	if (o->kind == NFT_OP_JUMP)
		netlink_put_text(r, NFTA_VERDICT_CHAIN, o->name);
	netlink_nest_end(r, verdict);
	netlink_nest_end(r, data);
}

static void nft_put_meta(struct netlink_req *r, const struct nft_op *o)
{
	NFT_NUMBERS(r, { NFTA_META_DREG, NFT_R(o->reg) }, { NFTA_META_KEY, o->a });
}

static void nft_put_ct(struct netlink_req *r, const struct nft_op *o)
{
	NFT_NUMBERS(r, { NFTA_CT_DREG, NFT_R(o->reg) }, { NFTA_CT_KEY, o->a });
}

static void nft_put_fib(struct netlink_req *r, const struct nft_op *o)
{
	NFT_NUMBERS(r, { NFTA_FIB_DREG, NFT_R(o->reg) },
		    { NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE }, { NFTA_FIB_FLAGS, o->a });
}

static const struct {
	const char *name; /* of the kernel's expression */
	void (*put)(struct netlink_req *r, const struct nft_op *o);
} nft_ops[] = {
	[NFT_OP_META] = { "meta", nft_put_meta },
	[NFT_OP_LINK] = { "payload", nft_put_payload },
	[NFT_OP_NETWORK] = { "payload", nft_put_payload },
	[NFT_OP_TRANSPORT] = { "payload", nft_put_payload },
	[NFT_OP_CT] = { "ct", nft_put_ct },
	[NFT_OP_FIB] = { "fib", nft_put_fib },
	[NFT_OP_AND] = { "bitwise", nft_put_and },
	[NFT_OP_IS] = { "cmp", nft_put_cmp },
	[NFT_OP_IS_NOT] = { "cmp", nft_put_cmp },
	[NFT_OP_IN] = { "lookup", nft_put_lookup },
	[NFT_OP_IN_MAP] = { "lookup", nft_put_lookup },
	[NFT_OP_NOT_IN] = { "lookup", nft_put_lookup },
	[NFT_OP_DNAT] = { "nat", nft_put_dnat },
	[NFT_OP_MASQUERADE] = { "masq", NULL },
	[NFT_OP_ACCEPT] = { "immediate", nft_put_verdict },
	[NFT_OP_DROP] = { "immediate", nft_put_verdict },
	[NFT_OP_JUMP] = { "immediate", nft_put_verdict },
};

void nft_add_rule(struct netlink_req *r, const char *table, const char *chain,
		  const struct nft_op *ops)
{
	size_t list, elem, data;

	nft_msg(r, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, table, chain);
	netlink_put_text(r, NFTA_RULE_CHAIN, chain);
	list = netlink_nest(r, NFTA_RULE_EXPRESSIONS);
	for (; ops->kind != NFT_OP_END; ops++) {
		elem = netlink_nest(r, NFTA_LIST_ELEM);
		netlink_put_text(r, NFTA_EXPR_NAME, nft_ops[ops->kind].name);
		data = netlink_nest(r, NFTA_EXPR_DATA);
		if (nft_ops[ops->kind].put)
			nft_ops[ops->kind].put(r, ops);
		netlink_nest_end(r, data);
		netlink_nest_end(r, elem);
	}
	netlink_nest_end(r, list);
}

void nft_add_rules(struct netlink_req *r, const char *table, const struct nft_op *ops)
{
	while (ops->name) {
		nft_add_rule(r, table, ops->name, ops + 1);
		do {
			ops++;
		} while (ops->kind != NFT_OP_END);
	}
}

/* ---- elements ------------------------------------------------------------------------------------ */

size_t nft_elems(struct netlink_req *r, uint16_t msg, const char *table, const char *set,
		 const char *what)
{
	nft_msg(r, msg, msg == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, table, what);
	netlink_put_text(r, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_nest(r, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void nft_elem(struct netlink_req *r, const struct nft_set *s, const void *key, const void *data,
	      const char *comment)
{
	size_t at = netlink_nest(r, NFTA_LIST_ELEM);
	uint8_t text[2 + 64];

	nft_value(r, NFTA_SET_ELEM_KEY, key, s->key_len);
	if (data)
		nft_value(r, NFTA_SET_ELEM_DATA, data, s->data_len);
	if (comment) {
		size_t len = strnlen(comment, 63);

		text[0] = NFT_COMMENT;
		text[1] = (uint8_t)(len + 1);
		memcpy(text + 2, comment, len);
		text[2 + len] = '\0';
		netlink_put(r, NFTA_SET_ELEM_USERDATA, text, len + 3);
	}
	netlink_nest_end(r, at);
}

void nft_elems_end(struct netlink_req *r, size_t at)
{
	netlink_nest_end(r, at);
}

/* The value within a key or data attribute. */
static size_t nft_read_value(const struct netlink_attr *a, uint8_t out[NFT_KEY_MAX])
{
	struct netlink_attr v;

	if (!netlink_find(a->data, a->len, NFTA_DATA_VALUE, 1, &v) || v.len > NFT_KEY_MAX)
		return 0;
	memcpy(out, v.data, v.len);
	return v.len;
}

static void nft_read_comment(const struct netlink_attr *a, struct nft_elem *elem)
{
	const uint8_t *p = a->data;
	size_t left = a->len;

	while (left >= 2 && left - 2 >= p[1]) {
		size_t len = p[1];

		if (p[0] == NFT_COMMENT && len && len <= sizeof(elem->comment)) {
			memcpy(elem->comment, p + 2, len);
			elem->comment[len - 1] = '\0';
		}
		p += 2 + len;
		left -= 2 + len;
	}
}

static void nft_read_elem(const struct netlink_attr *item, struct nft_elem *elem)
{
	const uint8_t *p = item->data;
	size_t left = item->len;
	struct netlink_attr a;

	memset(elem, 0, sizeof(*elem));
	while (netlink_next(&p, &left, &a)) {
		if (a.type == NFTA_SET_ELEM_KEY)
			elem->key_len = nft_read_value(&a, elem->key);
		else if (a.type == NFTA_SET_ELEM_DATA)
			elem->data_len = nft_read_value(&a, elem->data);
		else if (a.type == NFTA_SET_ELEM_USERDATA)
			nft_read_comment(&a, elem);
	}
}

int nft_read_elems(const struct netlink_msg *m, nft_each_elem_fn *each, void *arg)
{
	struct netlink_attr list, item;
	struct nft_elem elem;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);
	int r = 0;

	if (!netlink_find(p, left, NFTA_SET_ELEM_LIST_ELEMENTS, 0, &list))
		return 0;
	p = list.data;
	left = list.len;
	while (r >= 0 && netlink_next(&p, &left, &item)) {
		nft_read_elem(&item, &elem);
		if (elem.key_len)
			r = each(&elem, arg);
	}
	return r < 0 ? r : 0;
}

struct nft_lister {
	nft_each_elem_fn *each;
	void *arg;
};

static int nft_list_one(const struct netlink_msg *m, void *arg)
{
	struct nft_lister *l = arg;

	return nft_read_elems(m, l->each, l->arg);
}

int nft_list(struct netlink *n, const char *table, const char *set, nft_each_elem_fn *each,
	     void *arg, struct err *e)
{
	struct nft_lister l = { each, arg };
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);

	nft_msg(&r, NFT_MSG_GETSETELEM, 0, table, set);
	netlink_put_text(&r, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_dump(n, &r, nft_list_one, &l, e);
}

/* ---- notifications ------------------------------------------------------------------------------- */

void nft_watch_next(struct nft_watch *w)
{
	*w = (struct nft_watch){ .table = w->table };
}

static int nft_watch_end(struct nft_watch *w, const uint8_t *p, size_t left)
{
	struct netlink_attr a;

	if (netlink_find(p, left, NFTA_GEN_PROC_PID, sizeof(uint32_t), &a))
		w->pid = netlink_be32(&a);
	if (netlink_find(p, left, NFTA_GEN_PROC_NAME, 1, &a))
		netlink_text(&a, w->comm, sizeof(w->comm));
	if (w->touched || w->elements)
		return 1;
	nft_watch_next(w);
	return 0;
}

int nft_watch_read(struct nft_watch *w, const struct netlink_msg *m)
{
	struct netlink_attr a;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);
	char table[32];

	if (!p || m->type >> 8 != NFNL_SUBSYS_NFTABLES)
		return 0;
	if (m->type == NFT_TYPE(NFT_MSG_NEWGEN))
		return nft_watch_end(w, p, left);
	if ((g.nfgen_family != NFT_INET && g.nfgen_family != AF_BRIDGE) ||
	    !netlink_find(p, left, NFTA_TABLE_NAME, 1, &a))
		return 0;
	netlink_text(&a, table, sizeof(table));
	if (strcmp(table, w->table) != 0)
		return 0;
	if (m->type == NFT_TYPE(NFT_MSG_NEWSETELEM) || m->type == NFT_TYPE(NFT_MSG_DELSETELEM))
		w->elements = true;
	else
		w->touched = true;
	if (m->type == NFT_TYPE(NFT_MSG_DELTABLE))
		w->removed = true;
	return 0;
}

static int nft_read_genid(const struct netlink_msg *m, void *arg)
{
	struct netlink_attr a;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);

	if (netlink_find(p, left, NFTA_GEN_ID, sizeof(uint32_t), &a))
		*(uint32_t *)arg = netlink_be32(&a);
	return 0;
}

int nft_genid(struct netlink *n, uint32_t *genid, struct err *e)
{
	NETLINK_BUF buf[64];
	struct netlink_req r = NETLINK_REQ(buf);

	*genid = 0;
	nft_msg(&r, NFT_MSG_GETGEN, NLM_F_ACK, NULL, "nf_tables");
	return netlink_talk(n, &r, nft_read_genid, genid, e);
}
