// SPDX-License-Identifier: MIT
/* nf_tables messages: what is built, byte by byte where it matters, and what is read from damaged ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <linux/netfilter/nfnetlink.h>

#include "core/lib/nft.h"

/* The message at *at of a request, as if the kernel had sent it. */
static struct netlink_msg next(const struct netlink_req *r, size_t *at)
{
	struct nlmsghdr h;
	struct netlink_msg m;

	assert_true(*at + sizeof(h) <= r->len);
	memcpy(&h, r->p + *at, sizeof(h));
	m = (struct netlink_msg){ .type = h.nlmsg_type,
				  .flags = h.nlmsg_flags,
				  .body = r->p + *at + NLMSG_HDRLEN,
				  .len = h.nlmsg_len - NLMSG_HDRLEN };
	*at += NLMSG_ALIGN(h.nlmsg_len);
	return m;
}

static const struct nft_set ports = { "any4", 1, 8, 1, 8 };

struct seen {
	struct nft_elem e[4];
	unsigned int n;
};

static int keep(const struct nft_elem *e, void *arg)
{
	struct seen *s = arg;

	s->e[s->n++] = *e;
	return s->n == 4 ? -E2BIG : 0;
}

/* Elements that were written read back the same. */
static void elements(void **state)
{
	NETLINK_BUF buf[4096];
	struct netlink_req r = NETLINK_REQ(buf);
	const uint8_t key[8] = { 6, 0, 0, 0, 0x1f, 0x90 }, data[8] = { 10, 0, 0, 2, 0, 80 };
	struct seen s = { .n = 0 };
	struct netlink_msg m;
	size_t at, pos = 0;

	(void)state;
	at = nft_elems(&r, NFT_MSG_NEWSETELEM, "myctr", "any4", "x");
	nft_elem(&r, &ports, key, data, "web");
	nft_elem(&r, &ports, data, NULL, NULL);
	nft_elems_end(&r, at);
	assert_false(r.bad);
	m = next(&r, &pos);
	assert_int_equal(m.type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM);
	assert_int_equal(nft_read_elems(&m, keep, &s), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.e[0].key_len, 8);
	assert_memory_equal(s.e[0].key, key, 8);
	assert_memory_equal(s.e[0].data, data, 8);
	assert_string_equal(s.e[0].comment, "web");
	assert_int_equal(s.e[1].data_len, 0);
	assert_string_equal(s.e[1].comment, "");
	/* Cut anywhere, it gives less and reads no further: the sanitizer watches. */
	for (size_t len = 0; len < m.len; len++) {
		struct netlink_msg part = m;
		uint8_t copy[512];

		assert_true(len <= sizeof(copy));
		memcpy(copy, m.body, len);
		part.body = copy;
		part.len = len;
		s.n = 0;
		nft_read_elems(&part, keep, &s);
		assert_true(s.n <= 2);
	}
}

/* A name of 63 bytes fits, a longer one is cut. */
static void comments(void **state)
{
	NETLINK_BUF buf[4096];
	struct netlink_req r = NETLINK_REQ(buf);
	const uint8_t key[8] = { 1 };
	char name[80];
	struct seen s = { .n = 0 };
	struct netlink_msg m;
	size_t at, pos = 0;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[79] = '\0';
	at = nft_elems(&r, NFT_MSG_NEWSETELEM, "myctr", "any4", "x");
	nft_elem(&r, &ports, key, key, name);
	nft_elems_end(&r, at);
	m = next(&r, &pos);
	assert_int_equal(nft_read_elems(&m, keep, &s), 0);
	assert_int_equal(strlen(s.e[0].comment), 63);
}

/* Both processors' orders: a number of four bytes as it is, anything else by its last byte. */
static void values(void **state)
{
	static const struct nft_op ops[] = {
		{ .kind = NFT_OP_IS, .len = 1, .value = 2 },
		{ .kind = NFT_OP_IS, .len = 4, .value = 2 },
		{ .kind = NFT_OP_IS, .len = 16, .value = 1 },
		{ .kind = NFT_OP_END },
	};
	static const uint8_t one_of_16[16] = { [15] = 1 };
	static const uint16_t head[4] = {
		5, 1
	}; /* an attribute's length and type; its value is put behind */
	const uint32_t two = 2;
	uint8_t byte[8];
	NETLINK_BUF buf[4096];
	struct netlink_req r = NETLINK_REQ(buf);

	(void)state;
	nft_add_rule(&r, "myctr", "forward", ops);
	assert_false(r.bad);
	memcpy(byte, head, sizeof(byte));
	byte[4] = 2;
	assert_non_null(memmem(r.p, r.len, byte, sizeof(byte)));
	assert_non_null(memmem(r.p, r.len, &two, 4));
	assert_non_null(memmem(r.p, r.len, one_of_16, 16));
}

static int note(struct nft_watch *w, uint16_t msg, const char *table, uint8_t family)
{
	struct nfgenmsg g = { .nfgen_family = family };
	NETLINK_BUF buf[256];
	struct netlink_req r = NETLINK_REQ(buf);
	struct netlink_msg m;
	size_t pos = 0;

	netlink_begin(&r, NFT_TYPE(msg), 0, &g, sizeof(g), NULL);
	if (msg == NFT_MSG_NEWGEN) {
		netlink_put_be32(&r, NFTA_GEN_ID, 7);
		netlink_put_be32(&r, NFTA_GEN_PROC_PID, 42);
		netlink_put_text(&r, NFTA_GEN_PROC_NAME, "nft");
	} else {
		netlink_put_text(&r, NFTA_TABLE_NAME, table);
	}
	m = next(&r, &pos);
	return nft_watch_read(w, &m);
}

static void watches(void **state)
{
	struct nft_watch w = { .table = "myctr" };

	(void)state;
	assert_int_equal(note(&w, NFT_MSG_DELTABLE, "other", NFT_INET), 0);
	assert_int_equal(note(&w, NFT_MSG_DELTABLE, "myctr", AF_INET), 0);
	assert_int_equal(note(&w, NFT_MSG_NEWRULE, "myctr2", NFT_INET), 0);
	assert_int_equal(note(&w, NFT_MSG_NEWGEN, NULL, 0), 0);
	assert_int_equal(note(&w, NFT_MSG_NEWSETELEM, "myctr", NFT_INET), 0);
	assert_int_equal(note(&w, NFT_MSG_NEWGEN, NULL, 0), 1);
	assert_true(w.elements && !w.touched && !w.removed);
	nft_watch_next(&w);
	assert_int_equal(note(&w, NFT_MSG_DELTABLE, "myctr", NFT_INET), 0);
	assert_int_equal(note(&w, NFT_MSG_NEWGEN, NULL, 0), 1);
	assert_true(w.touched && w.removed);
	assert_int_equal(w.pid, 42);
	assert_string_equal(w.comm, "nft");
	nft_watch_next(&w);
	assert_string_equal(w.table, "myctr");
	assert_int_equal(note(&w, NFT_MSG_NEWGEN, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements),
		cmocka_unit_test(comments),
		cmocka_unit_test(values),
		cmocka_unit_test(watches),
	};

	return cmocka_run_group_tests_name("nft", tests, NULL, NULL);
}
