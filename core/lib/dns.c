/* SPDX-License-Identifier: MIT */
/*
 * DNS messages. See dns.h. Every read is bounded by the message's length, every write by the buffer's.
 */
#include "core/lib/dns.h"

#include <errno.h>
#include <string.h>

#include "core/lib/str.h"
#include "core/lib/util.h"

/* Flags in the second word of the header. */
#define DNS_QR 0x8000U
#define DNS_OPCODE 0x7800U
#define DNS_AA 0x0400U
#define DNS_TC 0x0200U
#define DNS_RD 0x0100U
#define DNS_RA 0x0080U
#define DNS_CD 0x0010U

#define DNS_LABEL 63
#define DNS_POINTER 0xc0
#define DNS_OUR_UDP 1232 /* what we say we take: fits any path without fragments */
#define DNS_OPT_SIZE 11

static unsigned int dns_u16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void dns_put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint16_t dns_id(const uint8_t *msg)
{
	return (uint16_t)dns_u16(msg);
}

void dns_set_id(uint8_t *msg, uint16_t id)
{
	dns_put16(msg, id);
}

int dns_rcode(const uint8_t *msg)
{
	return msg[3] & 0xf;
}

bool dns_is_cut(const uint8_t *msg)
{
	return dns_u16(msg + 2) & DNS_TC;
}

static uint8_t dns_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* One label as text behind name[*n]; one that cannot be makes all of it "". */
static void dns_label(const uint8_t *p, size_t len, char *name, size_t *n, bool *text)
{
	if (*n)
		name[(*n)++] = '.';
	for (size_t i = 0; i < len; i++) {
		if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == '.')
			*text = false;
		name[(*n)++] = (char)dns_lower(p[i]);
	}
}

/* The name of the question; returns the offset behind it, 0 when it is no name. No pointer may be in it. */
static size_t dns_read_name(const uint8_t *msg, size_t len, char name[DNS_NAME])
{
	size_t at = DNS_HEAD, n = 0;
	bool text = true;

	while (at < len && msg[at]) {
		size_t label = msg[at];

		if (label > DNS_LABEL || label >= len - at || n + label + 1 > DNS_NAME - 2)
			return 0;
		dns_label(msg + at + 1, label, name, &n, &text);
		at += label + 1;
	}
	name[text ? n : 0] = '\0';
	return at < len ? at + 1 : 0;
}

/* Behind the name of a record that is not read; 0 at the end. */
static size_t dns_skip_name(const uint8_t *msg, size_t len, size_t at)
{
	while (at < len && msg[at] && msg[at] <= DNS_LABEL)
		at += (size_t)msg[at] + 1;
	if (at >= len)
		return 0;
	return msg[at] == 0 ? at + 1 : msg[at] >= DNS_POINTER ? at + 2 : 0;
}

/* How much whoever asks takes, from the OPT record among the additional ones. */
static void dns_read_edns(const uint8_t *msg, size_t len, struct dns_question *q)
{
	unsigned int n = dns_u16(msg + 6) + dns_u16(msg + 8) + dns_u16(msg + 10);
	size_t at = q->end;

	for (; n > 0 && at; n--) {
		size_t head = dns_skip_name(msg, len, at);

		if (!head || head > len || len - head < 10)
			return;
		if (dns_u16(msg + head) == DNS_OPT && head == at + 1) {
			size_t udp = dns_u16(msg + head + 2);

			q->edns = true;
			q->udp = udp < DNS_UDP ? DNS_UDP : udp;
			return;
		}
		at = head + 10 + dns_u16(msg + head + 8);
	}
}

int dns_read(const uint8_t *msg, size_t len, struct dns_question *q)
{
	if (len < DNS_HEAD || (dns_u16(msg + 2) & DNS_QR))
		return -EINVAL;
	q->id = dns_id(msg);
	q->udp = DNS_UDP;
	q->edns = false;
	q->end = DNS_HEAD;
	q->name[0] = '\0';
	if (dns_u16(msg + 2) & DNS_OPCODE)
		return -EOPNOTSUPP;
	if (dns_u16(msg + 4) != 1)
		return -EBADMSG;
	q->end = dns_read_name(msg, len, q->name);
	if (!q->end || len - q->end < 4) {
		q->end = DNS_HEAD;
		return -EBADMSG;
	}
	q->type = (uint16_t)dns_u16(msg + q->end);
	q->class = (uint16_t)dns_u16(msg + q->end + 2);
	q->end += 4;
	dns_read_edns(msg, len, q);
	return 0;
}

bool dns_is_reply(const uint8_t *msg, size_t len, uint16_t id, const uint8_t *query, size_t end)
{
	if (len < end || end < DNS_HEAD + 5 || dns_id(msg) != id ||
	    (dns_u16(msg + 2) & (DNS_QR | DNS_OPCODE)) != DNS_QR || dns_u16(msg + 4) != 1)
		return false;
	/* The name in any case of letters; lengths of labels are no letters, type and class are exact. */
	for (size_t i = DNS_HEAD; i < end - 4; i++)
		if (dns_lower(msg[i]) != dns_lower(query[i]))
			return false;
	return memcmp(msg + end - 4, query + end - 4, 4) == 0;
}

