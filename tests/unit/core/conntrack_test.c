// SPDX-License-Identifier: MIT
/* Which remembered flows of datagrams are a container's, of messages as the kernel sends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include "core/conntrack.h"

struct flow {
	const char *to;	  /* where it was sent */
	const char *back; /* who answers */
	uint16_t port;
	uint8_t proto;
	uint32_t status;
};

static void put_tuple(struct netlink_req *r, uint16_t type, const char *src, const char *dst,
		      uint8_t proto, uint16_t port)
{
	int family = strchr(src, ':') ? AF_INET6 : AF_INET;
	bool six = family == AF_INET6;
	size_t at = netlink_nest(r, type), in = netlink_nest(r, CTA_TUPLE_IP);
	uint8_t a[16];

	inet_pton(family, src, a);
	netlink_put(r, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, a, six ? 16 : 4);
	inet_pton(family, dst, a);
	netlink_put(r, six ? CTA_IP_V6_DST : CTA_IP_V4_DST, a, six ? 16 : 4);
	netlink_nest_end(r, in);
	in = netlink_nest(r, CTA_TUPLE_PROTO);
	netlink_put_u8(r, CTA_PROTO_NUM, proto);
	netlink_put_be16(r, CTA_PROTO_SRC_PORT, 40000);
	netlink_put_be16(r, CTA_PROTO_DST_PORT, port);
	netlink_nest_end(r, in);
	netlink_nest_end(r, at);
}

/* The flow's message, of which only the first cut bytes are there (0: all). */
static bool stale_cut(const struct rules_ctr *c, const struct flow *f, size_t cut)
{
	bool six = strchr(f->to, ':') != NULL;
	const char *client = six ? "fd99::9" : "192.168.1.9";
	struct nfgenmsg g = { .nfgen_family = six ? AF_INET6 : AF_INET };
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	struct netlink_msg m = { .type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW };

	netlink_begin(&r, m.type, 0, &g, sizeof(g), NULL);
	put_tuple(&r, CTA_TUPLE_ORIG, client, f->to, f->proto, f->port);
	put_tuple(&r, CTA_TUPLE_REPLY, f->back, client, f->proto, 40000);
	netlink_put_be32(&r, CTA_STATUS, f->status);
	m.body = r.p + NLMSG_HDRLEN;
	m.len = r.len - NLMSG_HDRLEN;
	if (cut)
		m.len = cut;
	return cut < r.len - NLMSG_HDRLEN && conntrack_is_stale(&m, c);
}

static bool stale(const struct rules_ctr *c, const struct flow *f)
{
	return stale_cut(c, f, 0);
}

static struct rules_ctr container(const struct strv *publish)
{
	struct rules_ctr c = { .name = "web", .publish = publish };

	inet_pton(AF_INET, "10.0.0.2", c.ip4);
	inet_pton(AF_INET6, "fd00::2", c.ip6);
	return c;
}

static void led_to_it(void **state)
{
	static const struct strv none;
	struct rules_ctr c = container(&none);
	struct flow f = { "192.168.1.1", "10.0.0.2", 5300, IPPROTO_UDP, IPS_DST_NAT };

	(void)state;
	assert_true(stale(&c, &f));
	f.proto = IPPROTO_TCP;
	assert_false(stale(&c, &f));
	f = (struct flow){ "192.168.1.1", "10.0.0.3", 5300, IPPROTO_UDP, IPS_DST_NAT };
	assert_false(stale(&c, &f));
	f = (struct flow){ "fd01::1", "fd00::2", 5300, IPPROTO_UDP, IPS_DST_NAT };
	assert_true(stale(&c, &f));
	f.back = "fd00::3";
	assert_false(stale(&c, &f));
}

static void led_nowhere(void **state)
{
	char *list[] = { (char *)"5300-5301:53-54/udp", (char *)"192.168.1.1:70:70/udp",
			 (char *)"80:80", (char *)"[::]:90:90/udp" };
	struct strv publish = { list, 4 };
	struct rules_ctr c = container(&publish);
	struct flow f = { "192.168.1.1", "192.168.1.1", 5301, IPPROTO_UDP, IPS_CONFIRMED };

	(void)state;
	assert_true(stale(&c, &f));
	f.port = 5302;
	assert_false(stale(&c, &f));
	f.port = 80; /* of TCP only */
	assert_false(stale(&c, &f));
	f.port = 90; /* of IPv6 only */
	assert_false(stale(&c, &f));
	f.port = 70;
	assert_true(stale(&c, &f));
	f.to = "192.168.1.2";
	assert_false(stale(&c, &f));
	/* What a container asked somebody else, hidden by nat, is not meant. */
	f = (struct flow){ "8.8.8.8", "8.8.8.8", 5300, IPPROTO_UDP, IPS_SRC_NAT };
	assert_false(stale(&c, &f));
	f = (struct flow){ "fd01::1", "fd01::1", 90, IPPROTO_UDP, IPS_CONFIRMED };
	assert_true(stale(&c, &f));
}

/* A message that ends early is nobody's. */
static void cut_short(void **state)
{
	static const struct strv none;
	struct rules_ctr c = container(&none);
	const struct flow f = { "192.168.1.1", "10.0.0.2", 5300, IPPROTO_UDP, IPS_DST_NAT };

	(void)state;
	for (size_t n = 1; stale_cut(&c, &f, 0) && n < 120; n++)
		assert_false(stale_cut(&c, &f, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(led_to_it),
		cmocka_unit_test(led_nowhere),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests_name("conntrack", tests, NULL, NULL);
}
