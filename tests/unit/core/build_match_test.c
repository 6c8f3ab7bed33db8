// SPDX-License-Identifier: MIT
/* Patterns of COPY and of ignore files against paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/build_match.h"

static void matches(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool is;
	} t[] = {
		{ "a", "a", true },
		{ "a", "b", false },
		{ "*", "a/b", false },
		{ "*.c", "x.c", true },
		{ "*.c", "d/x.c", false },
		{ "**/*.c", "x.c", true },
		{ "**/*.c", "a/b/x.c", true },
		{ "a/**/b", "a/b", true },
		{ "a/**/b", "a/x/y/b", true },
		{ "a/**/b", "a/x/y/c", false },
		{ "a/**", "a", false },
		{ "a/**", "a/b/c", true },
		{ "**", "a", true },
		{ "?", "/", false },
		{ "[a-c]x", "bx", true },
		{ "[^a-c]x", "bx", false },
		{ "[!a]", "b", true },
		{ "[]", "[]", true },
		{ "[a", "[a", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a*b*c", "aXbYbZc", true },
		{ "a*b*c", "aXbYbZ", false },
		{ "**/a/**/b", "x/a/y/a/b", true },
		{ "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "[\\]]", "]", true },
		{ "x[a-]", "x-", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (build_match(t[i].pattern, t[i].path) != t[i].is)
			fail_msg("%s against %s", t[i].pattern, t[i].path);
}

static void cleans(void **state)
{
	static const char *const t[][2] = {
		{ "a//./b/../c/", "a/c" }, { "/", "" },	     { "../../x", "x" }, { "./.", "" },
		{ "a/../../..", "" },	   { "...", "..." },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		str_copy(buf, sizeof(buf), t[i][0]);
		assert_string_equal(build_match_clean(buf), t[i][1]);
	}
}

static void ignores(void **state)
{
	static const char text[] = "# comment\n\n /tmp/ \n*.o\r\n!keep.o\n**/cache\n!\nsecret/..\n";
	struct arena a = { 0 };
	struct strv v = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(build_match_ignore(&a, text, strlen(text), &v, &e), 0);
	assert_int_equal(v.n, 4);
	assert_true(build_match_ignored(&v, "tmp"));
	assert_true(build_match_ignored(&v, "tmp/a/b"));
	assert_true(build_match_ignored(&v, "x.o"));
	assert_false(build_match_ignored(&v, "keep.o"));
	assert_false(build_match_ignored(&v, "d/x.o"));
	assert_true(build_match_ignored(&v, "a/b/cache/c"));
	assert_true(build_match_may_return(&v));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(cleans),
		cmocka_unit_test(ignores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
