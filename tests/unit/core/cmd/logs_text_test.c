// SPDX-License-Identifier: MIT
/* What `myctr logs` prints of pieces: lines, times, the last lines, nothing that a terminal obeys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd/logs_text.h"

#define T0 1795452208123ULL /* 2026-11-23T16:43:28.123Z */

static struct logs_text text;
static FILE *sink;
static char printed[1 << 20];

static int begin(void **state)
{
	(void)state;
	sink = tmpfile();
	text = (struct logs_text){ .out = OUT(fileno(sink)) };
	return !sink;
}

static int end(void **state)
{
	(void)state;
	return fclose(sink);
}

static void piece(const char *s)
{
	logs_text_each(&text, T0, s, strlen(s));
}

static const char *result(void)
{
	size_t n;

	assert_int_equal(logs_text_finish(&text), 0);
	rewind(sink);
	n = fread(printed, 1, sizeof(printed) - 1, sink);
	printed[n] = 0;
	return printed;
}

static void test_bytes_go_as_they_came(void **state)
{
	(void)state;
	piece("a\033[31m\r\n");
	piece("\xff\x80 b");
	piece("\n\n\tc");
	assert_string_equal(result(), "a\033[31m\r\n\xff\x80 b\n\n\tc");
}

static void test_a_terminal_gets_text_only(void **state)
{
	(void)state;
	text.escape = true;
	piece("red\033[31m bell\a csi\xc2\x9b"
	      "31m del\x7f tab\tgr\xc3\xbc\xc3\x9f\xe2\x82\xac \xf0\x9f\x90\xa7\n");
	piece("\xff\xfe half\xc3\n");
	piece("crlf\r\n");
	piece("over\rwrite\n");
	piece("end\xe2\x82");
	assert_string_equal(
		result(),
		"red\\x1b[31m bell\\x07 csi\\xc2\\x9b31m del\\x7f tab\tgr\xc3\xbc\xc3\x9f\xe2\x82\xac "
		"\xf0\x9f\x90\xa7\n\\xff\\xfe half\\xc3\ncrlf\nover\\x0dwrite\nend\\xe2\\x82");
}

static void test_characters_cut_by_pieces_are_whole(void **state)
{
	static const char all[] = "\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7x\xe2\x82y\n";

	(void)state;
	for (size_t step = 1; step < sizeof(all); step++) {
		begin(NULL);
		text.escape = true;
		for (size_t at = 0; at < sizeof(all) - 1; at += step)
			logs_text_each(&text, T0, all + at,
				       step < sizeof(all) - 1 - at ? step : sizeof(all) - 1 - at);
		assert_string_equal(result(), "\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7x\\xe2\\x82y\n");
		if (step < sizeof(all) - 1)
			end(NULL);
	}
}

static void test_times_stand_at_the_beginning_of_lines(void **state)
{
	(void)state;
	text.times = true;
	piece("on");
	piece("e\n");
	logs_text_each(&text, T0 + 1000, "two\n\nfour", 9);
	assert_string_equal(result(), "2026-11-23T16:43:28.123Z one\n2026-11-23T16:43:29.123Z two\n"
				      "2026-11-23T16:43:29.123Z \n2026-11-23T16:43:29.123Z four");
}

static void tail_of(uint64_t want, const char *all, const char *expect)
{
	for (size_t step = 1; step < 9; step++) {
		begin(NULL);
		text.tail = true;
		text.want = want;
		for (size_t at = 0; at < strlen(all); at += step)
			logs_text_each(&text, T0, all + at,
				       step < strlen(all) - at ? step : strlen(all) - at);
		logs_text_end_tail(&text);
		piece("more\n");
		assert_string_equal(result(), expect);
		end(NULL);
	}
	begin(NULL);
}

static void test_the_last_lines(void **state)
{
	(void)state;
	end(NULL);
	tail_of(2, "one\ntwo\nthree\n", "two\nthree\nmore\n");
	end(NULL);
	tail_of(2, "one\ntwo\nthree", "two\nthreemore\n");
	end(NULL);
	tail_of(9, "one\ntwo\nthree\n", "one\ntwo\nthree\nmore\n");
	end(NULL);
	tail_of(0, "one\ntwo", "more\n");
	end(NULL);
	tail_of(1, "", "more\n");
	end(NULL);
	tail_of(1, "\n\n\n", "\nmore\n");
}

static void test_many_lines_need_little_memory(void **state)
{
	char line[64];

	(void)state;
	text.tail = true;
	text.want = 10;
	for (int i = 0; i < 100000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		piece(line);
	}
	assert_true(text.room < 2000);
	assert_memory_equal(result(), "line 99990\n", 11);
	assert_int_equal(strlen(printed), 110);
}

static void test_losses_are_told_on_stderr(void **state)
{
	FILE *err = tmpfile();
	int keep = dup(2);
	char said[100] = "";

	(void)state;
	dup2(fileno(err), 2);
	piece("before\n");
	logs_text_each(&text, 0, NULL, 4096);
	logs_text_each(&text, 0, NULL, 0);
	piece("after\n");
	dup2(keep, 2);
	close(keep);
	assert_string_equal(result(), "before\nafter\n");
	rewind(err);
	assert_true(fread(said, 1, sizeof(said) - 1, err) > 0);
	assert_string_equal(said, "... 4096 bytes lost\n... some output lost\n");
	fclose(err);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_go_as_they_came),
		TEST(test_a_terminal_gets_text_only),
		cmocka_unit_test_teardown(test_characters_cut_by_pieces_are_whole, end),
		TEST(test_times_stand_at_the_beginning_of_lines),
		TEST(test_the_last_lines),
		TEST(test_many_lines_need_little_memory),
		TEST(test_losses_are_told_on_stderr),
	};

	return cmocka_run_group_tests_name("logs_text", tests, NULL, NULL);
}
