// SPDX-License-Identifier: MIT
/* hosts and resolv.conf as text, and what is refused before it gets there. */
#include "core/names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct box {
	struct spec *spec;
	struct names names;
	char text[NAMES_TEXT];
};

static void set(struct box *b, const char *key, const char *value)
{
	struct err e = { 0 };

	if (spec_set(b->spec, spec_field(key), value, &e) < 0)
		fail_msg("%s = %s: %s", key, value, e.msg);
}

static void open_box(struct box *b)
{
	*b = (struct box){ .spec = spec_new() };
	b->spec->name = "web";
	b->spec->hostname = "web";
	b->names = (struct names){ .spec = b->spec, .host_resolv = "" };
}

static void no_network(void **state)
{
	struct box b;

	(void)state;
	open_box(&b);
	set(&b, "add-host", "db:10.0.0.9");
	set(&b, "add-host", "db6=fd00::9");
	assert_true(names_hosts(&b.names, b.text) > 0);
	assert_non_null(strstr(b.text, "\n127.0.0.1\tlocalhost\n::1\tlocalhost "));
	assert_non_null(strstr(b.text, "\n127.0.1.1\tweb\n10.0.0.9\tdb\nfd00::9\tdb6\n"));
	spec_free(b.spec);
}

static void own_addresses(void **state)
{
	struct box b;

	(void)state;
	open_box(&b);
	b.spec->hostname = "shop";
	set(&b, "network-alias", "www,api");
	addr_parse("10.88.0.2", &b.names.addrs[0]);
	addr_parse("fd00::2", &b.names.addrs[1]);
	b.names.n_addrs = 2;
	assert_true(names_hosts(&b.names, b.text) > 0);
	assert_non_null(
		strstr(b.text, "\n10.88.0.2\tshop web www api\nfd00::2\tshop web www api\n"));
	assert_null(strstr(b.text, "127.0.1.1"));
	spec_free(b.spec);
}

static const char host[] =
	"# a comment\nnameserver 127.0.0.53\nnameserver 192.168.1.1 \n"
	"nameserver fe80::1%eth0\nnameserver ::1\nsearch lan example.org\noptions edns0 trust-ad\n"
	"sortlist x\nnameserver";

static void as_the_host(void **state)
{
	struct box b;

	(void)state;
	open_box(&b);
	b.names.host_resolv = host;
	assert_true(names_resolv(&b.names, b.text) > 0);
	assert_string_equal(b.text, NAMES_MARK "nameserver 192.168.1.1\n"
					       "search lan example.org\noptions edns0 trust-ad\n");
	b.names.host = true;
	assert_true(names_resolv(&b.names, b.text) > 0);
	assert_non_null(strstr(b.text, "nameserver 127.0.0.53\nnameserver 192.168.1.1\n"));
	spec_free(b.spec);
}

static void with_responder(void **state)
{
	struct box b;

	(void)state;
	open_box(&b);
	b.names.host_resolv = host;
	set(&b, "dns", "9.9.9.9");
	set(&b, "dns-search", ".");
	addr_parse("10.88.0.1", &b.names.servers[0]);
	b.names.n_servers = 1;
	assert_true(names_resolv(&b.names, b.text) > 0);
	assert_string_equal(b.text, NAMES_MARK
			    "nameserver 10.88.0.1\noptions ndots:0\noptions edns0 trust-ad\n");
	set(&b, "dns-option", "ndots:2");
	assert_true(names_resolv(&b.names, b.text) > 0);
	assert_string_equal(b.text,
			    NAMES_MARK "nameserver 10.88.0.1\noptions ndots:0\noptions ndots:2\n");
	spec_free(b.spec);
}

static void three_servers(void **state)
{
	struct box b;

	(void)state;
	open_box(&b);
	set(&b, "dns", "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4");
	assert_true(names_resolv(&b.names, b.text) > 0);
	assert_null(strstr(b.text, "4.4.4.4"));
	spec_free(b.spec);
}

static void too_long(void **state)
{
	struct box b;
	char line[280];

	(void)state;
	open_box(&b);
	memset(line, 'a', 240);
	strcpy(line + 240, ":10.0.0.1");
	for (int i = 0; i < 20; i++)
		set(&b, "add-host", line);
	assert_int_equal(names_hosts(&b.names, b.text), -E2BIG);
	spec_free(b.spec);
}

static void refused(void **state)
{
	static const char *const hosts[] = { "",
					     "a",
					     ":1.1.1.1",
					     "a:",
					     "a:b",
					     "a b:1.1.1.1",
					     "a\n:1.1.1.1",
					     "-a:1.1.1.1",
					     ".a:1.1.1.1",
					     "a..b:1.1.1.1",
					     "a:1.1.1.1\n",
					     "a:1.1.1.1 2.2.2.2" };
	char name[SPEC_HOST_NAME], big[400];
	struct addr a;

	(void)state;
	for (unsigned int i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		assert_int_equal(names_add_host(hosts[i], name, &a, NULL), -EINVAL);
	memset(big, 'a', sizeof(big));
	strcpy(big + 300, ":1.1.1.1");
	assert_int_equal(names_add_host(big, name, &a, NULL), -EINVAL);
	assert_int_equal(names_domain("a b", NULL), -EINVAL);
	assert_int_equal(names_domain("", NULL), -EINVAL);
	assert_int_equal(names_option("a\nb", NULL), -EINVAL);
	assert_int_equal(names_option("", NULL), -EINVAL);
	assert_int_equal(names_server("1.1.1.1\n", &a, NULL), -EINVAL);
	assert_int_equal(names_domain(".", NULL), 0);
	assert_int_equal(names_domain("example.org", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_network),	 cmocka_unit_test(own_addresses),
		cmocka_unit_test(as_the_host),	 cmocka_unit_test(with_responder),
		cmocka_unit_test(three_servers), cmocka_unit_test(too_long),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
