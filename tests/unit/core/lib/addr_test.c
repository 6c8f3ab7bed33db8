// SPDX-License-Identifier: MIT
/* Addresses as text: what is one, what is none, prefixes, counting, and back to text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/lib/addr.h"

static struct addr of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse_prefix(text, &a), 0);
	return a;
}

static const char *back(struct addr a)
{
	static char buf[ADDR_PREFIX];

	return addr_text_prefix(&a, buf);
}

static void test_text(void **state)
{
	static const char *const good[] = { "10.88.0.2/24", "0.0.0.0/0", "255.255.255.255/32",
					    "fd00::/64",    "::/0",	 "2001:db8::1/128" };
	static const char *const bad[] = {
		"",
		"10.88.0",
		"10.88.0.256",
		"10.88.0.2/33",
		"10.88.0.2/",
		"10.88.0.2/ 24",
		"10.88.0.2/-1",
		"fd00::/129",
		"fd00:::1",
		"/24",
		" 10.0.0.1",
		"10.0.0.1 ",
		"10.0.0.1/24/24",
		"010.0.0.1x",
		"::ffff:1.2.3.4.5",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_string_equal(back(of(good[i])), good[i]);
	assert_string_equal(back(of("10.0.0.1")), "10.0.0.1/32");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(addr_parse_prefix(bad[i], &a), -EINVAL);
		assert_int_equal(a.len, 0);
	}
	assert_int_equal(addr_parse("10.0.0.1/24", &a), -EINVAL);
}

static void test_networks(void **state)
{
	struct addr net = of("10.88.3.7/22"), six = of("fd00:1:2:3::/64"), a, b;

	(void)state;
	assert_string_equal(back(addr_first(&net)), "10.88.0.0/22");
	assert_string_equal(back(addr_last(&net)), "10.88.3.255/22");
	assert_string_equal(back(addr_nth(&net, 258)), "10.88.1.2/22");
	assert_string_equal(back(addr_nth(&six, 65536)), "fd00:1:2:3::1:0/64");
	assert_int_equal(addr_count(&net), 1024);
	assert_int_equal(addr_count(&six), UINT32_MAX);
	a = of("10.88.0.1");
	assert_true(addr_within(&a, &net));
	a = of("10.88.4.1");
	assert_false(addr_within(&a, &net));
	assert_false(addr_within(&six, &net));
	a = of("10.0.0.0/8");
	assert_true(addr_overlap(&a, &net));
	assert_true(addr_overlap(&net, &a));
	b = of("10.89.0.0/16");
	assert_false(addr_overlap(&b, &net));
	a = of("0.0.0.0/0");
	assert_true(addr_within(&net, &a));
	a = of("10.88.3.7/32");
	assert_true(addr_same(&a, &net));
}

static void test_macs(void **state)
{
	static const char *const bad[] = { "",
					   "02:11:22:33:44",
					   "02:11:22:33:44:5",
					   "02:11:22:33:44:555",
					   "02-11-22-33-44-55",
					   "01:11:22:33:44:55",
					   "00:00:00:00:00:00",
					   "02:11:22:33:44:5g",
					   "02:11:22:33:44:55:66" };
	uint8_t mac[ADDR_MAC];
	char buf[ADDR_MAC_TEXT];

	(void)state;
	assert_int_equal(addr_parse_mac("02:aB:22:33:44:5f", mac), 0);
	assert_string_equal(addr_mac_text(mac, buf), "02:ab:22:33:44:5f");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse_mac(bad[i], mac), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
