/* SPDX-License-Identifier: MIT */
/*
 * XXH32, the checksum of LZ4 frames. Detects damage, not attackers.
 * Source: the xxHash specification, doc/xxhash_spec.md of its project, section XXH32.
 */
#ifndef DRIVERS_CODEC_XXH32_H
#define DRIVERS_CODEC_XXH32_H

#include <stddef.h>
#include <stdint.h>

struct xxh32 {
	uint32_t lane[4];
	uint64_t len;
	uint8_t buf[16];
};

/* Always with seed 0. Any split of the input gives the same result. */
void xxh32_init(struct xxh32 *x);
void xxh32_add(struct xxh32 *x, const void *p, size_t len);
uint32_t xxh32_end(const struct xxh32 *x);

/* All at once. */
uint32_t xxh32(const void *p, size_t len);

#endif
