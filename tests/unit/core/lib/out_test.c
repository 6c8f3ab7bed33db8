// SPDX-License-Identifier: MIT
/* Buffered output: order, long pieces, JSON, errors that are remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/sys.h"

static void test_order_and_length(void **state)
{
	int fd = sys_memfd("out", false);
	struct out o = OUT(fd);
	char big[3000], back[8000];

	(void)state;
	memset(big, 'x', sizeof(big));
	out_text(&o, "begin ");
	out_bytes(&o, big, sizeof(big));
	out_printf(&o, " %d%%", 42);
	for (int i = 0; i < 300; i++)
		out_printf(&o, "%5d", i);
	assert_int_equal(out_flush(&o), 0);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(fd_read(fd, back, sizeof(back)), 6 + 3000 + 4 + 1500);
	assert_memory_equal(back, "begin xxx", 9);
	assert_memory_equal(back + 3006, " 42%    0    1", 14);
	assert_memory_equal(back + 3006 + 4 + 1495, "  299", 5);
	close(fd);
}

static void test_json(void **state)
{
	static const char expected[] = "\"a\\\"b\\\\ \\n\\u001b\xc3\xbc\\u00ff\"";
	int fd = sys_memfd("out", false);
	struct out o = OUT(fd);
	char back[100] = "";

	(void)state;
	out_json(&o, "a\"b\\ \n\x1b\xc3\xbc\xff");
	assert_int_equal(out_flush(&o), 0);
	lseek(fd, 0, SEEK_SET);
	fd_read(fd, back, sizeof(back) - 1);
	assert_string_equal(back, expected);
	close(fd);
}

static void test_errors_stay(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct out o = OUT(fd);

	(void)state;
	out_text(&o, "x");
	assert_int_equal(out_flush(&o), -ENOSPC);
	out_text(&o, "y");
	assert_int_equal(out_flush(&o), -ENOSPC);
	close(fd);
}

static void test_too_long_for_printf(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct out o = OUT(fd);

	(void)state;
	out_printf(&o, "%2000s", "x");
	assert_int_equal(out_flush(&o), -EMSGSIZE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_length),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_errors_stay),
		cmocka_unit_test(test_too_long_for_printf),
	};

	return cmocka_run_group_tests_name("out", tests, NULL, NULL);
}
