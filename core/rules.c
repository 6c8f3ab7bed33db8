// SPDX-License-Identifier: MIT
/*
 * Networks and published ports in the table inet myctr. See rules.h; the rules themselves are in
 * rules_table.c, here only elements come and go. Runs in launchers, the CLI and the supervisor's loop, any
 * number of them at once: each change is one batch, which the kernel takes as a whole or refuses.
 */
#include "core/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "core/lib/fd.h"
#include "core/port.h"
#include "core/rules_table.h"

#define RULES_TRIES 20 /* others may change something between our look and our change */

static int rules_open(struct netlink *n, struct err *e)
{
	int r = netlink_open(n, NETLINK_NETFILTER, -1, e);

	return r < 0 ? r : 0;
}

static int rules_lacking(struct err *e)
{
	struct err kernel = e ? *e : (struct err){ 0 };

	return err_set(e, EPROTONOSUPPORT,
		       "nf_tables: the kernel lacks a part of it, see myctr check (%.120s)",
		       kernel.msg);
}

/* Sends a batch. A kernel without nf_tables, or without a kind of rule, is -EPROTONOSUPPORT. */
static int rules_commit(struct netlink *n, struct netlink_req *r, struct err *e)
{
	int size = (int)(2 * r->len), code;

	nft_end(r);
	/* All of it must fit into the socket at once; the usual room is about 200 KiB. */
	if (r->len > 64U << 10)
		(void)setsockopt(n->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	code = netlink_talk(n, r, NULL, NULL, e);
	if (code == -EOPNOTSUPP || code == -EPROTONOSUPPORT)
		return rules_lacking(e);
	return code;
}

/* ---- networks ------------------------------------------------------------------------------------ */

static void rules_put_name(struct netlink_req *r, enum rules_set set, const char *name)
{
	size_t len = strnlen(name, PORT_DEVICE - 1);
	char key[2 * PORT_DEVICE] = "";
	size_t at;

	memcpy(key, name, len);
	memcpy(key + PORT_DEVICE, name, len);
	at = nft_elems(r, NFT_MSG_NEWSETELEM, RULES_TABLE, rules_sets[set].name, name);
	nft_elem(r, &rules_sets[set], key, NULL, NULL);
	nft_elems_end(r, at);
}

static void rules_put_net(struct netlink_req *r, const struct rules_net *n)
{
	rules_put_name(r, RULES_BRIDGES, n->bridge);
	rules_put_name(r, RULES_SAME, n->bridge);
	if (n->nat)
		rules_put_name(r, RULES_NAT, n->bridge);
	if (n->isolate)
		rules_put_name(r, RULES_ISOLATED, n->bridge);
	if (n->internal)
		rules_put_name(r, RULES_INTERNAL, n->bridge);
}

static void rules_put_table(struct netlink_req *r, const struct strv *wan)
{
	rules_table(r);
	for (unsigned int i = 0; wan && i < wan->n; i++)
		rules_put_name(r, RULES_WAN, wan->v[i]);
}

/* With the table or without: whichever is right when the kernel looks. */
static int rules_net_try(struct netlink *n, const struct rules_net *net, const struct strv *wan,
			 bool table, struct err *e)
{
	struct netlink_req r = NETLINK_REQ_HEAP;
	int code;

	nft_begin(&r, 0);
	if (table)
		rules_put_table(&r, wan);
	rules_put_net(&r, net);
	code = rules_commit(n, &r, e);
	netlink_req_free(&r);
	return code;
}

int rules_net_add(const struct rules_net *net, const struct strv *wan, struct err *e)
{
	struct netlink n;
	bool table = false;
	int code = rules_open(&n, e);

	if (code < 0)
		return code;
	for (int i = 0; i < RULES_TRIES; i++) {
		code = rules_net_try(&n, net, wan, table, e);
		if (code != (table ? -EEXIST : -ENOENT))
			break;
		table = !table;
	}
	netlink_close(&n);
	/* Not a table that is missing, but a kind of rule that this kernel does not know. */
	if (code == -ENOENT)
		return rules_lacking(e);
	return code < 0 ? err_wrap(e, "rules") : 0;
}

struct rules_leaving {
	const char *bridge;
	bool here, others;
};

static int rules_look(const struct nft_elem *elem, void *arg)
{
	struct rules_leaving *l = arg;
	char name[PORT_DEVICE] = "";

	memcpy(name, elem->key, sizeof(name) - 1);
	if (strcmp(name, l->bridge) == 0)
		l->here = true;
	else
		l->others = true;
	return 0;
}

static void rules_drop_name(struct netlink_req *r, enum rules_set set, const char *name)
{
	size_t len = strnlen(name, PORT_DEVICE - 1);
	char key[2 * PORT_DEVICE] = "";
	size_t at;

	memcpy(key, name, len);
	memcpy(key + PORT_DEVICE, name, len);
	at = nft_elems(r, NFT_MSG_DELSETELEM, RULES_TABLE, rules_sets[set].name, name);
	nft_elem(r, &rules_sets[set], key, NULL, NULL);
	nft_elems_end(r, at);
}

static int rules_net_drop(struct netlink *n, struct netlink_req *r, const char *bridge,
			  struct err *e)
{
	bool others = false, here = false;
	uint32_t genid;
	int code = nft_genid(n, &genid, e);

	nft_begin(r, genid);
	for (enum rules_set set = RULES_BRIDGES; code >= 0 && set <= RULES_SAME; set++) {
		struct rules_leaving l = { .bridge = bridge };

		code = nft_list(n, RULES_TABLE, rules_sets[set].name, rules_look, &l, e);
		others |= l.others;
		here |= l.here;
		if (l.here)
			rules_drop_name(r, set, bridge);
	}
	if (code < 0 || (!here && others))
		return code;
	if (!others)
		nft_table(r, NFT_MSG_DELTABLE, 0, RULES_TABLE);
	return rules_commit(n, r, e);
}

/* What was listed may be gone or more by the time it is changed: then look again. */
static bool rules_again(int code)
{
	return code == -ERESTART || code == -EINTR || code == -EAGAIN;
}

/*
 * Takes away what belongs to name by drop(), until nobody changes the table meanwhile. No table, or no nf_tables at all:
 * nothing is left.
 */
static int rules_drop(int (*drop)(struct netlink *n, struct netlink_req *r, const char *name,
				  struct err *e),
		      const char *name, struct err *e)
{
	struct netlink n;
	int code = rules_open(&n, e), i = 0;

	if (code < 0)
		return code == -EPROTONOSUPPORT ? 0 : code;
	do {
		struct netlink_req r = NETLINK_REQ_HEAP;

		code = drop(&n, &r, name, e);
		netlink_req_free(&r);
	} while (rules_again(code) && ++i < RULES_TRIES);
	netlink_close(&n);
	return code == -ENOENT || code == -EPROTONOSUPPORT || code == -EOPNOTSUPP ? 0 : code;
}

int rules_net_remove(const char *bridge, struct err *e)
{
	return rules_drop(rules_net_drop, bridge, e);
}

/* ---- ports --------------------------------------------------------------------------------------- */

/* The map of an entry and the key of one of its ports (in the device's numbering). */
static enum rules_set rules_key(const struct port *p, int family, unsigned int port,
				uint8_t key[NFT_KEY_MAX])
{
	bool six = family == AF_INET6;
	size_t n = 0;

	memset(key, 0, NFT_KEY_MAX);
	if (*p->dev) {
		memcpy(key, p->dev, PORT_DEVICE);
		n = PORT_DEVICE;
	} else if (!port_is_anywhere(p)) {
		n = six ? 16 : 4;
		memcpy(key, p->addr, n);
	}
	key[n] = p->proto;
	key[n + 4] = (uint8_t)(port >> 8);
	key[n + 5] = (uint8_t)port;
	if (*p->dev)
		return six ? RULES_DEV6 : RULES_DEV4;
	if (!port_is_anywhere(p))
		return six ? RULES_ADDR6 : RULES_ADDR4;
	return six ? RULES_ANY6 : RULES_ANY4;
}

static bool rules_has(const struct rules_ctr *c, int family)
{
	static const uint8_t none[16];

	return family == AF_INET6 ? memcmp(c->ip6, none, 16) != 0 : memcmp(c->ip4, none, 4) != 0;
}

/* here: for the device itself, whichever of its addresses it uses. */
static void rules_put_entry(struct netlink_req *r, const struct rules_ctr *c, const struct port *p,
			    int family, bool here, const char *what)
{
	const struct port any = { .proto = p->proto };
	size_t len = family == AF_INET6 ? 16 : 4, at = 0;

	for (unsigned int i = 0; i < p->count; i++) {
		uint8_t key[NFT_KEY_MAX], data[NFT_KEY_MAX] = { 0 };
		enum rules_set set = rules_key(here ? &any : p, family, p->host + i, key);

		if (here)
			set = family == AF_INET6 ? RULES_SELF6 : RULES_SELF4;
		if (i % NFT_ELEMS_MAX == 0) {
			if (i)
				nft_elems_end(r, at);
			at = nft_elems(r, NFT_MSG_NEWSETELEM, RULES_TABLE, rules_sets[set].name,
				       what);
		}
		memcpy(data, family == AF_INET6 ? c->ip6 : c->ip4, len);
		data[len] = (uint8_t)((p->inside + i) >> 8);
		data[len + 1] = (uint8_t)(p->inside + i);
		nft_elem(r, &rules_sets[set], key, data, c->name);
	}
	nft_elems_end(r, at);
}

static int rules_put_ctr(struct netlink_req *r, const struct rules_ctr *c, struct err *e)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct port p;

	for (unsigned int i = 0; i < c->publish->n; i++) {
		bool any = false;

		if (port_parse(c->publish->v[i], &p, e) < 0)
			return err_wrap(e, "publish");
		if (!port_has_rules(&p))
			continue;
		for (unsigned int f = 0; f < ARRAY_SIZE(families); f++) {
			if ((p.family != AF_UNSPEC && p.family != families[f]) ||
			    !rules_has(c, families[f]))
				continue;
			rules_put_entry(r, c, &p, families[f], false, c->publish->v[i]);
			any = true;
		}
		if (!any)
			return err_set(e, EINVAL,
				       "publish = %s: the container has no IPv%d address",
				       c->publish->v[i], p.family == AF_INET6 ? 6 : 4);
	}
	return 0;
}

