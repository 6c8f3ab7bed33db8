/* SPDX-License-Identifier: MIT */
/*
 * XXH32 with seed 0; see xxh32.h. Used by the LZ4 frame reader and writer on every byte, so the
 * loop over whole stripes is the one thing here that is written for speed.
 */
#include "drivers/codec/xxh32.h"

#include <string.h>

#include "core/lib/le.h"
#include "core/lib/util.h"

#define XXH32_P1 0x9E3779B1U
#define XXH32_P2 0x85EBCA77U
#define XXH32_P3 0xC2B2AE3DU
#define XXH32_P4 0x27D4EB2FU
#define XXH32_P5 0x165667B1U

static inline uint32_t xxh32_rol(uint32_t v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

static inline uint32_t xxh32_round(uint32_t lane, uint32_t in)
{
	return xxh32_rol(lane + in * XXH32_P2, 13) * XXH32_P1;
}

/* Lanes in variables of their own, so that they stay in registers. */
static void xxh32_stripes(uint32_t lane[4], const uint8_t *p, size_t n)
{
	uint32_t a = lane[0], b = lane[1], c = lane[2], d = lane[3];

	for (; n; n--, p += 16) {
		a = xxh32_round(a, le_get32(p));
		b = xxh32_round(b, le_get32(p + 4));
		c = xxh32_round(c, le_get32(p + 8));
		d = xxh32_round(d, le_get32(p + 12));
	}
	lane[0] = a;
	lane[1] = b;
	lane[2] = c;
	lane[3] = d;
}

void xxh32_init(struct xxh32 *x)
{
	x->lane[0] = XXH32_P1 + XXH32_P2;
	x->lane[1] = XXH32_P2;
	x->lane[2] = 0;
	x->lane[3] = 0U - XXH32_P1;
	x->len = 0;
}

void xxh32_add(struct xxh32 *x, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = x->len % 16;

	x->len += len;
	if (have) {
		size_t take = (size_t)min_u64(16 - have, len);

		memcpy(x->buf + have, p, take);
		p += take;
		len -= take;
		if (have + take < 16)
			return;
		xxh32_stripes(x->lane, x->buf, 1);
	}
	xxh32_stripes(x->lane, p, len / 16);
	memcpy(x->buf, p + len / 16 * 16, len % 16);
}

uint32_t xxh32_end(const struct xxh32 *x)
{
	const uint8_t *p = x->buf, *end = p + x->len % 16;
	uint32_t h = XXH32_P5;

	if (x->len >= 16)
		h = xxh32_rol(x->lane[0], 1) + xxh32_rol(x->lane[1], 7) +
		    xxh32_rol(x->lane[2], 12) + xxh32_rol(x->lane[3], 18);
	h += (uint32_t)x->len;
	for (; end - p >= 4; p += 4)
		h = xxh32_rol(h + le_get32(p) * XXH32_P3, 17) * XXH32_P4;
	for (; p < end; p++)
		h = xxh32_rol(h + *p * XXH32_P5, 11) * XXH32_P1;
	h = (h ^ h >> 15) * XXH32_P2;
	h = (h ^ h >> 13) * XXH32_P3;
	return h ^ h >> 16;
}

uint32_t xxh32(const void *p, size_t len)
{
	struct xxh32 x;

	xxh32_init(&x);
	xxh32_add(&x, p, len);
	return xxh32_end(&x);
}
