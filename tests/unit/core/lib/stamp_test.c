// SPDX-License-Identifier: MIT
/* Times as text: against libc over eight thousand years, and what is no time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/lib/stamp.h"

static void test_as_libc_has_it(void **state)
{
	char mine[STAMP_LEN + 1], theirs[40];
	uint64_t back;

	(void)state;
	for (uint64_t ms = 0; ms < 253402300799999ULL; ms += 86399999ULL * 3 + 12345) {
		time_t t = (time_t)(ms / 1000);
		struct tm tm;
		size_t n;

		gmtime_r(&t, &tm);
		n = strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(theirs + n, sizeof(theirs) - n, ".%03uZ", (unsigned int)(ms % 1000));
		assert_string_equal(stamp_format(ms, mine), theirs);
		assert_true(stamp_parse(mine, &back));
		assert_int_equal(back, ms);
	}
}

static void test_ends(void **state)
{
	char b[STAMP_LEN + 1];

	(void)state;
	assert_string_equal(stamp_format(0, b), "1970-01-01T00:00:00.000Z");
	assert_string_equal(stamp_format(951782400000ULL, b), "2000-02-29T00:00:00.000Z");
	assert_string_equal(stamp_format(4294967296000ULL, b), "2106-02-07T06:28:16.000Z");
	assert_string_equal(stamp_format(UINT64_MAX, b), "9999-12-31T23:59:59.999Z");
}

static void test_what_is_no_time(void **state)
{
	static const char good[] = "2026-11-23T16:43:28.123Z";
	char b[STAMP_LEN];
	uint64_t ms;

	(void)state;
	assert_true(stamp_parse(good, &ms));
	for (int i = 0; i < STAMP_LEN; i++) {
		memcpy(b, good, STAMP_LEN);
		b[i] = 'x';
		assert_false(stamp_parse(b, &ms));
		b[i] = '\0';
		assert_false(stamp_parse(b, &ms));
	}
	assert_false(stamp_parse("2026-13-23T16:43:28.123Z", &ms));
	assert_false(stamp_parse("2026-00-23T16:43:28.123Z", &ms));
	assert_false(stamp_parse("2026-11-00T16:43:28.123Z", &ms));
	assert_false(stamp_parse("2026-11-32T16:43:28.123Z", &ms));
	assert_false(stamp_parse("2026-11-23T24:43:28.123Z", &ms));
	assert_false(stamp_parse("2026-11-23T16:60:28.123Z", &ms));
	assert_false(stamp_parse("2026-11-23T16:43:60.123Z", &ms));
	assert_false(stamp_parse("1969-11-23T16:43:28.123Z", &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_libc_has_it),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_what_is_no_time),
	};

	return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
