// SPDX-License-Identifier: MIT
/*
 * Forgetting UDP flows: see conntrack.h. Runs in launchers, the CLI and, when a container ends, in the supervisor.
 * Asks for datagrams' flows only and deletes by what the kernel said itself; trusts no length of that.
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
#define TRACK_BY_PROTO \
	(1U << 3)	/* CTA_FILTER_F_CTA_PROTO_NUM, which no header of the kernel's tells */
#define TRACK_ROUND 256 /* flows that one request forgets */

struct track {
	const struct rules_ctr *c;
	struct netlink_req gone;
	unsigned int n;
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
	struct nfgenmsg g = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };

	netlink_begin(r, TRACK_TYPE(msg), flags, &g, sizeof(g), "conntrack");
}

static int track_look(const struct netlink_msg *m, void *arg)
{
	struct track *t = arg;
	struct netlink_attr a;
	struct nfgenmsg g;
	size_t left;
	const uint8_t *p = netlink_attrs(m, &g, sizeof(g), &left);

	if (t->n == TRACK_ROUND || !conntrack_is_stale(m, t->c))
		return 0;
	track_begin(&t->gone, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, g.nfgen_family);
	for (const uint8_t *at = p; netlink_next(&at, &left, &a);)
		if (a.type == CTA_TUPLE_ORIG || a.type == CTA_ID || a.type == CTA_ZONE)
			netlink_put(&t->gone,
				    a.type == CTA_TUPLE_ORIG ? a.type | NLA_F_NESTED : a.type,
				    a.data, a.len);
	t->n++;
	return 0;
}

/* Lists the flows of a family that are UDP's, as the kernel does the sorting out. */
static int track_list(struct netlink *n, struct track *t, int family)
{
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	size_t tuple, proto, filter;

	track_begin(&r, IPCTNL_MSG_CT_GET, 0, family);
	tuple = netlink_nest(&r, CTA_TUPLE_ORIG);
	proto = netlink_nest(&r, CTA_TUPLE_PROTO);
	netlink_put_u8(&r, CTA_PROTO_NUM, IPPROTO_UDP);
	netlink_nest_end(&r, proto);
	netlink_nest_end(&r, tuple);
	filter = netlink_nest(&r, CTA_FILTER);
	netlink_put_u32(&r, CTA_FILTER_ORIG_FLAGS, TRACK_BY_PROTO);
	netlink_put_u32(&r, CTA_FILTER_REPLY_FLAGS, 0);
	netlink_nest_end(&r, filter);
	return netlink_dump(n, &r, track_look, t, NULL);
}

static int track_family(struct netlink *n, const struct rules_ctr *c, int family)
{
	struct track t = { .c = c, .gone = NETLINK_REQ_HEAP, .n = TRACK_ROUND };
	int r = 0;

	/* What ended by itself in between is as good. */
	for (int round = 0; r >= 0 && t.n == TRACK_ROUND && round < 64; round++) {
		t.n = 0;
		r = track_list(n, &t, family);
		if (t.n && r >= 0)
			netlink_talk(n, &t.gone, NULL, NULL, NULL);
	}
	netlink_req_free(&t.gone);
	return r;
}

int conntrack_forget(const struct rules_ctr *c)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	int r = netlink_open(&n, NETLINK_NETFILTER, -1, NULL);

	if (r >= 0)
		r = track_family(&n, c, AF_INET);
	if (r >= 0)
		r = track_family(&n, c, AF_INET6);
	return r < 0 ? r : 0;
}
