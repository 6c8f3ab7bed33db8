// SPDX-License-Identifier: MIT
/* The text of start conditions: what is read, what is refused, in a manifest and alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/manifest.h"
#include "core/when.h"

static void good(const char *text, enum when_kind wanted, const char *wanted_arg)
{
	struct err e = { 0 };
	enum when_kind kind;
	const char *arg;

	assert_int_equal(when_parse(text, &kind, &arg, &e), 0);
	assert_int_equal(kind, wanted);
	assert_string_equal(arg, wanted_arg);
}

static void test_good(void **state)
{
	(void)state;
	good("time-good", WHEN_TIME_GOOD, "");
	good("entropy", WHEN_ENTROPY, "");
	good("device /dev/ttyUSB*", WHEN_DEVICE, "/dev/ttyUSB*");
	good("link  eth0", WHEN_LINK, "eth0");
	good("file /run/x y", WHEN_FILE, "/run/x y");
	good("network lan0", WHEN_NETWORK, "lan0");
}

static void test_bad(void **state)
{
	static const char *const bad[] = { "",	     "time",	   "time-good now", "entropy 1",
					   "device", "device tty", "link",	    "link a/b",
					   "file x", "network",	   "network a b",   "devices /x" };
	struct err e = { 0 };
	enum when_kind kind;
	const char *arg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(when_parse(bad[i], &kind, &arg, &e), -EINVAL);
}

static void manifest(const char *text, const char *why)
{
	struct manifest m = { 0 };
	struct err e = { 0 };
	int r = manifest_parse(&m, "m", text, strlen(text), &e);

	if (r >= 0)
		r = manifest_finish(&m, &e);
	assert_string_equal(e.msg, why);
	assert_true(*why ? r < 0 : r == 0);
	manifest_free(&m);
}

static void test_manifest(void **state)
{
	(void)state;
	manifest("[interface eth0]\n[container a]\nimage = i\ncommand = c\nwhen = network eth0\n"
		 "when = entropy\n",
		 "");
	manifest("[container a]\nimage = i\ncommand = c\nwhen = network lan\n",
		 "m:1: a: when = network lan: there is no [network lan] and no [interface lan]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
