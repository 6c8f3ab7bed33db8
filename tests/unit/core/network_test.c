// SPDX-License-Identifier: MIT
/* [network] and [interface]: what is accepted and refused, text and compiled form, names of links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/manifest.h"

static int parse(struct manifest *m, const char *text, struct err *e)
{
	int r = manifest_parse(m, "m", text, strlen(text), e);

	return r < 0 ? r : manifest_finish(m, e);
}

static const struct net_spec *net(const struct manifest *m, const char *name)
{
	struct section *s = section_find(m->sections[SECTION_NETWORK], name);

	assert_non_null(s);
	return container_of(s, struct net_spec, section);
}

static const char all[] =
	"[network lan0]\nsubnet = 10.88.1.77/24\nsubnet6 = fd00:1::/64\nnat = no\nmtu = 1400\n"
	"dns = 1.1.1.1 fd00::53\n\n"
	"[network mv]\nkind = macvlan\nparent = eth0\nvlan = 7\nmode = private\n"
	"subnet = 192.168.5.0/24\ngateway = 192.168.5.1\n\n"
	"[interface eth0]\naddress = 192.168.1.2/24 fd00:2::1/64\ngateway = 192.168.1.1\n\n"
	"[interface eth0.5]\nparent = eth0\nvlan = 5\nup = no\n\n"
	"[container web]\nimage = /x\ncommand = true\nnetwork = lan0 mv\nip = 10.88.1.9\n";

static void look(const struct manifest *m)
{
	const struct net_spec *n = net(m, "lan0");
	char text[ADDR_PREFIX];

	assert_int_equal(n->kind, NET_BRIDGE);
	assert_string_equal(addr_text_prefix(&n->net4, text), "10.88.1.0/24");
	assert_string_equal(addr_text_prefix(&n->gw4, text), "10.88.1.1/24");
	assert_string_equal(addr_text_prefix(&n->gw6, text), "fd00:1::1/64");
	assert_false(n->nat);
	assert_int_equal(n->mtu, 1400);
	assert_int_equal(n->dns.n, 2);
	n = net(m, "mv");
	assert_int_equal(n->kind, NET_MACVLAN);
	assert_true(n->nat);
	assert_string_equal(net_lower_name(n, text), "eth0.7");
	assert_non_null(section_find(m->sections[SECTION_INTERFACE], "eth0.5"));
}

static void test_text_and_back(void **state)
{
	struct manifest m = { 0 }, c = { 0 }, p = { 0 };
	struct err e = { 0 };
	uint8_t *bytes = NULL;
	size_t len;

	(void)state;
	assert_int_equal(manifest_parse(&m, "m", all, strlen(all), &e), 0);
	assert_int_equal(manifest_encode(&m, &bytes, &len, &e), 0);
	assert_int_equal(manifest_finish(&m, &e), 0);
	look(&m);
	assert_int_equal(manifest_decode(&c, bytes, len, &e), 0);
	assert_int_equal(manifest_finish(&c, &e), 0);
	look(&c);
	for (size_t cut = 0; cut < len; cut++) {
		p = (struct manifest){ 0 };
		assert_true(manifest_decode(&p, bytes, cut, &e) < 0);
		manifest_free(&p);
	}
	free(bytes);
	manifest_free(&m);
	manifest_free(&c);
}

static void refused(const char *text, const char *why)
{
	struct manifest m = { 0 };
	struct err e = { 0 };

	assert_true(parse(&m, text, &e) < 0);
	assert_string_equal(e.msg, why);
	manifest_free(&m);
}

static void test_refused(void **state)
{
	(void)state;
	refused("[network lan0]\n",
		"m:1: [network lan0]: subnet: is missing (or subnet6, or dhcp = yes)");
	refused("[network lan0]\nsubnet = 10.0.0.0/24\ngateway = 10.0.1.1\n",
		"m:1: [network lan0]: gateway = 10.0.1.1: is not in 10.0.0.0/24");
	refused("[network lan0]\nsubnet = 10.0.0.0/31\n",
		"m:1: [network lan0]: 10.0.0.0/31: has no room for a container");
	refused("[network lan0]\nsubnet = 127.0.0.0/8\n",
		"m:1: [network lan0]: 127.0.0.0/8: no containers can have these addresses");
	refused("[network lan0]\nsubnet6 = fe80::/64\n",
		"m:1: [network lan0]: fe80::/64: no containers can have these addresses");
	refused("[network lan0]\nsubnet = 10.0.0.0\n",
		"m:2:10: subnet: 10.0.0.0: expected an IPv4 address with /LENGTH");
	refused("[network a]\nsubnet = 10.0.0.0/8\n[network b]\nsubnet = 10.1.0.0/24\n",
		"m:3: [network b]: shares addresses with network a");
	refused("[network a]\nkind = macvlan\nparent = e\n[network b]\nkind = ipvlan\nparent = e\n",
		"m:4: [network b]: parent = e: network a has it as macvlan, and an interface can be "
		"below one kind and mode only");
	refused("[network a]\nkind = ipvlan\nparent = e\nmode = l2\n[network c]\nkind = ipvlan\n"
		"parent = e\n[network b]\nkind = ipvlan\nmode = l3\nparent = e\n",
		"m:8: [network b]: parent = e: network a has it as ipvlan, and an interface can be "
		"below one kind and mode only");
	refused("[network none]\nsubnet = 10.0.0.0/24\n",
		"m:1: [network none]: this name has a meaning of its own; take another");
	refused("[network m]\nkind = ipvlan\nsubnet = 10.0.0.0/24\n",
		"m:1: [network m]: parent: is missing; a ipvlan needs an interface below it");
	refused("[network m]\nkind = ipvlan\nparent = eth0\nmode = vepa\n",
		"m:1: [network m]: mode = vepa: expected l2, l3 or l3s");
	refused("[network m]\nvlan = 3\nsubnet = 10.0.0.0/24\n",
		"m:1: [network m]: vlan: needs a parent");
	refused("[network m]\nsubnet = fd00::/64\n",
		"m:2:10: subnet: fd00::/64: expected an IPv4 address with /LENGTH");
	refused("[network m]\nparent = this-name-is-too-long\n",
		"m:2:10: parent: this-name-is-too-long: cannot be the name of an interface");
	refused("[network m]\nsubnet = 10.0.0.0/24\n[network m]\n",
		"m:3:10: a second [network m]; the first is at m:1");
	refused("[interface a/b]\n", "m:1:12: 'a/b' cannot name an interface");
	refused("[interface e]\naddress = 10.0.0.2\n",
		"m:2:11: address: 10.0.0.2: expected an address with /LENGTH");
	refused("[interface e]\naddress = fd00::1/64 10.0.0.2/24\ngateway = 10.0.1.1\n",
		"m:1: [interface e]: gateway = 10.0.1.1: is in the network of none of its addresses");
	refused("[interface e]\nvlan = 4\n",
		"m:1: [interface e]: parent and vlan: belong together");
	refused("[network lan0]\nsubnet = 10.0.0.0/24\n[container c]\nimage = /x\ncommand = y\nnetwork = lan1\n",
		"m:3: c: network = lan1: there is no [network lan1] (did you mean lan0?)");
	refused("[container c]\nimage = /x\ncommand = y\nip = 10.0.0\n",
		"m:4:6: ip: 10.0.0: not an IPv4 or IPv6 address");
	refused("[container c]\nimage = /x\ncommand = y\nmac = 01:00:00:00:00:00\n",
		"m:4:7: mac: 01:00:00:00:00:00: expected MAC[@NETWORK] like 02:00:00:00:00:01");
}

static void test_short_names(void **state)
{
	char a[NET_IFNAME], b[NET_IFNAME];

	(void)state;
	assert_string_equal(net_short_name(a, "v-", "web", 0), "v-web");
	assert_string_equal(net_short_name(a, "br-", "exactly12byt", 0), "br-exactly12byt");
	net_short_name(a, "br-", "exactly12bytes", 0);
	net_short_name(b, "br-", "exactly12bytez", 0);
	assert_int_equal(strlen(a), 15);
	assert_int_equal(strncmp(a, "br-exactly", 10), 0);
	assert_string_not_equal(a, b);
	net_short_name(a, "v-", "web", 1);
	net_short_name(b, "v-", "web", 2);
	assert_int_equal(strncmp(a, "v-web", 5), 0);
	assert_string_not_equal(a, b);
	net_short_name(a, "v-", "\xff/ :", 0);
	assert_true(net_is_ifname(a));
	assert_false(net_is_ifname(""));
	assert_false(net_is_ifname("."));
	assert_false(net_is_ifname("sixteen-bytes-xx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_short_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
