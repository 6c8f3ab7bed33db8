// SPDX-License-Identifier: MIT
/* Templates of names: what is put in, what is refused, and what a host name may look like. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lib/str.h"
#include "core/template.h"

static int value(const char *kind, const char *arg, char *buf, size_t size, struct err *e)
{
	if (strcmp(kind, "bad") == 0)
		return err_set(e, EIO, "bad");
	str_format(buf, size, "<%s|%s>", kind, arg);
	return 0;
}

static void test_expand(void **state)
{
	struct err e = { 0 };
	char out[64], small[8];

	(void)state;
	assert_int_equal(template_expand("gw-${mac:eth0}-$x${serial}", value, out, sizeof(out), &e),
			 0);
	assert_string_equal(out, "gw-<mac|eth0>-$x<serial|>");
	assert_int_equal(template_expand("", value, out, sizeof(out), &e), 0);
	assert_string_equal(out, "");
	assert_int_equal(template_expand("a${serial", value, out, sizeof(out), &e), -EINVAL);
	assert_string_equal(e.msg, "a${serial: '${' without '}'");
	assert_int_equal(template_expand("${bad}", value, out, sizeof(out), &e), -EIO);
	assert_int_equal(template_expand("12345678", value, small, sizeof(small), &e),
			 -ENAMETOOLONG);
	assert_int_equal(template_expand("1234567", value, small, sizeof(small), &e), 0);
}

static void test_check(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(template_check("gw-${mac:eth0}.${serial}.${file:/etc/site}", &e), 0);
	assert_int_equal(template_check("plain", &e), 0);
	assert_int_equal(template_check("${mac}", &e), -EINVAL);
	assert_int_equal(template_check("${file:etc}", &e), -EINVAL);
	assert_int_equal(template_check("${serial:x}", &e), -EINVAL);
	assert_int_equal(template_check("${uuid}", &e), -EINVAL);
	assert_string_equal(e.msg,
			    "${uuid}: expected ${mac:INTERFACE}, ${serial} or ${file:/PATH}");
}

static void host(const char *text, const char *wanted)
{
	char buf[128];

	str_copy(buf, sizeof(buf), text);
	assert_int_equal(template_host_name(buf), strlen(wanted));
	assert_string_equal(buf, wanted);
}

static void test_host_name(void **state)
{
	(void)state;
	host("gw-01.lan", "gw-01.lan");
	host("--A b_c\n", "A-b-c");
	host("\xc3\xa4\x1b[1m", "1m");
	host("___", "");
	host("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_host_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
