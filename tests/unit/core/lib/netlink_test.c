// SPDX-License-Identifier: MIT
/* Netlink: what is built, byte for byte; what is read of good, failed and malformed answers; this kernel's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/netlink.h"

static uint32_t word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t half(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void test_built(void **state)
{
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);
	struct rtgenmsg gen = { .rtgen_family = AF_INET };
	size_t at, in;

	(void)state;
	netlink_begin(&r, RTM_NEWLINK, NLM_F_ACK, &gen, sizeof(gen), "one");
	netlink_put_text(&r, IFLA_IFNAME, "eth0");
	at = netlink_nest(&r, IFLA_LINKINFO);
	in = netlink_nest(&r, IFLA_INFO_DATA);
	netlink_put_be16(&r, 7, 0x1234);
	netlink_nest_end(&r, in);
	netlink_nest_end(&r, at);
	netlink_begin(&r, RTM_GETLINK, 0, &gen, sizeof(gen), "two");
	netlink_put_u32(&r, 9, 0x01020304);
	assert_false(r.bad);
	assert_int_equal(r.n, 2);
	/* 16 header, 4 gen, 12 name, 4 + 4 + 8 nests */
	assert_int_equal(word(buf), 48);
	assert_int_equal(half(buf + 4), RTM_NEWLINK);
	assert_int_equal(half(buf + 6), NLM_F_ACK | NLM_F_REQUEST);
	assert_int_equal(half(buf + 20), 9);
	assert_int_equal(half(buf + 22), IFLA_IFNAME);
	assert_string_equal((char *)buf + 24, "eth0");
	assert_int_equal(word(buf + 28) >> 8, 0);
	assert_int_equal(half(buf + 32), 16);
	assert_int_equal(half(buf + 34), IFLA_LINKINFO | NLA_F_NESTED);
	assert_int_equal(half(buf + 36), 12);
	assert_int_equal(half(buf + 40), 6);
	assert_int_equal(buf[44], 0x12);
	assert_int_equal(buf[45], 0x34);
	assert_int_equal(word(buf + 48), 28);
	assert_int_equal(r.len, 76);
}

static void test_too_large(void **state)
{
	NETLINK_BUF buf[32];
	struct netlink_req r = NETLINK_REQ(buf), h = NETLINK_REQ_HEAP;
	struct netlink n = { .fd = -1 };
	static const char large[70000];
	struct err e = { 0 };

	(void)state;
	netlink_begin(&r, RTM_GETLINK, 0, NULL, 0, NULL);
	netlink_put(&r, 1, large, 30);
	netlink_put_u32(&r, 2, 1);
	assert_true(r.bad);
	assert_int_equal(netlink_talk(&n, &r, NULL, NULL, &e), -E2BIG);
	assert_false(r.bad);

	netlink_begin(&h, RTM_GETLINK, 0, NULL, 0, NULL);
	for (int i = 0; i < 100; i++)
		netlink_put(&h, 1, large, 60000);
	assert_true(h.bad);
	netlink_req_free(&h);
	h = NETLINK_REQ_HEAP;
	netlink_begin(&h, RTM_GETLINK, 0, NULL, 0, NULL);
	for (int i = 0; i < 60; i++)
		netlink_put(&h, 1, large, 60000);
	assert_false(h.bad);
	assert_int_equal(h.len, 16 + 60 * 60004);
	netlink_put(&h, 1, large, 65536);
	assert_true(h.bad);
	netlink_req_free(&h);
}

/* ---- answers made by hand ---- */

struct answer {
	uint8_t b[512];
	size_t len;
};

static void add(struct answer *a, uint16_t type, uint16_t flags, uint32_t seq, const void *body,
		size_t len)
{
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
			      .nlmsg_type = type,
			      .nlmsg_flags = flags,
			      .nlmsg_seq = seq };

	memset(a->b + a->len, 0, NLMSG_ALIGN(sizeof(h) + len));
	memcpy(a->b + a->len, &h, sizeof(h));
	if (len)
		memcpy(a->b + a->len + sizeof(h), body, len);
	a->len += NLMSG_ALIGN(sizeof(h) + len);
}

