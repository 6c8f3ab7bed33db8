/* SPDX-License-Identifier: MIT */
/* The superblock of a hash tree: what is taken from it, and what cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/lib/le.h"
#include "drivers/image/verity.h"

static uint8_t b[VERITY_SUPERBLOCK];
static struct verity v;
static struct err e;

static int setup(void **state)
{
	(void)state;
	memset(b, 0, sizeof(b));
	memcpy(b, "verity", 6);
	le_put32(b + 8, 1);
	le_put32(b + 12, 1);
	memcpy(b + 32, "sha256", 6);
	le_put32(b + 64, 4096);
	le_put32(b + 68, 4096);
	le_put64(b + 72, 10);
	le_put16(b + 80, 2);
	b[88] = 0x0a;
	b[89] = 0xff;
	return 0;
}

static void refused(const char *why)
{
	assert_int_equal(verity_parse(&v, b, 40960, 40000, &e), -EINVAL);
	if (!strstr(e.msg, why))
		fail_msg("'%s', expected '%s'", e.msg, why);
	setup(NULL);
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(verity_parse(&v, b, 40960, 40000, &e), 0);
	assert_int_equal(v.blocks, 10);
	assert_int_equal(v.hash_start, 11);
	assert_string_equal(v.salt, "0aff");
	le_put16(b + 80, 0);
	assert_int_equal(verity_parse(&v, b, 40960, 40000, &e), 0);
	assert_string_equal(v.salt, "-");
	le_put16(b + 80, 256);
	assert_int_equal(verity_parse(&v, b, 40960, 40000, &e), 0);
	assert_int_equal(strlen(v.salt), 512);
}

static void test_bad(void **state)
{
	(void)state;
	b[0] = 'V';
	refused("has no hash tree");
	le_put32(b + 8, 2);
	refused("not of version 1 with sha256");
	memcpy(b + 32, "sha1\0\0", 6);
	refused("not of version 1 with sha256");
	memcpy(b + 32, "sha256 a", 8);
	refused("not of version 1 with sha256");
	le_put32(b + 64, 0);
	refused("damaged superblock");
	le_put32(b + 68, 4097);
	refused("damaged superblock");
	le_put16(b + 80, 257);
	refused("damaged superblock");
	le_put64(b + 72, 11);
	refused("not of all of it");
	le_put64(b + 72, 9);
	refused("not of all of it");
	le_put64(b + 72, UINT64_MAX / 4096 + 10);
	refused("not of all of it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_bad, setup),
	};

	return cmocka_run_group_tests_name("verity", tests, NULL, NULL);
}
