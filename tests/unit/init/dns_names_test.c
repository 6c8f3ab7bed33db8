// SPDX-License-Identifier: MIT
/* Who has which name, and who may know: the list of addresses is made up here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/lease.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "init/dns.h"

struct paths paths = { .run = "/nonexistent" };

static const struct {
	const char *container, *network, *ip, *ip6;
	bool up;
} leases[] = {
	{ "a", "lan0", "10.88.1.10/24", "fd00:88:1::10/64", true },
	{ "B", "lan0", "10.88.1.11/24", NULL, true },
	{ "c", "lan0", "10.88.1.12/24", NULL, true },
	{ "c", "lan1", "10.88.2.12/24", NULL, true },
	{ "d", "lan1", "10.88.2.13/24", NULL, true },
	{ "e", "apart", "10.88.3.14/24", NULL, true },
	{ "f", "apart", "10.88.3.15/24", NULL, true },
	{ "gone", "lan0", "10.88.1.16/24", NULL, false },
};

int lease_each(const char *container, int (*each)(const struct net_link *l, void *arg), void *arg)
{
	(void)container;
	for (unsigned int i = 0; i < sizeof(leases) / sizeof(*leases); i++) {
		struct net_link l = { .up = leases[i].up };

		snprintf(l.container, sizeof(l.container), "%s", leases[i].container);
		snprintf(l.network, sizeof(l.network), "%s", leases[i].network);
		addr_parse_prefix(leases[i].ip, &l.ip);
		if (leases[i].ip6)
			addr_parse_prefix(leases[i].ip6, &l.ip6);
		if (each(&l, arg) < 0)
			return -ENOMEM;
	}
	return 0;
}

void paths_of(char *buf, const char *root, const char *sub, const char *name)
{
	(void)name;
	snprintf(buf, PATHS_MAX, "%s/%s", root, sub);
}

static char *www[] = { (char *)"www", (char *)"Shop", NULL }, *shop[] = { (char *)"shop", NULL },
	    *lan0[] = { (char *)"lan0", NULL };
static struct spec spec_b = { .name = "B", .aliases = { www, 2 }, .network = { lan0, 1 } },
		   spec_c = { .name = "c", .aliases = { shop, 1 } },
		   spec_down = { .name = "down", .network = { lan0, 1 } };
static struct ctr down = { .spec = &spec_down }, ctr_c = { .next = &down, .spec = &spec_c },
		  ctr_b = { .next = &ctr_c, .spec = &spec_b };

struct ctr *sup_find(struct sup *s, const char *name)
{
	struct ctr *c = s->ctrs;

	while (c && strcmp(c->spec->name, name) != 0)
		c = c->next;
	return c;
}

int spec_load(const char *name, struct spec **out, struct err *e)
{
	(void)name;
	(void)e;
	*out = NULL;
	return -ENOENT;
}

void spec_free(struct spec *s)
{
	(void)s;
}

uint64_t event_now(void)
{
	return 1000;
}

static struct sup sup = { .ctrs = &ctr_b };
static struct dns *dns;

static int setup(void **state)
{
	static const char *const nets[][3] = { { "lan0", "10.88.1.0/24", "fd00:88:1::/64" },
					       { "lan1", "10.88.2.0/24", NULL },
					       { "apart", "10.88.3.0/24", NULL } };

	(void)state;
	dns = calloc(1, sizeof(*dns));
	dns->sup = &sup;
	for (unsigned int i = 0; i < 3; i++) {
		struct dns_net *n = &dns->nets[dns->n_nets++];

		snprintf(n->name, sizeof(n->name), "%s", nets[i][0]);
		addr_parse_prefix(nets[i][1], &n->subnet[0]);
		if (nets[i][2])
			addr_parse_prefix(nets[i][2], &n->subnet[1]);
		n->isolate = i == 2;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&dns->names);
	free(dns->entries);
	free(dns);
	return 0;
}

/* The verdict and the answer as one text: "local 10.88.1.10", "unknown", "forward". */
static const char *ask(unsigned int net, const char *from, const char *name, unsigned int type)
{
	static const char *const verdicts[] = { "forward", "local", "unknown" };
	static char text[512];
	struct dns_question q = { .type = (uint16_t)type, .class = DNS_IN };
	struct dns_result r;
	struct addr a;
	enum dns_verdict v;
	char one[ADDR_TEXT];
	size_t n;

	snprintf(q.name, sizeof(q.name), "%s", name);
	addr_parse(from, &a);
	v = dns_names_find(dns, &dns->nets[net], &a, &q, &r);
	n = (size_t)snprintf(text, sizeof(text), "%s", verdicts[v]);
	for (unsigned int i = 0; i < r.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s",
				      addr_text(&r.addrs[i], one));
	if (r.ptr[0])
		snprintf(text + n, sizeof(text) - n, " %s", r.ptr);
	return text;
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(ask(0, "10.88.1.10", "b", DNS_A), "local 10.88.1.11");
	assert_string_equal(ask(0, "10.88.1.10", "b.lan0", DNS_A), "local 10.88.1.11");
	assert_string_equal(ask(0, "10.88.1.10", "b.lan1", DNS_A), "forward");
	assert_string_equal(ask(0, "10.88.1.10", "bb", DNS_A), "forward");
	assert_string_equal(ask(0, "10.88.1.10", "b.example.org", DNS_A), "forward");
	assert_string_equal(ask(0, "10.88.1.11", "a", DNS_AAAA), "local fd00:88:1::10");
	assert_string_equal(ask(0, "10.88.1.11", "a", DNS_ANY), "local 10.88.1.10 fd00:88:1::10");
	assert_string_equal(ask(0, "10.88.1.10", "b", DNS_AAAA), "local");
	assert_string_equal(ask(0, "10.88.1.10", "b", 15), "local");
	assert_string_equal(ask(0, "10.88.1.10", "", DNS_A), "forward");
}

