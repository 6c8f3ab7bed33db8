// SPDX-License-Identifier: MIT
/* Patterns of device names, and the nodes they stand for. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/lib/plug.h"

static void test_match(void **state)
{
	(void)state;
	assert_true(plug_match("ttyUSB*", "ttyUSB0"));
	assert_true(plug_match("ttyUSB*", "ttyUSB"));
	assert_false(plug_match("ttyUSB*", "ttyS0"));
	assert_true(plug_match("tty?", "tty1"));
	assert_false(plug_match("tty?", "tty"));
	assert_false(plug_match("tty?", "tty12"));
	assert_true(plug_match("*a*b", "xaabab"));
	assert_false(plug_match("*a*b", "xaabac"));
	assert_true(plug_match("snd/*", "snd/pcm"));
	assert_false(plug_match("*", "snd/pcm"));
	assert_false(plug_match("snd?pcm", "snd/pcm"));
	assert_true(plug_match("", ""));
	assert_true(plug_match("**", ""));
	assert_false(plug_match("", "a"));
	assert_true(plug_match("/dev/serial/by-id/usb-*", "/dev/serial/by-id/usb-1"));
}

static void test_is_pattern(void **state)
{
	(void)state;
	assert_true(plug_is_pattern("/dev/ttyUSB*"));
	assert_true(plug_is_pattern("/dev/serial/by-id/usb-x"));
	assert_false(plug_is_pattern("/dev/ttyS0"));
}

static int note(const char *path, const struct stat *st, void *arg)
{
	assert_true(S_ISCHR(st->st_mode));
	assert_true(strcmp(path, "/dev/null") == 0 || strcmp(path, "/dev/zero") == 0 ||
		    strcmp(path, "/dev/full") == 0);
	++*(int *)arg;
	return *(int *)arg == 2 ? -7 : 0;
}

static void test_each(void **state)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), n = 0;

	(void)state;
	assert_int_equal(plug_each(root, "/dev/nul?", note, &n), 1);
	assert_int_equal(n, 1);
	assert_int_equal(plug_each(root, "/dev/zero", note, &n), -7);
	n = 10;
	assert_int_equal(plug_each(root, "/dev/none-such-*", note, &n), 0);
	assert_int_equal(plug_each(root, "/no/such/folder/*", note, &n), 0);
	/* what is no device is left out */
	assert_int_equal(plug_each(root, "/etc/pass*", note, &n), 0);
	assert_int_equal(n, 10);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_is_pattern),
		cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
