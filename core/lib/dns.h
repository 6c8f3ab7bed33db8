/* SPDX-License-Identifier: MIT */
/*
 * DNS messages: reading a question, writing an answer to it, and seeing whether a reply is one to it. Nothing
 * of a message is ever followed but its own question: there is no pointer to go round in. Pure functions
 * of their arguments; no byte is trusted. Sources: RFC 1035 section 4, RFC 6891 (EDNS), RFC 3596 (IPv6).
 */
#ifndef CORE_LIB_DNS_H
#define CORE_LIB_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/addr.h"

#define DNS_PORT 53
#define DNS_HEAD 12
#define DNS_NAME 256 /* a name as text with its NUL */
#define DNS_UDP 512  /* bytes of a message everybody takes */

enum { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };
enum { DNS_IN = 1 };
enum { DNS_OK, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED };

struct dns_question {
	uint16_t id;
	uint16_t type, class;
	char name[DNS_NAME]; /* lower case, no final dot; "" where it cannot be text, or is the root */
	size_t end;	     /* of the question in the message */
	size_t udp;	     /* bytes of an answer whoever asks takes over UDP */
	bool edns;
};

/*
 * Reads a query. 0, or what to do instead: -EINVAL leave it unanswered (a reply, or no header), -EBADMSG
 * answer DNS_FORMERR, -EOPNOTSUPP answer DNS_NOTIMP; then only .id and .end (DNS_HEAD) count.
 */
int dns_read(const uint8_t *msg, size_t len, struct dns_question *q);

/* Is msg a reply with this id to the question at the start of query (end bytes of it)? */
bool dns_is_reply(const uint8_t *msg, size_t len, uint16_t id, const uint8_t *query, size_t end);

uint16_t dns_id(const uint8_t *msg);
void dns_set_id(uint8_t *msg, uint16_t id);
int dns_rcode(const uint8_t *msg);
bool dns_is_cut(const uint8_t *msg); /* the TC bit */

/* An answer that is being written. It never grows beyond size: what does not fit sets the TC bit. */
struct dns_answer {
	uint8_t *msg;
	size_t size, len;
	bool edns;
};

/* Begins with query's header and question, both of which size must have room for. authority: the AA bit. */
void dns_begin(struct dns_answer *a, uint8_t *msg, size_t size, const uint8_t *query,
	       const struct dns_question *q, int rcode, bool authority);

/* One A or AAAA record, as addr is; one PTR record. Of the question's name. */
void dns_add_addr(struct dns_answer *a, const struct addr *addr, uint32_t ttl);
void dns_add_ptr(struct dns_answer *a, const char *name, uint32_t ttl);

/* Says that something was left out. */
void dns_cut(struct dns_answer *a);

/* The length of the message. */
size_t dns_end(struct dns_answer *a);

/* "4.3.2.1.in-addr.arpa" and its like under ip6.arpa; false for anything else. */
bool dns_arpa(const char *name, struct addr *a);

#endif