static int count(const struct netlink_msg *m, void *arg)
{
	(void)m;
	++*(int *)arg;
	return *(int *)arg == 99 ? -ECANCELED : 0;
}

static void test_failure_in_words(void **state)
{
	struct {
		struct nlmsgerr e;
		struct nlattr a;
		char text[12];
		struct nlattr o;
		uint32_t offset;
	} body = { .e.error = -EINVAL,
		   .e.msg.nlmsg_len = 400, /* capped: only its header came back */
		   .a = { 4 + 11, NLMSGERR_ATTR_MSG },
		   .text = "no such fun",
		   .o = { 8, NLMSGERR_ATTR_OFFS },
		   .offset = 20 };
	struct netlink_reader s = { .first = 7, .n = 3 };
	struct answer a = { .len = 0 };
	int ok = 0;

	(void)state;
	add(&a, NLMSG_ERROR, 0, 7, &(struct nlmsgerr){ .error = ok }, sizeof(struct nlmsgerr));
	add(&a, NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 8, &body, sizeof(body));
	assert_int_equal(netlink_read(&s, a.b, a.len), 0);
	assert_int_equal(s.code, EINVAL);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.offset, 20);
	assert_string_equal(s.text, "no such fun");
	assert_false(s.done);
	/* the first failure stays; the answer to the last message ends it */
	a.len = 0;
	body.e.error = -EPERM;
	add(&a, NLMSG_ERROR, 0, 9, &body.e, sizeof(body.e));
	assert_int_equal(netlink_read(&s, a.b, a.len), 0);
	assert_int_equal(s.code, EINVAL);
	assert_true(s.done);
}

static void test_list(void **state)
{
	int n = 0;
	struct netlink_reader s = { .first = 1, .n = 1, .dump = true, .each = count, .arg = &n };
	struct answer a = { .len = 0 };
	int32_t code = -ENODEV;

	(void)state;
	add(&a, RTM_NEWLINK, NLM_F_MULTI, 1, "abcd", 4);
	add(&a, RTM_NEWLINK, NLM_F_MULTI, 2, "abcd", 4); /* an answer to something else */
	add(&a, RTM_NEWLINK, NLM_F_MULTI | 0x10, 1, NULL, 0);
	assert_int_equal(netlink_read(&s, a.b, a.len), 0);
	assert_int_equal(n, 2);
	assert_true(s.interrupted);
	assert_false(s.done);
	a.len = 0;
	add(&a, NLMSG_DONE, NLM_F_MULTI, 1, &code, sizeof(code));
	assert_int_equal(netlink_read(&s, a.b, a.len), 0);
	assert_true(s.done);
	assert_int_equal(s.code, ENODEV);
	n = 98;
	a.len = 0;
	add(&a, RTM_NEWLINK, 0, 1, NULL, 0);
	assert_int_equal(netlink_read(&s, a.b, a.len), -ECANCELED);
}

static void test_malformed(void **state)
{
	struct netlink_reader s = { .first = 1, .n = 1 };
	struct answer a = { .len = 0 };
	int32_t positive = 5;

	(void)state;
	assert_int_equal(netlink_read(&s, "abc", 3), -EBADMSG);
	add(&a, NLMSG_ERROR, 0, 1, &positive, sizeof(positive));
	assert_int_equal(netlink_read(&s, a.b, a.len), -EBADMSG); /* too short for an error */
	a.len = 0;
	add(&a, NLMSG_ERROR, 0, 1, &(struct nlmsgerr){ .error = 5 }, sizeof(struct nlmsgerr));
	assert_int_equal(netlink_read(&s, a.b, a.len), -EBADMSG);
	a.b[0] = 255; /* longer than what is there */
	assert_int_equal(netlink_read(&s, a.b, a.len), -EBADMSG);
	a.b[0] = 15; /* shorter than its header */
	assert_int_equal(netlink_read(&s, a.b, a.len), -EBADMSG);
	assert_int_equal(s.code, 0);
	a.len = 0;
	add(&a, NLMSG_OVERRUN, 0, 1, NULL, 0);
	assert_int_equal(netlink_read(&s, a.b, a.len), -ENOBUFS);
}

