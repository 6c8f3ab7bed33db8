// SPDX-License-Identifier: MIT
/* Messages of syslog(3) as lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/devlog.h"

static void expect(const char *message, const char *want)
{
	static char line[DEVLOG_LINE];
	size_t n = devlog_line(message, strlen(message), line);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(line, want, n);
}

static void test_what_libraries_write(void **state)
{
	(void)state;
	expect("<30>Nov 24 00:10:11 web[12]: hello", "web[12]: hello\n");
	expect("<30>Nov  4 00:10:11 web: hello\n", "web: hello\n");
	expect("<28>Nov 24 00:10:11 web: low", "warning: web: low\n");
	expect("<0>web: the end", "emerg: web: the end\n");
}

static void test_what_they_do_not(void **state)
{
	(void)state;
	expect("", "");
	expect("\n", "");
	expect("<30>", "");
	expect("<30>Nov 24 00:10:11 ", "");
	expect("<192>x", "<192>x\n");
	expect("<>x", "<>x\n");
	expect("<1234>x", "<1234>x\n");
	expect("<30>Nov 24 00-10-11 x", "Nov 24 00-10-11 x\n");
	expect("<30>two\nlines", "two\\nlines\n");
	expect("<30>\033[31mred", "\\x1b[31mred\n");
}

static void test_a_long_one_is_cut(void **state)
{
	static char message[65536], line[DEVLOG_LINE];

	(void)state;
	memset(message, '\033', sizeof(message));
	assert_int_equal(devlog_line(message, sizeof(message), line), 4 * DEVLOG_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_libraries_write),
		cmocka_unit_test(test_what_they_do_not),
		cmocka_unit_test(test_a_long_one_is_cut),
	};

	return cmocka_run_group_tests_name("devlog", tests, NULL, NULL);
}
