/* SPDX-License-Identifier: MIT */
/*
 * Addresses as text: IPv4, IPv6, prefixes (CIDR), MAC. The parsers take the whole string or nothing and
 * return 0 or -EINVAL. Bytes are in the order of the network. Sources: RFC 4632, RFC 4291, RFC 5952, inet_pton(3).
 */
#ifndef CORE_LIB_ADDR_H
#define CORE_LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT 46   /* bytes of any address with its NUL */
#define ADDR_PREFIX 50 /* with "/128" */
#define ADDR_MAC 6
#define ADDR_MAC_TEXT 18

/* An IPv4 (len 4) or IPv6 (len 16) address; len 0: none. */
struct addr {
	uint8_t len;
	uint8_t bits; /* length of the prefix; 32 or 128 for one host */
	uint8_t b[16];
};

/* "10.88.0.2" or "fd00::2". */
int addr_parse(const char *text, struct addr *a);

/* "10.88.0.2/24", "fd00::/64"; without a prefix one host. Bits behind the prefix are kept. */
int addr_parse_prefix(const char *text, struct addr *a);

/* Without and with "/bits"; "" for none. Return buf. */
const char *addr_text(const struct addr *a, char buf[ADDR_TEXT]);
const char *addr_text_prefix(const struct addr *a, char buf[ADDR_PREFIX]);

/* Is a within the prefix of net? */
bool addr_within(const struct addr *a, const struct addr *net);
bool addr_overlap(const struct addr *a, const struct addr *b);
bool addr_same(const struct addr *a, const struct addr *b);

/* The first address of its network (bits behind the prefix zero), and the last (all one). */
struct addr addr_first(const struct addr *a);
struct addr addr_last(const struct addr *a);

/* The address n after the first of its network; n is at most 2^32 - 1 and the caller's care to be in it. */
struct addr addr_nth(const struct addr *net, uint32_t n);

/* How many it has, at most 2^32 - 1. */
uint32_t addr_count(const struct addr *net);

/* "02:11:22:33:44:55"; multicast and zero are refused. */
int addr_parse_mac(const char *text, uint8_t mac[ADDR_MAC]);
const char *addr_mac_text(const uint8_t mac[ADDR_MAC], char buf[ADDR_MAC_TEXT]);

#endif