static void test_attributes(void **state)
{
	static const uint8_t two[] = { 8, 0, 1, 0, 1, 2, 3, 4, 5, 0, 2, 0x80, 'x' };
	static const uint8_t zero[] = { 0, 0, 1, 0 }, beyond[] = { 9, 0, 1, 0, 1, 2, 3, 4 };
	const uint8_t *p = two;
	size_t left = sizeof(two);
	struct netlink_attr a;
	char text[8];

	(void)state;
	if (half((const uint8_t *)"\1\0") != 1)
		skip();
	assert_true(netlink_next(&p, &left, &a));
	assert_int_equal(a.type, 1);
	assert_int_equal(netlink_be32(&a), 0x01020304);
	assert_true(netlink_next(&p, &left, &a));
	assert_int_equal(a.type, 2);
	netlink_text(&a, text, sizeof(text));
	assert_string_equal(text, "x");
	assert_int_equal(netlink_u32(&a), 0);
	assert_false(netlink_next(&p, &left, &a));
	assert_false(netlink_find(zero, sizeof(zero), 1, 0, &a));
	assert_false(netlink_find(beyond, sizeof(beyond), 1, 0, &a));
	assert_false(netlink_find(two, sizeof(two), 1, 5, &a));
	assert_true(netlink_find(two, sizeof(two), 2, 1, &a));
}

/* ---- this kernel ---- */

static int find_lo(const struct netlink_msg *m, void *arg)
{
	struct ifinfomsg ifi;
	struct netlink_attr a;
	char name[IFNAMSIZ];
	size_t left;
	const uint8_t *p = netlink_attrs(m, &ifi, sizeof(ifi), &left);

	assert_int_equal(m->type, RTM_NEWLINK);
	assert_true(netlink_find(p, left, IFLA_IFNAME, 2, &a));
	netlink_text(&a, name, sizeof(name));
	if (strcmp(name, "lo") == 0)
		*(int *)arg = ifi.ifi_index;
	return 0;
}

static void test_kernel(void **state)
{
	NETLINK_BUF buf[512];
	struct netlink_req r = NETLINK_REQ(buf);
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC }, none = { .ifi_index = 0x7ffffff0 };
	struct netlink n;
	struct err e = { 0 };
	int lo = 0;

	(void)state;
	assert_int_equal(netlink_open(&n, NETLINK_ROUTE, -1, &e), 0);
	netlink_begin(&r, RTM_GETLINK, 0, &ifi, sizeof(ifi), "links");
	assert_int_equal(netlink_dump(&n, &r, find_lo, &lo, &e), 0);
	assert_int_equal(lo, if_nametoindex("lo"));
	/* the second of three fails, and the answers to the first and third are not lost */
	lo = 0;
	ifi.ifi_index = (int)if_nametoindex("lo");
	netlink_begin(&r, RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi), "first");
	netlink_begin(&r, RTM_GETLINK, NLM_F_ACK, &none, sizeof(none), "second");
	netlink_begin(&r, RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi), "third");
	assert_int_equal(netlink_talk(&n, &r, find_lo, &lo, &e), -ENODEV);
	assert_int_equal(r.failed, 1);
	assert_int_equal(strncmp(e.msg, "second: ", 8), 0);
	assert_int_not_equal(lo, 0);
	/* nothing of it is left for the next */
	e = (struct err){ 0 };
	netlink_begin(&r, RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi), "fourth");
	assert_int_equal(netlink_talk(&n, &r, NULL, NULL, &e), 0);
	assert_int_equal(r.failed, -1);
	assert_int_equal(netlink_receive(&n, NULL, NULL), 0);
	netlink_close(&n);
	assert_int_equal(n.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_failure_in_words),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
