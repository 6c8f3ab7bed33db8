// SPDX-License-Identifier: MIT
/* DNS messages: what is read, what is refused, what is written. */
#include "core/lib/dns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* "web.lan0" A IN, recursion wanted. */
static const uint8_t web[] = { 0x12, 0x34, 1,	0, 0,	1,   0,	  0,   0, 0, 0, 0, 3,
			       'W',  'e',  'B', 4, 'l', 'a', 'n', '0', 0, 0, 1, 0, 1 };
/* The same with an OPT record of 4096 bytes. */
static const uint8_t web_edns[] = { 0x12, 0x34, 1,   0,	   0,	1,   0,	  0,   0, 0, 0, 1, 3,
				    'W',  'e',	'B', 4,	   'l', 'a', 'n', '0', 0, 0, 1, 0, 1,
				    0,	  0,	41,  0x10, 0,	0,   0,	  0,   0, 0, 0 };

static void reads(void **state)
{
	struct dns_question q;

	(void)state;
	assert_int_equal(dns_read(web, sizeof(web), &q), 0);
	assert_int_equal(q.id, 0x1234);
	assert_string_equal(q.name, "web.lan0");
	assert_int_equal(q.type, DNS_A);
	assert_int_equal(q.class, DNS_IN);
	assert_int_equal(q.end, sizeof(web));
	assert_int_equal(q.udp, 512);
	assert_int_equal(dns_read(web_edns, sizeof(web_edns), &q), 0);
	assert_true(q.edns);
	assert_int_equal(q.udp, 4096);
}

static void refuses(void **state)
{
	struct dns_question q;
	uint8_t m[300];

	(void)state;
	for (size_t n = 0; n < DNS_HEAD; n++)
		assert_int_equal(dns_read(web, n, &q), -EINVAL);
	for (size_t n = DNS_HEAD; n < sizeof(web); n++)
		assert_int_equal(dns_read(web, n, &q), -EBADMSG);
	memcpy(m, web, sizeof(web));
	m[2] |= 0x80;
	assert_int_equal(dns_read(m, sizeof(web), &q), -EINVAL);
	m[2] = 0x28;
	assert_int_equal(dns_read(m, sizeof(web), &q), -EOPNOTSUPP);
	m[2] = 1;
	m[5] = 2;
	assert_int_equal(dns_read(m, sizeof(web), &q), -EBADMSG);
	m[5] = 1;
	m[12] = 0xc0; /* a pointer to itself */
	m[13] = 12;
	assert_int_equal(dns_read(m, sizeof(web), &q), -EBADMSG);
	memset(m + 12, 1, sizeof(m) - 12); /* labels of one byte, too many of them */
	assert_int_equal(dns_read(m, sizeof(m), &q), -EBADMSG);
	memcpy(m, web, sizeof(web));
	m[13] = '\n'; /* not text: nobody's name here, but a question */
	assert_int_equal(dns_read(m, sizeof(web), &q), 0);
	assert_string_equal(q.name, "");
}

static void replies(void **state)
{
	uint8_t m[sizeof(web)];

	(void)state;
	memcpy(m, web, sizeof(web));
	assert_false(dns_is_reply(m, sizeof(m), 0x1234, web, sizeof(web))); /* a query */
	m[2] |= 0x80;
	assert_true(dns_is_reply(m, sizeof(m), 0x1234, web, sizeof(web)));
	assert_false(dns_is_reply(m, sizeof(m), 0x1235, web, sizeof(web)));
	assert_false(dns_is_reply(m, sizeof(m) - 1, 0x1234, web, sizeof(web)));
	m[13] = 'w'; /* another case of letters is the same name */
	assert_true(dns_is_reply(m, sizeof(m), 0x1234, web, sizeof(web)));
	m[13] = 'x';
	assert_false(dns_is_reply(m, sizeof(m), 0x1234, web, sizeof(web)));
	m[13] = 'w';
	m[sizeof(m) - 3] = DNS_AAAA;
	assert_false(dns_is_reply(m, sizeof(m), 0x1234, web, sizeof(web)));
	m[sizeof(m) - 3] = DNS_A;
	m[5] = 0;
	assert_false(dns_is_reply(m, sizeof(m), 0x1234, web, sizeof(web)));
}

