// SPDX-License-Identifier: MIT
/*
 * CRC32C, four bytes at a time from constant tables. Runs wherever a record is written or believed:
 * `ps` checks a thousand of them. Must never need set-up, so that a reader pays only for what it reads.
 */
#include "core/lib/hash.h"

#include "core/lib/config.h"
#include "core/lib/crc32c_hw.h"
#include "core/lib/le.h"

/*
 * A CRC table is linear: entry i is the xor of the entries of its bits. So eight numbers make one, and
 * the compiler works the tables out.
 */
#define CRC32C_BIT(i, bit, x) ((i) >> (bit)&1 ? (x) : 0U)
#define CRC32C_1(i, a, b, c, d, e, f, g, h)                                                      \
	(CRC32C_BIT(i, 0, a) ^ CRC32C_BIT(i, 1, b) ^ CRC32C_BIT(i, 2, c) ^ CRC32C_BIT(i, 3, d) ^ \
	 CRC32C_BIT(i, 4, e) ^ CRC32C_BIT(i, 5, f) ^ CRC32C_BIT(i, 6, g) ^ CRC32C_BIT(i, 7, h))
#define CRC32C_4(i, ...)                                                                          \
	CRC32C_1(i, __VA_ARGS__), CRC32C_1((i) + 1, __VA_ARGS__), CRC32C_1((i) + 2, __VA_ARGS__), \
		CRC32C_1((i) + 3, __VA_ARGS__)
#define CRC32C_16(i, ...)                                                                         \
	CRC32C_4(i, __VA_ARGS__), CRC32C_4((i) + 4, __VA_ARGS__), CRC32C_4((i) + 8, __VA_ARGS__), \
		CRC32C_4((i) + 12, __VA_ARGS__)
#define CRC32C_64(i, ...)                                            \
	CRC32C_16(i, __VA_ARGS__), CRC32C_16((i) + 16, __VA_ARGS__), \
		CRC32C_16((i) + 32, __VA_ARGS__), CRC32C_16((i) + 48, __VA_ARGS__)
#define CRC32C_256(...)                                                            \
	{                                                                          \
		CRC32C_64(0U, __VA_ARGS__), CRC32C_64(64U, __VA_ARGS__),           \
			CRC32C_64(128U, __VA_ARGS__), CRC32C_64(192U, __VA_ARGS__) \
	}

/* crc32c_table[n][b]: what byte b does to the CRC when n more bytes follow it. */
static const uint32_t crc32c_table[4][256] = {
	CRC32C_256(0xf26b8303U, 0xe13b70f7U, 0xc79a971fU, 0x8ad958cfU, 0x105ec76fU, 0x20bd8edeU,
		   0x417b1dbcU, 0x82f63b78U),
	CRC32C_256(0x13a29877U, 0x274530eeU, 0x4e8a61dcU, 0x9d14c3b8U, 0x3fc5f181U, 0x7f8be302U,
		   0xff17c604U, 0xfbc3faf9U),
	CRC32C_256(0xa541927eU, 0x4f6f520dU, 0x9edea41aU, 0x38513ec5U, 0x70a27d8aU, 0xe144fb14U,
		   0xc76580d9U, 0x8b277743U),
	CRC32C_256(0xdd45aab8U, 0xbf672381U, 0x7b2231f3U, 0xf64463e6U, 0xe964b13dU, 0xd725148bU,
		   0xaba65fe7U, 0x52a0c93fU),
};

#define CRC32C_HW_MIN 64 /* bytes for which it is worth asking the processor */

uint32_t hash_crc32c(uint32_t crc, const void *p, size_t len)
{
	const uint8_t *b = p;

	crc = ~crc;
	if (IS_ENABLED(CONFIG_CRC_HW) && len >= CRC32C_HW_MIN && crc32c_hw_found()) {
		crc = crc32c_hw(crc, b, len & ~(size_t)3);
		b += len & ~(size_t)3;
		len &= 3;
	}
	for (; len >= 4; len -= 4, b += 4) {
		crc ^= le_get32(b);
		crc = crc32c_table[3][crc & 255] ^ crc32c_table[2][crc >> 8 & 255] ^
		      crc32c_table[1][crc >> 16 & 255] ^ crc32c_table[0][crc >> 24];
	}
	for (; len; len--, b++)
		crc = crc >> 8 ^ crc32c_table[0][(crc ^ *b) & 255];
	return ~crc;
}