/*
 * An entry that names an interface leads the device itself there, too. Two containers may have the same port on
 * different interfaces: then the first one has it here, which is no reason not to start.
 */
static void rules_add_here(struct netlink *n, const struct rules_ctr *c)
{
	struct port p;

	for (unsigned int i = 0; i < c->publish->n; i++) {
		struct netlink_req r = NETLINK_REQ_HEAP;

		if (port_parse(c->publish->v[i], &p, NULL) < 0 || !*p.dev)
			continue;
		nft_begin(&r, 0);
		if (rules_has(c, AF_INET))
			rules_put_entry(&r, c, &p, AF_INET, true, "here");
		if (rules_has(c, AF_INET6))
			rules_put_entry(&r, c, &p, AF_INET6, true, "here");
		rules_commit(n, &r, NULL);
		netlink_req_free(&r);
	}
}

/* Connections of the device to its own 127.0.0.1 leave by the bridge; the chain loopback guards that. */
static int rules_localnet(const struct rules_ctr *c, struct err *e)
{
	bool wanted = false;
	char path[80];
	struct port p;
	int r;

	for (unsigned int i = 0; i < c->publish->n; i++)
		wanted |= port_parse(c->publish->v[i], &p, NULL) == 0 && p.family != AF_INET6 &&
			  (port_is_anywhere(&p) || *p.dev || port_is_loopback(&p));
	if (!wanted || !c->local || !rules_has(c, AF_INET))
		return 0;
	if (!port_is_device(c->bridge))
		return err_set(e, EINVAL, "%s: not the name of a bridge", c->bridge);
	str_format(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet", c->bridge);
	r = fd_write_text(AT_FDCWD, path, "1");
	return r < 0 ? err_sys(e, r, "%s", path) : 0;
}

struct rules_search {
	const struct rules_ctr *c;
	enum rules_set set; /* whose elements are listed */
	char port[PORT_TEXT], owner[64];
};

/* Is this element the one that an entry of the container's would be? */
static int rules_compare(const struct nft_elem *elem, void *arg)
{
	struct rules_search *s = arg;
	const struct strv *l = s->c->publish;
	int family = s->set >= RULES_ANY6 ? AF_INET6 : AF_INET;
	uint8_t key[NFT_KEY_MAX];
	struct port p;

	if (elem->key_len < 8 || strcmp(elem->comment, s->c->name) == 0)
		return 0;
	for (unsigned int i = 0; i < l->n && !*s->owner; i++) {
		const uint8_t *at = elem->key + elem->key_len - 4;
		unsigned int port = (unsigned int)at[0] << 8 | at[1];

		if (port_parse(l->v[i], &p, NULL) < 0 || port < p.host || port - p.host >= p.count)
			continue;
		if (rules_key(&p, family, port, key) == s->set &&
		    memcmp(key, elem->key, elem->key_len) == 0) {
			str_format(s->port, sizeof(s->port), "%u/%s", port,
				   p.proto == 17 ? "udp" : "tcp");
			str_escape(s->owner, sizeof(s->owner), elem->comment,
				   strlen(elem->comment));
		}
	}
	return 0;
}

static int rules_taken(struct netlink *n, const struct rules_ctr *c, struct err *e)
{
	struct rules_search s = { .c = c };

	for (s.set = RULES_ANY4; s.set < RULES_N_SETS && !*s.owner; s.set++)
		if (nft_list(n, RULES_TABLE, rules_sets[s.set].name, rules_compare, &s, NULL) < 0)
			break;
	if (!*s.owner)
		return err_set(e, EADDRINUSE, "publish: a port is taken by another container");
	return err_set(e, EADDRINUSE, "publish: port %s is taken by container %s", s.port, s.owner);
}

int rules_add(const struct rules_ctr *c, struct err *e)
{
	struct netlink_req r = NETLINK_REQ_HEAP;
	struct netlink n;
	int code = rules_open(&n, e);

	if (code < 0)
		return code;
	nft_begin(&r, 0);
	code = rules_put_ctr(&r, c, e);
	if (code >= 0) {
		code = rules_commit(&n, &r, e);
		/* The same key with another value. */
		if (code == -EBUSY || code == -EEXIST)
			code = rules_taken(&n, c, e);
		else if (code < 0)
			err_wrap(e, "publish");
	}
	if (code >= 0)
		rules_add_here(&n, c);
	netlink_req_free(&r);
	netlink_close(&n);
	return code < 0 ? code : rules_localnet(c, e);
}

struct rules_removal {
	struct netlink_req *r;
	const char *name;
	enum rules_set set;
	unsigned int n; /* elements in the message being built */
	size_t at;
	bool any;
};

static int rules_collect(const struct nft_elem *elem, void *arg)
{
	struct rules_removal *d = arg;
	const struct nft_set *set = &rules_sets[d->set];

	if (elem->key_len != set->key_len || strcmp(elem->comment, d->name) != 0)
		return 0;
	if (d->n == NFT_ELEMS_MAX) {
		nft_elems_end(d->r, d->at);
		d->n = 0;
	}
	if (d->n++ == 0)
		d->at = nft_elems(d->r, NFT_MSG_DELSETELEM, RULES_TABLE, set->name, d->name);
	nft_elem(d->r, set, elem->key, NULL, NULL);
	d->any = true;
	return 0;
}

static int rules_remove_once(struct netlink *n, struct netlink_req *r, const char *name,
			     struct err *e)
{
	struct rules_removal d = { .r = r, .name = name };
	uint32_t genid;
	int code = nft_genid(n, &genid, e);

	nft_begin(r, genid);
	for (d.set = RULES_ANY4; code >= 0 && d.set < RULES_N_SETS; d.set++) {
		d.n = 0;
		code = nft_list(n, RULES_TABLE, rules_sets[d.set].name, rules_collect, &d, e);
		if (d.n)
			nft_elems_end(r, d.at);
	}
	return code < 0 || !d.any ? code : rules_commit(n, r, e);
}

int rules_remove(const char *name, struct err *e)
{
	return rules_drop(rules_remove_once, name, e);
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static int rules_put_all(struct netlink_req *r, const struct rules_all *all, struct err *e)
{
	int code = 0;

	nft_begin(r, 0);
	/* Made so that it can be deleted whether it was there or not. */
	nft_table(r, NFT_MSG_NEWTABLE, NLM_F_CREATE, RULES_TABLE);
	nft_table(r, NFT_MSG_DELTABLE, 0, RULES_TABLE);
	if (!all->n_nets)
		return 0;
	rules_put_table(r, all->wan);
	for (unsigned int i = 0; i < all->n_nets; i++)
		rules_put_net(r, &all->nets[i]);
	for (unsigned int i = 0; i < all->n_ctrs && code >= 0; i++)
		code = rules_put_ctr(r, &all->ctrs[i], e);
	return code;
}

int rules_rebuild(const struct rules_all *all, struct err *e)
{
	struct netlink_req r = NETLINK_REQ_HEAP;
	struct netlink n;
	int code = rules_open(&n, e);

	if (code < 0)
		return code;
	code = rules_put_all(&r, all, e);
	if (code >= 0)
		code = rules_commit(&n, &r, e);
	netlink_req_free(&r);
	for (unsigned int i = 0; i < all->n_ctrs && code >= 0; i++) {
		rules_add_here(&n, &all->ctrs[i]);
		code = rules_localnet(&all->ctrs[i], e);
	}
	netlink_close(&n);
	return code < 0 ? err_wrap(e, "rules") : 0;
}