static void answers(void **state)
{
	struct dns_question q;
	struct dns_answer a;
	struct addr addr;
	uint8_t m[512];
	size_t len;

	(void)state;
	dns_read(web, sizeof(web), &q);
	dns_begin(&a, m, sizeof(m), web, &q, DNS_OK, true);
	addr_parse("10.88.0.2", &addr);
	dns_add_addr(&a, &addr, 5);
	len = dns_end(&a);
	assert_int_equal(len, sizeof(web) + 16);
	assert_int_equal(m[2], 0x85); /* QR AA RD */
	assert_int_equal(m[3], 0x80); /* RA */
	assert_int_equal(m[7], 1);
	assert_memory_equal(m + sizeof(web), "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\x58\0\2", 16);

	dns_read(web_edns, sizeof(web_edns), &q);
	dns_begin(&a, m, sizeof(m), web_edns, &q, DNS_NXDOMAIN, true);
	len = dns_end(&a);
	assert_int_equal(len, sizeof(web_edns));
	assert_int_equal(m[11], 1);
	assert_int_equal(dns_rcode(m), DNS_NXDOMAIN);
}

static void does_not_fit(void **state)
{
	struct dns_question q;
	struct dns_answer a;
	struct addr addr;
	uint8_t m[64];

	(void)state;
	addr_parse("fd00::1", &addr);
	dns_read(web_edns, sizeof(web_edns), &q);
	for (size_t size = q.end; size <= sizeof(m); size++) {
		memset(m, 0xaa, sizeof(m));
		dns_begin(&a, m, size, web_edns, &q, DNS_OK, true);
		dns_add_addr(&a, &addr, 5);
		dns_add_ptr(&a, "web.lan0", 5);
		assert_true(dns_end(&a) <= size);
		for (size_t i = size; i < sizeof(m); i++)
			assert_int_equal(m[i], 0xaa);
		assert_true(dns_is_cut(m));
	}
}

static void pointers(void **state)
{
	static const char *const bad[] = { "in-addr.arpa",	     ".in-addr.arpa",
					   "1.2.3.in-addr.arpa",     "1.2.3.4.5.in-addr.arpa",
					   "256.1.1.1.in-addr.arpa", "01.1.1.1.in-addr.arpa",
					   "1.1.1.x.in-addr.arpa",   "web",
					   "1.0.ip6.arpa",	     "1..1.1.in-addr.arpa",
					   "1.1.1.1.in-addr.arpa.x" };
	struct dns_question q;
	struct dns_answer a;
	struct addr addr, want;
	uint8_t m[512];

	(void)state;
	assert_true(dns_arpa("2.0.88.10.in-addr.arpa", &addr));
	addr_parse("10.88.0.2", &want);
	assert_true(addr_same(&addr, &want));
	assert_true(dns_arpa(
		"2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", &addr));
	addr_parse("fd00::2", &want);
	assert_true(addr_same(&addr, &want));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(dns_arpa(bad[i], &addr));
	dns_read(web, sizeof(web), &q);
	dns_begin(&a, m, sizeof(m), web, &q, DNS_OK, true);
	dns_add_ptr(&a, "db.lan0", 5);
	assert_int_equal(dns_end(&a), sizeof(web) + 12 + 9);
	assert_memory_equal(m + sizeof(web) + 12, "\2db\4lan0\0", 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),	cmocka_unit_test(refuses),
		cmocka_unit_test(replies),	cmocka_unit_test(answers),
		cmocka_unit_test(does_not_fit), cmocka_unit_test(pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
