/* SPDX-License-Identifier: MIT */
/* JSON: what is and is not, walking, and strings with escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/lib/json.h"
#include "core/lib/util.h"

static struct json json;

static int parse(const char *text)
{
	json_free(&json);
	return json_parse(&json, text, strlen(text));
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"1",
		"\"text\"",
		"{",
		"[",
		"]",
		"{]",
		"[}",
		"{\"a\"}",
		"{\"a\":}",
		"{1:2}",
		"{\"a\":1 \"b\":2}",
		"[1 2]x",
		"{} {}",
		"[\"\\x\"]",
		"[\"\\u12g4\"]",
		"[\"open]",
		"{a:1}",
		"{\"a\":1,}b",
		"[\"a\nb\"]",
		"[\"\033[2J\"]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (parse(texts[i]) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	json_free(&json);
	assert_int_equal(json_parse(&json, "[\0]", 3), -EINVAL);
}

static void test_deep(void **state)
{
	char text[201];

	(void)state;
	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	text[200] = '\0';
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(parse(text + 90), -EINVAL);
	text[100 + 32] = '\0';
	assert_int_equal(parse(text + 68), 0);
}

static void test_walk(void **state)
{
	uint64_t n;
	char word[8];
	int sum = 0, i = -1;

	(void)state;
	assert_int_equal(
		parse("{ \"a\": [1, {\"b\": 2, \"c\": [3]}, 4],\n \"d\": \"text\", \"a\": 7, \"e\": {} }"),
		0);
	i = json_member(&json, 0, "a");
	assert_int_equal(json_count(&json, i), 3);
	for (JSON_EACH(&json, i, k))
		sum += json_number(&json, k, 100, &n) ? (int)n : 100;
	assert_int_equal(sum, 105);
	assert_true(json_is_text(&json, json_member(&json, 0, "d"), "text"));
	assert_int_equal(json_line(&json, json_member(&json, 0, "d")), 2);
	assert_int_equal(json_count(&json, json_member(&json, 0, "e")), 0);
	assert_int_equal(json_first(&json, json_member(&json, 0, "e")), -1);
	assert_int_equal(json_member(&json, 0, "b"), -1);
	assert_int_equal(json_member(&json, -1, "b"), -1);
	assert_int_equal(json_count(&json, -1), 0);
	sum = 0;
	for (JSON_EACH(&json, 0, key))
		sum += json_is(&json, key, JSMN_STRING);
	assert_int_equal(sum, 4);
	assert_true(json_word(&json, json_member(&json, 0, "d"), JSMN_STRING, word, sizeof(word)));
	assert_false(json_word(&json, json_member(&json, 0, "d"), JSMN_STRING, word, 4));
	assert_false(json_number(&json, json_member(&json, 0, "d"), 100, &n));
}

static void test_strings(void **state)
{
	static const char *const pairs[][2] = {
		{ "[\"plain\"]", "plain" },
		{ "[\"\"]", "" },
		{ "[\"a\\n\\t\\\\\\\"\\/\\b\\f\\r\"]", "a\n\t\\\"/\b\f\r" },
		{ "[\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00!\"]",
		  "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!" },
		{ "[\"\\u0000\"]", NULL },
		{ "[\"\\ud83d\"]", NULL },
		{ "[\"\\ud83dxxxxxx\"]", NULL },
		{ "[\"\\ud83d\\u0041\"]", NULL },
		{ "[\"\\ude00\"]", NULL },
		{ "[1]", NULL },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		char *got;

		assert_int_equal(parse(pairs[i][0]), 0);
		got = json_string(&json, 1, &a);
		if (pairs[i][1])
			assert_string_equal(got, pairs[i][1]);
		else
			assert_null(got);
	}
	assert_null(json_string(&json, -1, &a));
	arena_free(&a);
}

static int done(void **state)
{
	(void)state;
	json_free(&json);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
