// SPDX-License-Identifier: MIT
/*
 * Our snprintf against the C library's, on every combination of flags, width, precision and length. The
 * build renames ours, so that both are here.
 */
#undef snprintf
#undef vsnprintf
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

int small_snprintf(char *restrict buf, size_t size, const char *restrict fmt, ...);

#define SAME(fmt, ...)                                                                         \
	do {                                                                                   \
		char ours_[256], theirs_[256];                                                 \
		const char *fmt_ = (fmt);                                                      \
		int n_ = snprintf(theirs_, sizeof(theirs_), fmt_, __VA_ARGS__);                \
                                                                                               \
		assert_int_equal(small_snprintf(ours_, sizeof(ours_), fmt_, __VA_ARGS__), n_); \
		if (strcmp(ours_, theirs_) != 0)                                               \
			fail_msg("%s: '%s' instead of '%s'", fmt_, ours_, theirs_);            \
	} while (0)

static const char *const flags[] = { "", "-", "0", "+", " ", "#", "-#", "0#", "+0", "- ", "-+0 #" };
static const char *const sizes[] = { "", "1", "7", "12", ".0", ".1", ".9", "7.3", "12.9", "3.5" };

static const char *make(char *fmt, size_t size, size_t flag, size_t width, const char *end)
{
	snprintf(fmt, size, "<%%%s%s%s>", flags[flag], sizes[width], end);
	return fmt;
}

#define EACH_FORMAT(fmt, end)                                                    \
	for (size_t f_ = 0; f_ < sizeof(flags) / sizeof(flags[0]); f_++)         \
		for (size_t w_ = 0; w_ < sizeof(sizes) / sizeof(sizes[0]); w_++) \
			if (make(fmt, sizeof(fmt), f_, w_, end))

static void test_signed_numbers(void **state)
{
	static const long long values[] = { 0,	   1,	    -1,	     42,	-128,	  127,
					    32768, INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN };
	char fmt[32];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		EACH_FORMAT(fmt, "d")
		SAME(fmt, (int)values[i]);
		EACH_FORMAT(fmt, "hhi")
		SAME(fmt, (int)values[i]);
		EACH_FORMAT(fmt, "hd")
		SAME(fmt, (int)values[i]);
		EACH_FORMAT(fmt, "ld")
		SAME(fmt, (long)values[i]);
		EACH_FORMAT(fmt, "lld")
		SAME(fmt, values[i]);
		EACH_FORMAT(fmt, "jd")
		SAME(fmt, (intmax_t)values[i]);
		EACH_FORMAT(fmt, "td")
		SAME(fmt, (ptrdiff_t)values[i]);
	}
}

static void test_unsigned_numbers(void **state)
{
	static const unsigned long long values[] = {
		0, 1, 8, 255, 256, 65535, UINT_MAX, ULLONG_MAX
	};
	static const char *const ends[] = { "u", "x", "X", "o" };
	char fmt[32], end[8];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
			EACH_FORMAT(fmt, ends[e])
			SAME(fmt, (unsigned int)values[i]);
			snprintf(end, sizeof(end), "hh%s", ends[e]);
			EACH_FORMAT(fmt, end)
			SAME(fmt, (unsigned int)values[i]);
			snprintf(end, sizeof(end), "z%s", ends[e]);
			EACH_FORMAT(fmt, end)
			SAME(fmt, (size_t)values[i]);
			snprintf(end, sizeof(end), "ll%s", ends[e]);
			EACH_FORMAT(fmt, end)
			SAME(fmt, values[i]);
		}
}

static void test_text(void **state)
{
	static const char *const texts[] = { "", "a", "some words", "%s" };
	char fmt[32];
	char unterminated[3] = { 'a', 'b', 'c' };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		EACH_FORMAT(fmt, "s")
		SAME(fmt, texts[i]);
		SAME("%*s|", 6, texts[i]);
		SAME("%*s|", -6, texts[i]);
		SAME("%-*.*s|", 6, 2, texts[i]);
		SAME("%.*s|", -1, texts[i]);
	}
	SAME("%.3s", unterminated);
	SAME("%c%5c%-5c|", 'a', 'b', 'c');
	SAME("100%% of %s%%", "it");
	SAME("%s", (const char *)NULL);
	SAME("%p", (void *)0x1234);
}

static void test_what_does_not_fit(void **state)
{
	char buf[6] = "-----";

	(void)state;
	assert_int_equal(small_snprintf(buf, 4, "%s", "abcdef"), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(buf[4], '-');
	assert_int_equal(small_snprintf(buf, 1, "%d", 77), 2);
	assert_string_equal(buf, "");
	assert_int_equal(small_snprintf(NULL, 0, "%08x", 1U), 8);
}

static void test_unknown_conversions_stand(void **state)
{
	char buf[32];

	(void)state;
	small_snprintf(buf, sizeof(buf), "%5.1f|%");
	assert_string_equal(buf, "%5.1f|%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signed_numbers),
		cmocka_unit_test(test_unsigned_numbers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_unknown_conversions_stand),
	};

	return cmocka_run_group_tests_name("printf", tests, NULL, NULL);
}
