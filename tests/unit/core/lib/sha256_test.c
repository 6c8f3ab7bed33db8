/* SPDX-License-Identifier: MIT */
/* SHA-256: the examples of FIPS 180-4, and every split of an input around block borders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/lib/hash.h"
#include "core/lib/sha256_hw.h"

static void digest(const void *p, size_t len, size_t step, char hex[65])
{
	struct hash_sha256 s;
	uint8_t out[32];

	hash_sha256_init(&s);
	for (size_t at = 0; at < len; at += step)
		hash_sha256_add(&s, (const char *)p + at, len - at < step ? len - at : step);
	hash_sha256_end(&s, out);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
}

static void test_examples(void **state)
{
	static char million[1000000];
	char hex[65];

	(void)state;
	digest("", 0, 1, hex);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest("abc", 3, 3, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 56, hex);
	assert_string_equal(hex,
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	digest(million, sizeof(million), 4099, hex);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_splits(void **state)
{
	uint8_t in[200];
	char whole[65], split[65];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof(in); len++) {
		digest(in, len, sizeof(in), whole);
		for (size_t step = 1; step < 130; step += 9) {
			digest(in, len, step, split);
			assert_string_equal(split, whole);
		}
	}
}

/* The processor's instructions against C: sha256.c uses them where they are, so this is both. */
static void test_hw(void **state)
{
	static const uint32_t k[64];
	uint32_t h[8] = { 0 };
	uint8_t block[64] = { 0 };

	(void)state;
	if (!sha256_hw(h, block, 0, k))
		skip();
	for (int i = 0; i < 8; i++)
		assert_int_equal(h[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_hw),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
