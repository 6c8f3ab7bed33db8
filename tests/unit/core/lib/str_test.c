// SPDX-License-Identifier: MIT
/* Numbers with units, lists, escaping, the nearest word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/str.h"

static void test_numbers(void **state)
{
	static const char *const bad[] = { "",	  " 1", "1 ",
					   "+1",  "-1", "0x1",
					   "1.0", "1a", "18446744073709551616" };
	uint64_t v = 77;
	int64_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(str_u64(bad[i], 0, UINT64_MAX, &v) < 0);
	assert_true(v == 77);
	assert_int_equal(str_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_u64("11", 0, 10, &v), -ERANGE);
	assert_int_equal(str_i64("-1000", -1000, 1000, &n), 0);
	assert_true(n == -1000);
	assert_int_equal(str_i64("-1001", -1000, 1000, &n), -ERANGE);
	assert_true(str_i64("--1", -1000, 1000, &n) < 0);
	assert_true(str_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &n) < 0);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "0", 0 },	   { "123", 123 },
		     { "64K", 65536 },	   { "64k", 65536 },
		     { "2KiB", 2048 },	   { "2kb", 2048 },
		     { "32M", 32U << 20 }, { "1G", 1U << 30 },
		     { "5b", 5 },	   { "1T", UINT64_C(1) << 40 },
		     { "max", UINT64_MAX } };
	static const char *const bad[] = {
		"",   "M",   "1.5M",	     "1X",	  "1KK",
		"-1", "1 M", "99999999999T", "16777216T", "9223372036854775808",
		"MAX"
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(str_size(good[i].text, &v), 0);
		assert_true(v == good[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(str_size(bad[i], &v) < 0);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = { { "0", 0 },       { "500ms", 500 },  { "10", 10000 },   { "10s", 10000 },
		     { "5m", 300000 }, { "2h", 7200000 }, { "1d", 86400000 } };
	static const char *const bad[] = { "", "s", "1.5s", "1y", "-1s", "99999999999999d", "10 s" };
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(str_time(good[i].text, &v), 0);
		assert_true(v == good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(str_time(bad[i], &v) < 0);
}

static void test_bools(void **state)
{
	bool b;

	(void)state;
	assert_int_equal(str_bool("yes", &b), 0);
	assert_true(b);
	assert_int_equal(str_bool("off", &b), 0);
	assert_false(b);
	assert_int_equal(str_bool("Yes", &b), -EINVAL);
	assert_int_equal(str_bool("", &b), -EINVAL);
}

static void test_for_people(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(str_of_size(0, buf, sizeof(buf)), "0");
	assert_string_equal(str_of_size(1023, buf, sizeof(buf)), "1023");
	assert_string_equal(str_of_size(1536, buf, sizeof(buf)), "1.5K");
	assert_string_equal(str_of_size(32U << 20, buf, sizeof(buf)), "32M");
	assert_string_equal(str_of_size(UINT64_MAX, buf, sizeof(buf)), "max");
	assert_string_equal(str_of_time(0, buf, sizeof(buf)), "0s");
	assert_string_equal(str_of_time(999, buf, sizeof(buf)), "999ms");
	assert_string_equal(str_of_time(192000, buf, sizeof(buf)), "3m12s");
	assert_string_equal(str_of_time(187200000, buf, sizeof(buf)), "2d4h");
}

static void test_escape(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(str_escape(buf, sizeof(buf), "a\x1b[1m\nb\0c", 9),
			    "a\\x1b[1m\\nb\\x00c");
	assert_string_equal(str_escape(buf, sizeof(buf), "gr\xc3\xbc\xc3\x9f", 6),
			    "gr\xc3\xbc\xc3\x9f");
	/* cut, overlong, surrogate, C1 control */
	assert_string_equal(str_escape(buf, sizeof(buf), "\xc3", 1), "\\xc3");
	assert_string_equal(str_escape(buf, sizeof(buf), "\xc0\xaf", 2), "\\xc0\\xaf");
	assert_string_equal(str_escape(buf, sizeof(buf), "\xed\xa0\x80", 3), "\\xed\\xa0\\x80");
	assert_string_equal(str_escape(buf, sizeof(buf), "\xc2\x9b", 2), "\\xc2\\x9b");
	/* never half of an escape */
	assert_string_equal(str_escape(buf, 5, "ab\x1b", 3), "ab");
}

static void test_copy_and_format(void **state)
{
	char buf[4];

	(void)state;
	assert_true(str_copy(buf, sizeof(buf), "abc"));
	assert_false(str_copy(buf, sizeof(buf), "abcd"));
	assert_string_equal(buf, "abc");
	assert_int_equal(str_format(buf, sizeof(buf), "%d", 12345), 3);
	assert_string_equal(buf, "123");
	assert_int_equal(str_format(buf, 0, "x"), 0);
}

static void test_nearest(void **state)
{
	static const char *const keys[] = { "memory", "memory-high", "mount", "env", "pid" };

	(void)state;
	assert_string_equal(str_nearest("memroy", keys, ARRAY_SIZE(keys)), "memory");
	assert_string_equal(str_nearest("moutn", keys, ARRAY_SIZE(keys)), "mount");
	assert_string_equal(str_nearest("pids", keys, ARRAY_SIZE(keys)), "pid");
	assert_null(str_nearest("zzzzzz", keys, ARRAY_SIZE(keys)));
	assert_null(str_nearest("", keys, ARRAY_SIZE(keys)));
	assert_null(
		str_nearest("averyveryverylongwordthatisnotcomparedatall", keys, ARRAY_SIZE(keys)));
}

static void test_lists(void **state)
{
	struct arena a = { 0 };
	struct strv l = { 0 };
	char word[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(word, sizeof(word), "w%d", i);
		assert_int_equal(strv_add(&a, &l, word), 0);
		assert_null(l.v[l.n]);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(word, sizeof(word), "w%d", i);
		assert_string_equal(l.v[i], word);
	}
	arena_free(&a);
}

static void test_arena(void **state)
{
	struct arena a = { .limit = 10000 };
	char *small = arena_str(&a, "small"), *large, *next;

	(void)state;
	large = arena_alloc(&a, 5000);
	next = arena_str(&a, "next");
	assert_string_equal(small, "small");
	assert_true((uintptr_t)large % 8 == 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(large[i], 0);
	memset(large, 'x', 5000);
	assert_string_equal(next, "next");
	assert_false(a.failed);
	assert_null(arena_alloc(&a, 5000));
	assert_true(a.failed);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_strn(&a, "", SIZE_MAX));
	arena_free(&a);
	assert_null(a.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_times),		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_for_people),	cmocka_unit_test(test_escape),
		cmocka_unit_test(test_copy_and_format), cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_lists),		cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
