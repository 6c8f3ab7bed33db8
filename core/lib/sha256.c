/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 (FIPS 180-4), for naming images by their content. Plain C that is small and the same on
 * every processor, or the processor's own instructions; any split of the input will do.
 */
#include <string.h>

#include "core/lib/config.h"
#include "core/lib/hash.h"
#include "core/lib/sha256_hw.h"
#include "core/lib/util.h"

static const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static inline uint32_t sha256_ror(uint32_t v, unsigned int n)
{
	return v >> n | v << (32 - n);
}

static inline uint32_t sha256_get(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void sha256_put(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void sha256_schedule(uint32_t w[64], const uint8_t *p)
{
	for (int i = 0; i < 16; i++)
		w[i] = sha256_get(p + 4 * i);
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (sha256_ror(a, 7) ^ sha256_ror(a, 18) ^ a >> 3) +
		       (sha256_ror(b, 17) ^ sha256_ror(b, 19) ^ b >> 10);
	}
}

/*
 * One round. The caller names the eight variables one place further each time instead of moving
 * them.
 */
#define SHA256_ROUND(a, b, c, d, e, f, g, h, i)                                               \
	do {                                                                                  \
		uint32_t t = h + (sha256_ror(e, 6) ^ sha256_ror(e, 11) ^ sha256_ror(e, 25)) + \
			     (g ^ (e & (f ^ g))) + sha256_k[i] + w[i];                        \
		d += t;                                                                       \
		h = t + (sha256_ror(a, 2) ^ sha256_ror(a, 13) ^ sha256_ror(a, 22)) +          \
		    ((a & b) | (c & (a | b)));                                                \
	} while (0)

static void sha256_block(uint32_t state[8], const uint8_t *p)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[64];

	sha256_schedule(w, p);
	for (int i = 0; i < 64; i += 8) {
		SHA256_ROUND(a, b, c, d, e, f, g, h, i);
		SHA256_ROUND(h, a, b, c, d, e, f, g, i + 1);
		SHA256_ROUND(g, h, a, b, c, d, e, f, i + 2);
		SHA256_ROUND(f, g, h, a, b, c, d, e, i + 3);
		SHA256_ROUND(e, f, g, h, a, b, c, d, i + 4);
		SHA256_ROUND(d, e, f, g, h, a, b, c, i + 5);
		SHA256_ROUND(c, d, e, f, g, h, a, b, i + 6);
		SHA256_ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

static void sha256_blocks(uint32_t state[8], const uint8_t *p, size_t n)
{
	if (IS_ENABLED(CONFIG_HASH_HW) && sha256_hw(state, p, n, sha256_k))
		return;
	for (; n; n--, p += 64)
		sha256_block(state, p);
}

void hash_sha256_init(struct hash_sha256 *s)
{
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->h, start, sizeof(start));
	s->len = 0;
}

void hash_sha256_add(struct hash_sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = s->len % 64;

	s->len += len;
	if (have) {
		size_t take = (size_t)min_u64(64 - have, len);

		memcpy(s->buf + have, p, take);
		p += take;
		len -= take;
		if (have + take < 64)
			return;
		sha256_blocks(s->h, s->buf, 1);
	}
	if (len >= 64)
		sha256_blocks(s->h, p, len / 64);
	memcpy(s->buf, p + len / 64 * 64, len % 64);
}

void hash_sha256_end(struct hash_sha256 *s, uint8_t out[32])
{
	static const uint8_t pad[64] = { 0x80 };
	uint64_t bits = s->len * 8;
	uint8_t tail[8];

	sha256_put(tail, (uint32_t)(bits >> 32));
	sha256_put(tail + 4, (uint32_t)bits);
	hash_sha256_add(s, pad, 1 + (119 - s->len % 64) % 64);
	hash_sha256_add(s, tail, sizeof(tail));
	for (int i = 0; i < 8; i++)
		sha256_put(out + 4 * i, s->h[i]);
}
