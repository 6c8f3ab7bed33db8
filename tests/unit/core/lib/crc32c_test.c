// SPDX-License-Identifier: MIT
/* hash_crc32c(): published vectors, pieces, alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lib/hash.h"

/* RFC 3720 B.4 gives these for 32 bytes each; the check value is of the usual nine digits. */
static void test_published_vectors(void **state)
{
	uint8_t up[32], down[32], zero[32] = { 0 }, ones[32];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (int i = 0; i < 32; i++) {
		up[i] = (uint8_t)i;
		down[i] = (uint8_t)(31 - i);
	}
	assert_int_equal(hash_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(hash_crc32c(0, zero, 32), 0x8a9136aa);
	assert_int_equal(hash_crc32c(0, ones, 32), 0x62a8ab43);
	assert_int_equal(hash_crc32c(0, up, 32), 0x46dd794e);
	assert_int_equal(hash_crc32c(0, down, 32), 0x113fdb5c);
	assert_int_equal(hash_crc32c(0, "", 0), 0);
}

static void test_pieces_and_alignment_do_not_matter(void **state)
{
	uint8_t buf[72];
	uint32_t whole;

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 37 + 11);
	for (size_t at = 0; at < 8; at++) {
		whole = hash_crc32c(0, buf + at, 64);
		for (size_t cut = 0; cut <= 64; cut++)
			assert_int_equal(hash_crc32c(hash_crc32c(0, buf + at, cut), buf + at + cut,
						     64 - cut),
					 whole);
	}
}

/* One bit at a time, as the definition has it. */
static uint32_t slow(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len * 8; i++) {
		crc ^= p[i / 8] >> i % 8 & 1;
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void test_every_length(void **state)
{
	uint8_t buf[300];

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * i * 7 + i);
	for (size_t len = 0; len < 260; len++)
		for (size_t at = 0; at < 9; at++)
			assert_int_equal(hash_crc32c(0, buf + at, len), slow(buf + at, len));
}

static void test_every_flipped_bit_shows(void **state)
{
	uint8_t buf[252] = { 1, 2, 3 };
	uint32_t good = hash_crc32c(0, buf, sizeof(buf));

	(void)state;
	for (size_t bit = 0; bit < sizeof(buf) * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(hash_crc32c(0, buf, sizeof(buf)), good);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_pieces_and_alignment_do_not_matter),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_flipped_bit_shows),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