static void aliases(void **state)
{
	(void)state;
	assert_string_equal(ask(0, "10.88.1.10", "www", DNS_A), "local 10.88.1.11");
	assert_string_equal(ask(0, "10.88.1.10", "shop", DNS_A), "local 10.88.1.11 10.88.1.12");
	assert_string_equal(ask(0, "10.88.1.10", "shop.lan0", DNS_A),
			    "local 10.88.1.11 10.88.1.12");
}

static void not_running(void **state)
{
	(void)state;
	assert_string_equal(ask(0, "10.88.1.10", "gone", DNS_A), "unknown");
	assert_string_equal(ask(0, "10.88.1.10", "down", DNS_A), "unknown");
	assert_string_equal(ask(1, "10.88.2.13", "down", DNS_A), "forward");
}

static void other_networks(void **state)
{
	(void)state;
	assert_string_equal(ask(0, "10.88.1.10", "d", DNS_A), "forward");
	assert_string_equal(ask(0, "10.88.1.12", "d", DNS_A), "local 10.88.2.13");
	assert_string_equal(ask(1, "10.88.2.13", "c", DNS_A), "local 10.88.2.12");
	assert_string_equal(ask(0, "10.88.1.10", "c", DNS_A), "local 10.88.1.12");
	/* Whoever nobody knows sees the network it asks on. */
	assert_string_equal(ask(0, "10.88.1.77", "c", DNS_A), "local 10.88.1.12");
	assert_string_equal(ask(0, "10.88.1.77", "d", DNS_A), "forward");
}

static void kept_apart(void **state)
{
	(void)state;
	assert_string_equal(ask(2, "10.88.3.14", "f", DNS_A), "unknown");
	assert_string_equal(ask(2, "10.88.3.14", "e", DNS_A), "local 10.88.3.14");
	assert_string_equal(ask(2, "10.88.3.14", "15.3.88.10.in-addr.arpa", DNS_PTR), "unknown");
	assert_string_equal(ask(2, "10.88.3.14", "14.3.88.10.in-addr.arpa", DNS_PTR),
			    "local e.apart");
}

static void addresses(void **state)
{
	(void)state;
	assert_string_equal(ask(0, "10.88.1.10", "11.1.88.10.in-addr.arpa", DNS_PTR),
			    "local B.lan0");
	assert_string_equal(ask(0, "10.88.1.10", "11.1.88.10.in-addr.arpa", DNS_A), "local");
	assert_string_equal(ask(0, "10.88.1.10", "99.1.88.10.in-addr.arpa", DNS_PTR), "unknown");
	assert_string_equal(ask(0, "10.88.1.10", "13.2.88.10.in-addr.arpa", DNS_PTR), "unknown");
	assert_string_equal(ask(0, "10.88.1.10", "1.1.1.1.in-addr.arpa", DNS_PTR), "forward");
	assert_string_equal(
		ask(0, "10.88.1.10",
		    "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.8.0.0.0.0.d.f.ip6.arpa",
		    DNS_PTR),
		"local a.lan0");
	assert_string_equal(ask(0, "fd00:88:1::10", "b", DNS_A), "local 10.88.1.11");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),       cmocka_unit_test(aliases),
		cmocka_unit_test(not_running), cmocka_unit_test(other_networks),
		cmocka_unit_test(kept_apart),  cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
