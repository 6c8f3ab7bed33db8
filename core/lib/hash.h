/* SPDX-License-Identifier: MIT */
/*
 * Checksums: CRC32C for records (detects torn writes, not attackers), SHA-256 for naming content.
 * Sources: RFC 3720 appendix B.4 (CRC32C), FIPS 180-4 (SHA-256).
 */
#ifndef CORE_LIB_HASH_H
#define CORE_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C of len bytes; pass 0 first, or the result for the bytes before. */
uint32_t hash_crc32c(uint32_t crc, const void *p, size_t len);

struct hash_sha256 {
	uint32_t h[8];
	uint64_t len;
	uint8_t buf[64];
};

void hash_sha256_init(struct hash_sha256 *s);
void hash_sha256_add(struct hash_sha256 *s, const void *p, size_t len);
void hash_sha256_end(struct hash_sha256 *s, uint8_t out[32]);

#endif