/* ---- writing ------------------------------------------------------------------------------------- */

void dns_begin(struct dns_answer *a, uint8_t *msg, size_t size, const uint8_t *query,
	       const struct dns_question *q, int rcode, bool authority)
{
	unsigned int flags = dns_u16(query + 2) & (DNS_OPCODE | DNS_RD | DNS_CD);

	*a = (struct dns_answer){ .msg = msg, .size = size, .len = q->end, .edns = q->edns };
	/* Room for what dns_end() adds. */
	if (a->edns && a->size >= a->len + DNS_OPT_SIZE)
		a->size -= DNS_OPT_SIZE;
	else
		a->edns = false;
	memmove(msg, query, q->end);
	dns_put16(msg + 2,
		  flags | DNS_QR | DNS_RA | (authority ? DNS_AA : 0) | (unsigned int)rcode);
	memset(msg + 4, 0, 8);
	dns_put16(msg + 4, q->end > DNS_HEAD);
}

void dns_cut(struct dns_answer *a)
{
	dns_put16(a->msg + 2, dns_u16(a->msg + 2) | DNS_TC);
}

/* The fixed part of a record of the question's name; NULL when it does not fit. */
static uint8_t *dns_record(struct dns_answer *a, unsigned int type, uint32_t ttl, size_t len)
{
	uint8_t *p = a->msg + a->len;

	if (a->size - a->len < 12 + len) {
		dns_cut(a);
		return NULL;
	}
	dns_put16(p, DNS_POINTER << 8 | DNS_HEAD);
	dns_put16(p + 2, type);
	dns_put16(p + 4, DNS_IN);
	dns_put16(p + 6, ttl >> 16);
	dns_put16(p + 8, ttl & 0xffff);
	dns_put16(p + 10, (unsigned int)len);
	a->len += 12 + len;
	dns_put16(a->msg + 6, dns_u16(a->msg + 6) + 1);
	return p + 12;
}

void dns_add_addr(struct dns_answer *a, const struct addr *addr, uint32_t ttl)
{
	uint8_t *p = dns_record(a, addr->len == 4 ? DNS_A : DNS_AAAA, ttl, addr->len);

	if (p)
		memcpy(p, addr->b, addr->len);
}

void dns_add_ptr(struct dns_answer *a, const char *name, uint32_t ttl)
{
	size_t len = strlen(name) + 2;
	uint8_t *p = dns_record(a, DNS_PTR, ttl, len);

	while (p && *name) {
		size_t label = strcspn(name, ".");

		*p++ = (uint8_t)label;
		memcpy(p, name, label);
		p += label;
		name += label + (name[label] == '.');
	}
	if (p)
		*p = 0;
}

size_t dns_end(struct dns_answer *a)
{
	uint8_t *p = a->msg + a->len;

	if (!a->edns)
		return a->len;
	memset(p, 0, DNS_OPT_SIZE);
	dns_put16(p + 1, DNS_OPT);
	dns_put16(p + 3, DNS_OUR_UDP);
	dns_put16(a->msg + 10, 1);
	a->len += DNS_OPT_SIZE;
	a->edns = false;
	return a->len;
}

/* ---- addresses as names ---------------------------------------------------------------------------- */

/* The part of name before suffix, which must be there, in size bytes. */
static bool dns_before(const char *name, const char *suffix, char *buf, size_t size)
{
	size_t n = strlen(name), k = strlen(suffix);

	if (n <= k || strcmp(name + n - k, suffix) != 0 || n - k >= size)
		return false;
	memcpy(buf, name, n - k);
	buf[n - k] = '\0';
	return true;
}

static bool dns_arpa4(const char *text, struct addr *a)
{
	char part[4];
	uint64_t v;

	for (int i = 3; i >= 0; i--) {
		size_t n = strcspn(text, ".");

		if (n == 0 || n > 3 || (n > 1 && *text == '0') || (i > 0) != (text[n] == '.'))
			return false;
		memcpy(part, text, n);
		part[n] = '\0';
		if (str_u64(part, 0, 255, &v) < 0)
			return false;
		a->b[i] = (uint8_t)v;
		text += n + (text[n] == '.');
	}
	a->len = 4;
	a->bits = 32;
	return true;
}

static bool dns_arpa6(const char *text, struct addr *a)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != 63)
		return false;
	for (int i = 0; i < 32; i++) {
		const char *d = text[2 * i] ? strchr(digits, text[2 * i]) : NULL;

		if (!d || (i < 31 && text[2 * i + 1] != '.'))
			return false;
		a->b[15 - i / 2] |= (uint8_t)((d - digits) << (i % 2 ? 4 : 0));
	}
	a->len = 16;
	a->bits = 128;
	return true;
}

bool dns_arpa(const char *name, struct addr *a)
{
	char text[64];

	*a = (struct addr){ 0 };
	if (dns_before(name, ".in-addr.arpa", text, sizeof(text)))
		return dns_arpa4(text, a);
	return dns_before(name, ".ip6.arpa", text, sizeof(text)) && dns_arpa6(text, a);
}
