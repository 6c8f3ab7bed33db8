// SPDX-License-Identifier: MIT
/*
 * Addresses as text and numbers. See addr.h. Pure: neither sockets nor names are looked up.
 */
#include "core/lib/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/lib/str.h"

int addr_parse(const char *text, struct addr *a)
{
	*a = (struct addr){ .len = 4, .bits = 32 };
	if (inet_pton(AF_INET, text, a->b) == 1)
		return 0;
	*a = (struct addr){ .len = 16, .bits = 128 };
	if (inet_pton(AF_INET6, text, a->b) == 1)
		return 0;
	*a = (struct addr){ 0 };
	return -EINVAL;
}

int addr_parse_prefix(const char *text, struct addr *a)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char host[ADDR_TEXT];
	uint64_t bits;

	*a = (struct addr){ 0 };
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(host, a) < 0)
		return -EINVAL;
	if (!slash)
		return 0;
	if (str_u64(slash + 1, 0, a->len * 8U, &bits) < 0) {
		*a = (struct addr){ 0 };
		return -EINVAL;
	}
	a->bits = (uint8_t)bits;
	return 0;
}

const char *addr_text(const struct addr *a, char buf[ADDR_TEXT])
{
	if (!a->len || !inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->b, buf, ADDR_TEXT))
		buf[0] = '\0';
	return buf;
}

const char *addr_text_prefix(const struct addr *a, char buf[ADDR_PREFIX])
{
	size_t n;

	addr_text(a, buf);
	n = strlen(buf);
	if (n)
		str_format(buf + n, ADDR_PREFIX - n, "/%u", a->bits);
	return buf;
}

/* Byte i of the mask of that many bits. */
static uint8_t addr_mask(unsigned int bits, unsigned int i)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	return bits <= 8 * i ? 0 : (uint8_t)(0xff << (8 - (bits - 8 * i)));
}

bool addr_within(const struct addr *a, const struct addr *net)
{
	if (!a->len || a->len != net->len)
		return false;
	for (unsigned int i = 0; i < a->len; i++)
		if ((a->b[i] ^ net->b[i]) & addr_mask(net->bits, i))
			return false;
	return true;
}

bool addr_overlap(const struct addr *a, const struct addr *b)
{
	return a->bits <= b->bits ? addr_within(b, a) : addr_within(a, b);
}

bool addr_same(const struct addr *a, const struct addr *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

struct addr addr_first(const struct addr *a)
{
	struct addr first = *a;

	for (unsigned int i = 0; i < a->len; i++)
		first.b[i] &= addr_mask(a->bits, i);
	return first;
}

struct addr addr_last(const struct addr *a)
{
	struct addr last = *a;

	for (unsigned int i = 0; i < a->len; i++)
		last.b[i] |= (uint8_t)~addr_mask(a->bits, i);
	return last;
}

struct addr addr_nth(const struct addr *net, uint32_t n)
{
	struct addr a = addr_first(net);
	uint64_t carry = n;

	for (unsigned int i = a.len; i-- > 0 && carry;) {
		carry += a.b[i];
		a.b[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return a;
}

uint32_t addr_count(const struct addr *net)
{
	unsigned int host = net->len * 8U - net->bits;

	return host >= 32 ? UINT32_MAX : UINT32_C(1) << host;
}

static int addr_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int addr_parse_mac(const char *text, uint8_t mac[ADDR_MAC])
{
	static const uint8_t zero[ADDR_MAC];

	for (int i = 0; i < ADDR_MAC; i++, text += 3) {
		int high = addr_hex(text[0]), low = high < 0 ? -1 : addr_hex(text[1]);

		if (low < 0 || text[2] != (i < ADDR_MAC - 1 ? ':' : '\0'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return (mac[0] & 1) || memcmp(mac, zero, ADDR_MAC) == 0 ? -EINVAL : 0;
}

const char *addr_mac_text(const uint8_t mac[ADDR_MAC], char buf[ADDR_MAC_TEXT])
{
	str_format(buf, ADDR_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		   mac[3], mac[4], mac[5]);
	return buf;
}
