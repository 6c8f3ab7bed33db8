// SPDX-License-Identifier: MIT
/*
 * Forgetting UDP flows: see conntrack.h. Runs in launchers, the CLI and, when a container ends, in the supervisor,
 * which waits: the kernel sorts out whose they are, and they are gone through once. Asks for datagrams' flows only
 * and deletes by what the kernel said itself; trusts no length of that.
 */
#include "core/conntrack.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "core/lib/netlink.h"
#include "core/port.h"

#define TRACK_TYPE(msg) ((uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | (msg)))
#define TRACK_ROUND 256 /* flows that one request forgets */
#define TRACK_MAX 16384 /* in all: somebody waits */

/* Bits of CTA_FILTER_*_FLAGS, which no header of the kernel's tells. */
#define TRACK_BY_SOURCE (1U << 0)
#define TRACK_BY_PROTO (1U << 3)

struct track {
	const struct rules_ctr *c;
	struct netlink del; /* beside the list, which goes on meanwhile */
	struct netlink_req gone;
	unsigned int n, all;
};

/* One direction of a flow. */
struct track_tuple {
	uint8_t src[16], dst[16];
	uint16_t dport;
	uint8_t proto;
};

static void track_bytes(const uint8_t *p, size_t left, uint16_t type, size_t len, uint8_t *to)
{
	struct netlink_attr a;

	if (netlink_find(p, left, type, len, &a))
		memcpy(to, a.data, len);
}

static bool track_read(const uint8_t *p, size_t left, uint16_t type, bool six,
		       struct track_tuple *t)
{
	struct netlink_attr tuple, ip, proto, a;
	uint8_t port[2] = { 0 };

	memset(t, 0, sizeof(*t));
	if (!netlink_find(p, left, type, 0, &tuple) ||
	    !netlink_find(tuple.data, tuple.len, CTA_TUPLE_IP, 0, &ip) ||
	    !netlink_find(tuple.data, tuple.len, CTA_TUPLE_PROTO, 0, &proto) ||
	    !netlink_find(proto.data, proto.len, CTA_PROTO_NUM, 1, &a))
		return false;
	t->proto = a.data[0];
	track_bytes(ip.data, ip.len, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, six ? 16 : 4, t->src);
	track_bytes(ip.data, ip.len, six ? CTA_IP_V6_DST : CTA_IP_V4_DST, six ? 16 : 4, t->dst);
	track_bytes(proto.data, proto.len, CTA_PROTO_DST_PORT, 2, port);
	t->dport = (uint16_t)(port[0] << 8 | port[1]);
	return true;
}

/* At a port of the container's, by an address that its entry names or leaves open. */
static bool track_is_published(const struct rules_ctr *c, int family, const struct track_tuple *t)
{
	static const uint8_t any[16];
	struct port p;

	for (unsigned int i = 0; i < c->publish->n; i++) {
		if (port_parse(c->publish->v[i], &p, NULL) < 0 || p.proto != IPPROTO_UDP ||
		    t->dport < p.host || t->dport - p.host >= p.count)
			continue;
		if (p.family == AF_UNSPEC ||
		    (p.family == family && (memcmp(p.addr, any, sizeof(any)) == 0 ||
					    memcmp(p.addr, t->dst, sizeof(t->dst)) == 0)))
			return true;
	}
	return false;
}

bool conntrack_is_stale(const struct netlink_msg *m, const struct rules_ctr *c)
{
	struct track_tuple from, back;
	struct netlink_attr status;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);
	bool six = p && g.nfgen_family == AF_INET6;

	if (!p || !netlink_find(p, left, CTA_STATUS, 4, &status) ||
	    !track_read(p, left, CTA_TUPLE_ORIG, six, &from) ||
	    !track_read(p, left, CTA_TUPLE_REPLY, six, &back) || from.proto != IPPROTO_UDP)
		return false;
	if (netlink_be32(&status) & IPS_DST_NAT)
		return memcmp(back.src, six ? c->ip6 : c->ip4, six ? 16 : 4) == 0;
	return !(netlink_be32(&status) & IPS_SRC_NAT) &&
	       track_is_published(c, six ? AF_INET6 : AF_INET, &from);
}

