// SPDX-License-Identifier: MIT
/* [interface] in a network namespace of our own, on a veth link: addresses, MTU, route, what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/link.h"
#include "core/manifest.h"
#include "init/sup.h"

static char said[1024];

void sup_say(const char *name, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	n += (size_t)snprintf(said + n, sizeof(said) - n, "%s: ", name);
	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

static void apply(const char *text)
{
	struct manifest m = { 0 };
	struct err e = { 0 };

	said[0] = '\0';
	assert_int_equal(manifest_parse(&m, "m", text, strlen(text), &e), 0);
	assert_int_equal(manifest_finish(&m, &e), 0);
	interface_up_all(&m);
	manifest_free(&m);
}

static bool file_has(const char *path, const char *what)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd_read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, what);
}

static int make_veth(void)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);
	size_t at;

	if (netlink_open(&n, NETLINK_ROUTE, -1, NULL) < 0)
		return -EIO;
	link_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0, "up0", false, NULL);
	at = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, "veth");
	netlink_nest_end(&r, at);
	return netlink_talk(&n, &r, NULL, NULL, NULL);
}

static void test_addresses(void **state)
{
	struct netlink n;
	struct link l;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0 || make_veth() < 0)
		skip();
	apply("[interface up0]\naddress = 192.168.7.2/24 fd07::2/64\ngateway = 192.168.7.1\nmtu = 1300\n");
	assert_string_equal(said, "");
	assert_true(file_has("/proc/self/net/fib_trie", "192.168.7.2"));
	assert_true(file_has("/proc/self/net/if_inet6", "fd070000000000000000000000000002"));
	assert_true(file_has("/proc/self/net/route", "up0\t00000000\t0107A8C0"));
	assert_int_equal(netlink_open(&n, NETLINK_ROUTE, -1, NULL), 0);
	assert_int_equal(link_get(&n, "up0", &l, NULL), 0);
	assert_true(l.running);
	/* the same again is no error */
	apply("[interface up0]\naddress = 192.168.7.2/24\ngateway = 192.168.7.1\n");
	assert_string_equal(said, "");
	/* one that cannot be is said, and the next is done */
	apply("[interface up0]\ngateway = 10.9.9.9\n[interface lo]\naddress = 127.0.0.5/8\n");
	assert_non_null(strstr(said, "up0: setting the default route: "));
	assert_true(file_has("/proc/self/net/fib_trie", "127.0.0.5"));
	assert_int_equal(link_get(&n, "nothing", &l, NULL), -ENODEV);
	assert_int_equal(link_delete(&n, "up0", "not its alias", NULL), 0);
	assert_int_equal(link_get(&n, "up0", &l, NULL), 0);
	assert_int_equal(link_delete(&n, "up0", NULL, NULL), 0);
	assert_int_equal(link_get(&n, "up0", &l, NULL), -ENODEV);
	netlink_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
