// SPDX-License-Identifier: MIT
/* Shell-style quoting: words, whole values, and printing that reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/sys.h"
#include "core/lib/words.h"

/* The words of text joined by |, or NULL when a quote is open. */
static const char *join(const char *text, char *buf)
{
	char word[200];
	int r;

	buf[0] = '\0';
	while ((r = words_next(&text, word)) > 0) {
		strcat(buf, word);
		strcat(buf, "|");
	}
	return r < 0 ? NULL : buf;
}

static void test_words(void **state)
{
	char buf[400];

	(void)state;
	assert_string_equal(join("a  b\tc ", buf), "a|b|c|");
	assert_string_equal(join("", buf), "");
	assert_string_equal(join("'a b' \"c d\" e\\ f", buf), "a b|c d|e f|");
	assert_string_equal(join("''", buf), "|");
	assert_string_equal(join("a'b'\"c\"", buf), "abc|");
	assert_string_equal(join("\"\\\"x\\ \\n \\$\"", buf), "\"x\\ \\n $|");
	assert_string_equal(join("'\\n'", buf), "\\n|");
	assert_string_equal(join("$'a\\n\\x41\\x7\\'' $HOME", buf), "a\nA\a'|$HOME|");
	assert_string_equal(join("a#b #c d", buf), "a#b|");
	assert_string_equal(join("a\\", buf), "a\\|");
	assert_string_equal(join("$'\\x00'", buf), "?|");
	assert_null(join("'a", buf));
	assert_null(join("a \"b", buf));
	assert_null(join("$'a\\'", buf));
}

static void test_values(void **state)
{
	char buf[100];

	(void)state;
	assert_int_equal(words_value("  a  b  # c", buf), 0);
	assert_string_equal(buf, "a  b");
	assert_int_equal(words_value("\" a \"  ", buf), 0);
	assert_string_equal(buf, " a ");
	assert_int_equal(words_value("K='v w' # x", buf), 0);
	assert_string_equal(buf, "K=v w");
	assert_int_equal(words_value("# x", buf), 0);
	assert_string_equal(buf, "");
	assert_int_equal(words_value("a#b", buf), 0);
	assert_string_equal(buf, "a#b");
	assert_int_equal(words_value("a'", buf), -EINVAL);
}

static void test_printing_reads_back(void **state)
{
	static const char *const texts[] = {
		"",	"a",	"a b",	   " a",   "a ",      "#",
		"a#",	"'",	"\"",	   "\\",   "$'",      "$HOME",
		"`x`",	"a\nb", "\x1b[0m", "\x7f", "'\n\"\\", "gr\xc3\xbc\xc3\x9f",
		"\xff", "a\tb"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char text[100] = "", back[100];
		const char *p = text;
		int fd = sys_memfd("words", false);
		struct out o = OUT(fd);

		words_print(&o, texts[i], false);
		out_text(&o, " ");
		words_print(&o, texts[i], true);
		assert_int_equal(out_flush(&o), 0);
		lseek(fd, 0, SEEK_SET);
		assert_true(fd_read(fd, text, sizeof(text) - 1) >= 0);
		close(fd);
		/* A line of a manifest holds it. */
		assert_null(strchr(text, '\n'));
		assert_int_equal(words_next(&p, back), 1);
		assert_string_equal(back, texts[i]);
		assert_int_equal(words_value(p, back), 0);
		assert_string_equal(back, texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_printing_reads_back),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
