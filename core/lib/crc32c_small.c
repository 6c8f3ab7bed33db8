/* SPDX-License-Identifier: MIT */
/*
 * CRC32C, half a byte at a time from a table of 64 bytes, for builds that must be small (CONFIG_SMALL).
 * The polynomial is that of crc32c.c: 0x82f63b78, reflected. Who checks many records gets the processor's own
 * instruction, where that is built in.
 */
#include "core/lib/hash.h"

#include "core/lib/config.h"
#include "core/lib/crc32c_hw.h"

/* Bytes that take as long as asking the processor takes in a virtual machine, about 5 us. */
#define CRC32C_HW_AFTER 2048

static const uint32_t crc32c_table[16] = {
	0x00000000U, 0x105ec76fU, 0x20bd8edeU, 0x30e349b1U, 0x417b1dbcU, 0x5125dad3U,
	0x61c69362U, 0x7198540dU, 0x82f63b78U, 0x92a8fc17U, 0xa24bb5a6U, 0xb21572c9U,
	0xc38d26c4U, 0xd3d3e1abU, 0xe330a81aU, 0xf36e6f75U,
};

uint32_t hash_crc32c(uint32_t crc, const void *p, size_t len)
{
	static size_t seen;
	const uint8_t *b = p;

	crc = ~crc;
	if (IS_ENABLED(CONFIG_CRC_HW) && seen > CRC32C_HW_AFTER && crc32c_hw_found()) {
		crc = crc32c_hw(crc, b, len & ~(size_t)3);
		b += len & ~(size_t)3;
		len &= 3;
	} else if (IS_ENABLED(CONFIG_CRC_HW)) {
		seen += len;
	}
	while (len--) {
		crc ^= *b++;
		crc = crc >> 4 ^ crc32c_table[crc & 15];
		crc = crc >> 4 ^ crc32c_table[crc & 15];
	}
	return ~crc;
}