static void track_begin(struct netlink_req *r, uint16_t msg, uint16_t flags, int family)
{
	/* A version is what makes the family count where flows are deleted by a filter. */
	struct nfgenmsg g = { .nfgen_family = (uint8_t)family, .version = 1 };

	netlink_begin(r, TRACK_TYPE(msg), flags, &g, sizeof(g), "conntrack");
}

/* What ended by itself in between is as good. */
static void track_round(struct track *t)
{
	if (t->n)
		netlink_talk(&t->del, &t->gone, NULL, NULL, NULL);
	t->n = 0;
}

static int track_look(const struct netlink_msg *m, void *arg)
{
	struct track *t = arg;
	struct netlink_attr a;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);

	if (!conntrack_is_stale(m, t->c))
		return 0;
	track_begin(&t->gone, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, g.nfgen_family);
	for (const uint8_t *at = p; netlink_next(&at, &left, &a);)
		if (a.type == CTA_TUPLE_ORIG || a.type == CTA_ID || a.type == CTA_ZONE)
			netlink_put(&t->gone,
				    a.type == CTA_TUPLE_ORIG ? a.type | NLA_F_NESTED : a.type,
				    a.data, a.len);
	if (++t->n == TRACK_ROUND)
		track_round(t);
	return ++t->all < TRACK_MAX ? 0 : -E2BIG;
}

static void track_put_proto(struct netlink_req *r)
{
	size_t proto = netlink_nest(r, CTA_TUPLE_PROTO);

	netlink_put_u8(r, CTA_PROTO_NUM, IPPROTO_UDP);
	netlink_nest_end(r, proto);
}

/* Flows of a family that are UDP's; where no port counts, only those that the container answers. */
static void track_put_filter(struct netlink_req *r, const struct rules_ctr *c, int family)
{
	bool six = family == AF_INET6;
	size_t at = netlink_nest(r, c->publish->n ? CTA_TUPLE_ORIG : CTA_TUPLE_REPLY), in;

	if (!c->publish->n) {
		in = netlink_nest(r, CTA_TUPLE_IP);
		netlink_put(r, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, six ? c->ip6 : c->ip4,
			    six ? 16 : 4);
		netlink_nest_end(r, in);
	}
	track_put_proto(r);
	netlink_nest_end(r, at);
	at = netlink_nest(r, CTA_FILTER);
	netlink_put_u32(r, CTA_FILTER_ORIG_FLAGS, c->publish->n ? TRACK_BY_PROTO : 0);
	netlink_put_u32(r, CTA_FILTER_REPLY_FLAGS,
			c->publish->n ? 0 : TRACK_BY_SOURCE | TRACK_BY_PROTO);
	netlink_nest_end(r, at);
}

static int track_family(const struct rules_ctr *c, int family)
{
	struct track t = { .c = c, .del.fd = -1, .gone = NETLINK_REQ_HEAP };
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	int ret = netlink_open(&n, NETLINK_NETFILTER, -1, NULL);

	/* Newer kernels (6.11) do all of it; older ones refuse it, as no single flow is named. */
	if (ret >= 0 && !c->publish->n) {
		track_begin(&r, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family);
		track_put_filter(&r, c, family);
		if (netlink_talk(&n, &r, NULL, NULL, NULL) >= 0)
			return 0;
	}
	if (ret >= 0)
		ret = netlink_open(&t.del, NETLINK_NETFILTER, -1, NULL);
	if (ret >= 0) {
		track_begin(&r, IPCTNL_MSG_CT_GET, 0, family);
		track_put_filter(&r, c, family);
		ret = netlink_dump(&n, &r, track_look, &t, NULL);
		track_round(&t);
	}
	netlink_req_free(&t.gone);
	netlink_close(&t.del);
	return ret;
}

int conntrack_forget(const struct rules_ctr *c)
{
	static const uint8_t none[16];
	int r = 0;

	if (c->publish->n || memcmp(c->ip4, none, sizeof(c->ip4)) != 0)
		r = track_family(c, AF_INET);
	if (r >= 0 && (c->publish->n || memcmp(c->ip6, none, sizeof(c->ip6)) != 0))
		r = track_family(c, AF_INET6);
	return r < 0 ? r : 0;
}
