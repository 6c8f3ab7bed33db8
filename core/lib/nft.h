/* SPDX-License-Identifier: MIT */
/*
 * nf_tables over netlink: tables, chains, sets, rules and elements as messages of one atomic batch.
 *
 *	nft_begin(&r, 0);
 *	nft_table(&r, NFT_MSG_NEWTABLE, NLM_F_CREATE, "myctr");
 *	...
 *	nft_end(&r);
 *	netlink_talk(&n, &r, NULL, NULL, e);
 *
 * A table's name stands for one of the family inet, or with NFT_BRIDGE before it of the family bridge. A
 * rule is written as a row of struct nft_op, which reads about as the nft program prints it with
 * --debug=netlink; nft_ops.h has words for them. Source: linux/netfilter/nf_tables.h and net/netfilter/
 * nf_tables_api.c of Linux 5.10.
 */
#ifndef CORE_LIB_NFT_H
#define CORE_LIB_NFT_H

#include <linux/netfilter/nf_tables.h>

#include "core/lib/netlink.h"

/*
 * Of linux/netfilter.h, which cannot be included together with a C library's netinet/in.h.
 * NFPROTO_IPV4 and NFPROTO_IPV6 are AF_INET and AF_INET6.
 */
enum nft_verdict { NFT_V_DROP, NFT_V_ACCEPT };
enum nft_hook {
	NFT_HOOK_PREROUTING,
	NFT_HOOK_INPUT,
	NFT_HOOK_FORWARD,
	NFT_HOOK_OUTPUT,
	NFT_HOOK_POSTROUTING
};
#define NFT_INET 1	     /* NFPROTO_INET: the family of tables for IPv4 and IPv6 */
#define NFT_BRIDGE "bridge " /* NFPROTO_BRIDGE is AF_BRIDGE */

/* Numbers by which the nft program knows what a set holds; the kernel only keeps them. */
enum nft_type {
	NFT_TYPE_IPV4 = 7,
	NFT_TYPE_IPV6 = 8,
	NFT_TYPE_ETHER = 9,
	NFT_TYPE_PROTO = 12,
	NFT_TYPE_PORT = 13,
	NFT_TYPE_IFINDEX = 20,
	NFT_TYPE_IFNAME = 41,
};
#define NFT_TYPES2(a, b) ((a) << 6 | (b))
#define NFT_TYPES3(a, b, c) ((a) << 12 | (b) << 6 | (c))

#define NFT_KEY_MAX 40 /* bytes of the longest key, and of the longest value */

struct nft_set {
	const char *name;
	uint32_t key_type, key_len;
	uint32_t data_type, data_len; /* of a map; 0 for a set */
};

struct nft_chain {
	const char *name;
	const char *type; /* "nat", "filter"; NULL: only jumped to */
	uint32_t hook;	  /* enum nft_hook */
	int32_t priority;
};

/* Registers: four of 16 bytes; NFT_R(n) is the n-th word of all of them. */
#define NFT_R(n) ((n) % 4 ? NFT_REG32_00 + (n) : NFT_REG_1 + (n) / 4)

enum nft_op_kind {
	NFT_OP_END,
	NFT_OP_META,	/* key a into word reg */
	NFT_OP_LINK,	/* len bytes at offset a of the link's header into reg */
	NFT_OP_NETWORK, /* of the network's */
	NFT_OP_TRANSPORT,
	NFT_OP_CT,  /* key a into reg */
	NFT_OP_FIB, /* kind of address, of what a (NFTA_FIB_F_*) says, into reg */
	NFT_OP_AND, /* reg (4 bytes) and value */
	NFT_OP_IS,  /* goes on when reg has the len bytes of value */
	NFT_OP_IS_NOT,
	NFT_OP_IN, /* goes on when the set name holds what begins in reg; of a map the value goes to reg 0 */
	NFT_OP_IN_MAP,
	NFT_OP_NOT_IN,
	NFT_OP_DNAT, /* family a, address in reg, port in word len */
	NFT_OP_MASQUERADE,
	NFT_OP_ACCEPT,
	NFT_OP_DROP,
	NFT_OP_JUMP, /* to chain name */
};

struct nft_op {
	uint8_t kind; /* enum nft_op_kind */
	uint8_t reg;  /* word, 0..15 */
	uint8_t a, len;
	uint32_t value; /* four bytes are a number of the processor's, else the last bytes of len */
	const char *name;
};

/* Between these two. genid, not 0: the batch fails with ERESTART when anything changed since. */
void nft_begin(struct netlink_req *r, uint32_t genid);
void nft_end(struct netlink_req *r);

void nft_table(struct netlink_req *r, uint16_t msg, uint16_t flags, const char *table);
void nft_add_chain(struct netlink_req *r, const char *table, const struct nft_chain *c);
void nft_add_set(struct netlink_req *r, const char *table, const struct nft_set *s, uint32_t id);
void nft_add_rule(struct netlink_req *r, const char *table, const char *chain,
		  const struct nft_op *ops);

/* All of a table written with nft_ops.h: rules of chains that were added before. */
void nft_add_rules(struct netlink_req *r, const char *table, const struct nft_op *ops);

/*
 * A message with elements of a set: begin, nft_elem() for each, end. msg is NFT_MSG_NEWSETELEM or
 * NFT_MSG_DELSETELEM; what as in netlink_begin(). No more than NFT_ELEMS_MAX fit.
 */
#define NFT_ELEMS_MAX 400
size_t nft_elems(struct netlink_req *r, uint16_t msg, const char *table, const char *set,
		 const char *what);
/* data may be NULL. comment, as the nft program shows it, of at most 63 bytes; may be NULL. */
void nft_elem(struct netlink_req *r, const struct nft_set *s, const void *key, const void *data,
	      const char *comment);
void nft_elems_end(struct netlink_req *r, size_t at);

/* One element as the kernel tells it. */
struct nft_elem {
	uint8_t key[NFT_KEY_MAX], data[NFT_KEY_MAX];
	size_t key_len, data_len;
	char comment[64]; /* "" when it has none */
};
typedef int nft_each_elem_fn(const struct nft_elem *elem, void *arg);

/*
 * All elements of a set. -ENOENT when there is no such table or set. Less than 0 from each ends it with
 * that.
 */
int nft_list(struct netlink *n, const char *table, const char *set, nft_each_elem_fn *each,
	     void *arg, struct err *e);

/* Reads the elements of one message of such a list: any bytes. */
int nft_read_elems(const struct netlink_msg *m, nft_each_elem_fn *each, void *arg);

/*
 * Notifications of NFNLGRP_NFTABLES, one after another: what a transaction did to a table of inet or
 * bridge, and at its end who did it.
 */
struct nft_watch {
	const char *table;
	bool touched;  /* within the transaction being read: the table, its chains, sets or rules */
	bool elements; /* only elements of its sets were */
	bool removed;  /* the table itself was deleted */
	uint32_t pid;  /* out, at its end: the process whose transaction it was */
	char comm[16]; /* and its name; "" before Linux 4.12 */
};

/* Reads one. 1: a transaction that touched the table has ended, and w says which; else 0. Any bytes. */
int nft_watch_read(struct nft_watch *w, const struct netlink_msg *m);

/* Forgets the transaction that was reported, or one that was lost in part. */
void nft_watch_next(struct nft_watch *w);

/* Number of the current generation of all rules. */
int nft_genid(struct netlink *n, uint32_t *genid, struct err *e);

/* Message type of nf_tables within NETLINK_NETFILTER. */
#define NFT_TYPE(msg) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (msg)))

#endif
