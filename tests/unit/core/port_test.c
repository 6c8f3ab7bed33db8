// SPDX-License-Identifier: MIT
/* Entries of publish: what is read from which text, what is refused, and which two exclude each other. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/port.h"

static void reads(void **state)
{
	struct err e = { 0 };
	struct port p;

	(void)state;
	assert_int_equal(port_parse("8080:80", &p, &e), 0);
	assert_int_equal(p.host, 8080);
	assert_int_equal(p.inside, 80);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.family, AF_UNSPEC);
	assert_string_equal(p.dev, "");
	assert_int_equal(port_parse("8080-8090:80-90/udp@lan0", &p, &e), 0);
	assert_int_equal(p.count, 11);
	assert_int_equal(p.inside, 80);
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_string_equal(p.dev, "lan0");
	assert_int_equal(port_parse("192.168.1.1:65535:1/tcp", &p, &e), 0);
	assert_int_equal(p.family, AF_INET);
	assert_memory_equal(p.addr, "\xc0\xa8\x01\x01", 4);
	assert_int_equal(p.host, 65535);
	assert_false(port_is_loopback(&p));
	assert_int_equal(port_parse("[::1]:8080:80", &p, &e), 0);
	assert_int_equal(p.family, AF_INET6);
	assert_int_equal(p.addr[15], 1);
	assert_true(port_is_loopback(&p));
	assert_false(port_has_rules(&p));
	assert_false(port_is_anywhere(&p));
	assert_int_equal(port_parse("0.0.0.0:8080:80", &p, &e), 0);
	assert_int_equal(p.family, AF_INET);
	assert_true(port_is_anywhere(&p));
	assert_int_equal(port_parse("[::]:8080:80", &p, &e), 0);
	assert_int_equal(p.family, AF_INET6);
	assert_true(port_is_anywhere(&p) && port_has_rules(&p));
	assert_int_equal(port_parse("127.0.0.53:53:53/udp", &p, &e), 0);
	assert_true(port_is_loopback(&p));
}

/* Printed, it reads back as the same. */
static void prints(void **state)
{
	static const char *const same[] = { "8080:80",
					    "1-4096:1-4096/udp",
					    "8080:80@br-lan",
					    "192.168.1.1:8080:80",
					    "[fd00::1]:53:53/udp",
					    "0.0.0.0:8080:80",
					    "[::]:8080:80/udp",
					    "80-81:8080-8081@eth0.5" };
	struct err e = { 0 };
	char buf[PORT_TEXT];
	struct port p;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(port_parse(same[i], &p, &e), 0);
		assert_string_equal(port_print(&p, buf), same[i]);
	}
	assert_int_equal(port_parse("80:80/tcp", &p, &e), 0);
	assert_string_equal(port_print(&p, buf), "80:80");
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"80",
		":",
		":80",
		"80:",
		"::",
		"::80",
		"0:80",
		"80:0",
		"65536:80",
		"80:65536",
		"-80:80",
		"80-:80",
		"80-79:80-79",
		"80-90:80",
		"80-90:80-91",
		"1-5000:1-5000",
		"+80:80",
		" 80:80",
		"80:80 ",
		"80:80/",
		"80:80/sctp",
		"80:80/TCP",
		"80:80@",
		"80:80@a/b",
		"80:80@..",
		"80:80@sixteen-letters-",
		"80:80@a b",
		"80:80@lan0/udp",
		"1.2.3:80:80",
		"1.2.3.4.5:80:80",
		"1.2.3.4:80:80@eth0",
		"::1:80:80",
		"[::1:80:80",
		"[]:80:80",
		"[:80:80",
		"localhost:80:80",
		"1.2.3.4:80",
		"80:80:80",
		"99999999999999999999:80",
		"8080:80@this-is-a-very-long-text-that-does-not-fit-anywhere-because-it-is-longer-than-it-may-be-ever"
	};
	struct port p;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };

		if (port_parse(bad[i], &p, &e) >= 0)
			fail_msg("accepted '%s'", bad[i]);
		assert_int_not_equal(e.code, 0);
		assert_true(strlen(e.msg) > 0);
	}
}

static bool overlap(const char *a, const char *b, const struct strv *wan)
{
	struct err e = { 0 };
	struct port x, y;

	assert_int_equal(port_parse(a, &x, &e), 0);
	assert_int_equal(port_parse(b, &y, &e), 0);
	assert_int_equal(port_overlaps(&x, &y, wan), port_overlaps(&y, &x, wan));
	return port_overlaps(&x, &y, wan);
}

static void overlaps(void **state)
{
	char *list[] = { (char *)"eth0", NULL };
	struct strv wan = { list, 1 };

	(void)state;
	assert_true(overlap("80:80", "80:81", NULL));
	assert_true(overlap("80-90:80-90", "90:1", NULL));
	assert_true(overlap("65535:1", "65535:2", NULL));
	assert_false(overlap("80-89:80-89", "90:1", NULL));
	assert_false(overlap("80:80", "80:80/udp", NULL));
	assert_true(overlap("80:80", "80:80@lan0", &wan));
	assert_true(overlap("80:80", "80:80@lan0", &(struct strv){ 0 }));
	assert_false(overlap("80:80", "80:80@lan0", NULL));
	assert_true(overlap("80:80", "1.2.3.4:80:80", &wan));
	assert_false(overlap("80:80", "80:80@eth0", &wan));
	assert_false(overlap("80:80@lan0", "80:80@lan1", NULL));
	assert_true(overlap("80:80@eth0", "80:81@eth0", &wan));
	assert_false(overlap("1.2.3.4:80:80", "1.2.3.5:80:80", NULL));
	assert_false(overlap("127.0.0.1:80:80", "[::1]:80:80", NULL));
	/* all of a family is what no place is for both */
	assert_true(overlap("0.0.0.0:80:80", "80:80", &wan));
	assert_true(overlap("0.0.0.0:80:80", "0.0.0.0:80:81", &wan));
	assert_false(overlap("0.0.0.0:80:80", "[::]:80:80", &wan));
	assert_true(overlap("0.0.0.0:80:80", "1.2.3.4:80:80", &wan));
	assert_false(overlap("[::]:80:80", "1.2.3.4:80:80", &wan));
	assert_true(overlap("[::]:80:80", "80:80@lan0", &wan));
	assert_false(overlap("[::]:80:80", "80:80@eth0", &wan));
}

static void lists(void **state)
{
	char *good[] = { (char *)"80:80", (char *)"80:80/udp", (char *)"81:80", NULL };
	char *bad[] = { (char *)"80:80", (char *)"70-90:70-90", NULL };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(port_check_list(&(struct strv){ good, 3 }, NULL, &e), 0);
	assert_int_equal(port_check_list(&(struct strv){ bad, 2 }, NULL, &e), -EINVAL);
	assert_string_equal(e.msg, "publish: 80:80 and 70-90:70-90 take the same port");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),    cmocka_unit_test(prints), cmocka_unit_test(refuses),
		cmocka_unit_test(overlaps), cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("port", tests, NULL, NULL);
}
