/* SPDX-License-Identifier: MIT */
/*
 * Words for rows of struct nft_op, so that a table of rules reads like one. RULE(chain, ...) ends the rule before it
 * and begins the next; the table ends with RULES_END. See nft_add_rules().
 */
#ifndef CORE_LIB_NFT_OPS_H
#define CORE_LIB_NFT_OPS_H

#include <linux/rtnetlink.h>

#include "core/lib/nft.h"

#define META(to, key)                                        \
	{                                                    \
		.kind = NFT_OP_META, .reg = (to), .a = (key) \
	}
#define NETWORK(to, offset, n)                                                 \
	{                                                                      \
		.kind = NFT_OP_NETWORK, .reg = (to), .a = (offset), .len = (n) \
	}
#define LINK(to, offset, n)                                                 \
	{                                                                   \
		.kind = NFT_OP_LINK, .reg = (to), .a = (offset), .len = (n) \
	}
#define TRANSPORT(to, offset, n)                                                 \
	{                                                                        \
		.kind = NFT_OP_TRANSPORT, .reg = (to), .a = (offset), .len = (n) \
	}
#define PORT(to) TRANSPORT(to, 2, 2)
#define CT(to, key)                                        \
	{                                                  \
		.kind = NFT_OP_CT, .reg = (to), .a = (key) \
	}
#define IS_LOCAL(flags)                                         \
	{ .kind = NFT_OP_FIB, .a = (flags) },                   \
	{                                                       \
		.kind = NFT_OP_IS, .len = 4, .value = RTN_LOCAL \
	}
#define AND(bits)                                   \
	{                                           \
		.kind = NFT_OP_AND, .value = (bits) \
	}
#define IS(n, number)                                            \
	{                                                        \
		.kind = NFT_OP_IS, .len = (n), .value = (number) \
	}
#define IS_IN(word, n, number)                                                  \
	{                                                                       \
		.kind = NFT_OP_IS, .reg = (word), .len = (n), .value = (number) \
	}
#define IS_NOT(n, number)                                            \
	{                                                            \
		.kind = NFT_OP_IS_NOT, .len = (n), .value = (number) \
	}
#define IN(set)                                  \
	{                                        \
		.kind = NFT_OP_IN, .name = (set) \
	}
#define NOT_IN(set)                                  \
	{                                            \
		.kind = NFT_OP_NOT_IN, .name = (set) \
	}
#define IN_MAP(map)                                  \
	{                                            \
		.kind = NFT_OP_IN_MAP, .name = (map) \
	}
#define DNAT4                                                         \
	{                                                             \
		.kind = NFT_OP_DNAT, .a = AF_INET, .reg = 0, .len = 1 \
	}
#define DNAT6                                                          \
	{                                                              \
		.kind = NFT_OP_DNAT, .a = AF_INET6, .reg = 0, .len = 4 \
	}
#define MASQUERADE                        \
	{                                 \
		.kind = NFT_OP_MASQUERADE \
	}
#define ACCEPT                        \
	{                             \
		.kind = NFT_OP_ACCEPT \
	}
#define DROP                        \
	{                           \
		.kind = NFT_OP_DROP \
	}
#define JUMP(chain)                                  \
	{                                            \
		.kind = NFT_OP_JUMP, .name = (chain) \
	}

#define FROM META(0, NFT_META_IIFNAME)

/* The end of the rule before, and the chain of the one that follows. */
#define RULE(chain, ...) { .kind = NFT_OP_END, .name = (chain) }, __VA_ARGS__
#define RULES_END                  \
	{                          \
		.kind = NFT_OP_END \
	}

#endif
