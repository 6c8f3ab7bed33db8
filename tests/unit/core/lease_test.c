// SPDX-License-Identifier: MIT
/* Addresses: the same again, never twice, asked for, all taken, kept over a boot, forgotten; damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lease.h"
#include "core/paths.h"

static struct net_spec lan(const char *name, const char *subnet, const char *subnet6)
{
	struct net_spec n = { .section.name = name };

	if (subnet)
		addr_parse_prefix(subnet, &n.net4);
	if (subnet6)
		addr_parse_prefix(subnet6, &n.net6);
	n.gw4 = n.net4.len ? addr_nth(&n.net4, 1) : (struct addr){ 0 };
	n.gw6 = n.net6.len ? addr_nth(&n.net6, 1) : (struct addr){ 0 };
	return n;
}

static int take(const struct net_spec *n, const char *container, const char *ip, struct net_link *l,
		struct err *e)
{
	struct leases s;
	int r = lease_open(&s, true, e);

	*l = (struct net_link){ .kind = NET_BRIDGE };
	snprintf(l->container, sizeof(l->container), "%s", container);
	snprintf(l->network, sizeof(l->network), "%s", n->section.name);
	if (ip)
		addr_parse(ip, &l->ip);
	if (r == 0)
		r = lease_take(&s, n, l, true, e);
	lease_close(&s);
	return r;
}

static const char *ip_of(const struct net_link *l)
{
	static char text[ADDR_PREFIX];

	return addr_text_prefix(&l->ip, text);
}

static void clear(bool data)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/addresses", paths.run);
	unlink(path);
	snprintf(path, sizeof(path), "%s/addresses", paths.data);
	if (data)
		unlink(path);
}

static void test_same_again(void **state)
{
	struct net_spec n = lan("lan0", "10.88.0.0/16", "fd00::/64");
	struct net_link a, b, c;
	struct err e = { 0 };

	(void)state;
	clear(true);
	assert_int_equal(take(&n, "web", NULL, &a, &e), 0);
	assert_int_equal(take(&n, "db", NULL, &b, &e), 0);
	assert_false(addr_same(&a.ip, &b.ip));
	assert_int_equal(a.ip.bits, 16);
	assert_int_equal(a.ip6.bits, 64);
	assert_memory_not_equal(a.mac, b.mac, ADDR_MAC);
	assert_string_equal(a.host, "v-web");
	assert_int_equal(take(&n, "web", NULL, &c, &e), 0);
	assert_memory_equal(&a, &c, sizeof(a));
	/* another boot: the file of this one is gone, the order is another */
	clear(false);
	assert_int_equal(take(&n, "db", NULL, &c, &e), 0);
	assert_memory_equal(&b, &c, sizeof(b));
	/* and with nothing kept at all the hash says the same */
	clear(true);
	assert_int_equal(take(&n, "web", NULL, &c, &e), 0);
	assert_memory_equal(&a, &c, sizeof(a));
}

static void test_all_taken(void **state)
{
	struct net_spec n = lan("small", "10.1.0.0/28", NULL);
	struct net_link l, seen[14];
	struct err e = { 0 };
	char name[16];

	(void)state;
	clear(true);
	for (int i = 0; i < 13; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(take(&n, name, NULL, &seen[i], &e), 0);
		assert_true(addr_within(&seen[i].ip, &n.net4));
		assert_false(addr_same(&seen[i].ip, &n.gw4));
		for (int j = 0; j < i; j++)
			assert_false(addr_same(&seen[i].ip, &seen[j].ip));
	}
	assert_int_equal(take(&n, "c13", NULL, &l, &e), -ENOSPC);
	assert_non_null(strstr(e.msg, "network small: every address of 10.1.0.0/28 is taken"));
	assert_int_equal(lease_forget("c4"), 0);
	assert_int_equal(take(&n, "c13", NULL, &l, &e), 0);
	assert_true(addr_same(&l.ip, &seen[4].ip));
	/* those of another boot are not held back when there is nothing else */
	clear(false);
	assert_int_equal(take(&n, "new", NULL, &l, &e), 0);
}

static void test_asked_for(void **state)
{
	struct net_spec n = lan("lan0", "10.88.0.0/24", NULL),
			other = lan("lan1", "10.88.0.0/24", NULL);
	struct net_link a, b;
	struct leases s;
	struct err e = { 0 };
	static const char *const bad[] = { "10.88.0.0", "10.88.0.255", "10.88.0.1", "10.88.1.5" };

	(void)state;
	clear(true);
	assert_int_equal(take(&n, "web", "10.88.0.7", &a, &e), 0);
	assert_string_equal(ip_of(&a), "10.88.0.7/24");
	assert_int_equal(take(&other, "db", "10.88.0.7", &b, &e), 0); /* another network */
	a.up = true;
	assert_int_equal(lease_open(&s, true, &e), 0);
	assert_int_equal(lease_mark(&s, &a), 0);
	assert_int_equal(lease_others(&s, &a), 0);
	lease_close(&s);
	assert_int_equal(take(&n, "db", "10.88.0.7", &b, &e), -EADDRINUSE);
	assert_string_equal(
		e.msg, "10.88.0.7: container web has this address; stop it or ask for another");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(take(&n, "db", bad[i], &b, &e), -EINVAL);
	/* one that is down gives way and finds another */
	assert_int_equal(take(&n, "auto", NULL, &a, &e), 0);
	snprintf(e.msg, sizeof(e.msg), "%s", ip_of(&a));
	*strchr(e.msg, '/') = '\0';
	assert_int_equal(take(&n, "db", e.msg, &b, &e), 0);
	assert_true(addr_same(&a.ip, &b.ip));
	assert_int_equal(take(&n, "auto", NULL, &a, &e), 0);
	assert_false(addr_same(&a.ip, &b.ip));
}

static void test_damaged(void **state)
{
	struct net_spec n = lan("lan0", "10.88.0.0/24", NULL);
	struct net_link l;
	struct err e = { 0 };
	char path[200];
	int fd;

	(void)state;
	clear(true);
	assert_int_equal(take(&n, "web", NULL, &l, &e), 0);
	snprintf(path, sizeof(path), "%s/addresses", paths.data);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(pwrite(fd, "rubbish!", 8, 0) == 8);
	close(fd);
	/* what was kept is lost, but the container starts */
	clear(false);
	assert_int_equal(take(&n, "web", NULL, &l, &e), 0);
}

static void test_bytes(void **state)
{
	struct net_link l = { .kind = NET_MACVLAN, .index = 3, .up = true }, back;
	uint8_t buf[RECORD_COPY];

	(void)state;
	memset(l.container, 'c', sizeof(l.container) - 1);
	memset(l.network, 'n', sizeof(l.network) - 1);
	memset(l.host, 'h', sizeof(l.host) - 1);
	memset(l.bridge, 'b', sizeof(l.bridge) - 1);
	memset(l.ports, 'p', RECORD_COPY - 204);
	memset(l.mac, 0xfe, sizeof(l.mac));
	snprintf(l.ifname, sizeof(l.ifname), "eth3");
	addr_parse_prefix("255.1.2.3/31", &l.ip);
	addr_parse_prefix("fe80::ff/10", &l.ip6);
	lease_encode(buf, &l);
	lease_decode(&back, buf);
	assert_memory_equal(&l, &back, sizeof(l));
	l.kind = NET_PHYS;
	if (IS_ENABLED(CONFIG_NET_PHYS)) {
		memset(l.ports, 0, sizeof(l.ports));
		memcpy(l.ifname, l.host, sizeof(l.host));
		l.device = 0x7ffffffe;
		l.missed = 0xfedcba98;
		lease_encode(buf, &l);
		lease_decode(&back, buf);
		assert_memory_equal(&l, &back, sizeof(l));
	}
	memset(buf, 0xff, sizeof(buf)); /* any bytes */
	lease_decode(&back, buf);
	assert_int_equal(back.ip.len, 0);
	assert_int_equal(strlen(back.network), SPEC_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_again), cmocka_unit_test(test_all_taken),
		cmocka_unit_test(test_asked_for),  cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bytes),
	};
	char dir[] = "/tmp/lease-test.XXXXXX", path[64];
	int r;

	if (!mkdtemp(dir))
		return 1;
	snprintf(paths.run, sizeof(paths.run), "%s", dir);
	snprintf(paths.data, sizeof(paths.data), "%s/data", dir);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	clear(true);
	snprintf(path, sizeof(path), "%s/data", dir);
	rmdir(path);
	rmdir(dir);
	return r;
}
