// SPDX-License-Identifier: MIT
/*
 * Addresses of containers, chosen and remembered. See lease.h. Runs in launchers and the CLI, under the
 * lock of one file; must never give one address to two containers that could run at the same time.
 */
#include "core/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/paths.h"

#define LEASE 1
#define LEASE_KEY 128
#define LEASE_CAPACITY (4 * CONFIG_STATE_RECORDS)

enum {
	LEASE_IP = 140,
	LEASE_IP6 = 144,
	LEASE_MAC = 160,
	LEASE_INDEX = 166,
	LEASE_KIND = 167,
	LEASE_HOST = 168,
	LEASE_BRIDGE = 184,
	LEASE_UP = 200,
	LEASE_BITS = 201,
	LEASE_BITS6 = 202,
	LEASE_PORTS = 203,
};

_Static_assert(LEASE_PORTS + NET_PORTS - 4 < RECORD_COPY, "a record is too large");
_Static_assert(2 * (SPEC_NAME_MAX + 1) <= LEASE_KEY, "two names do not fit the key");

static const struct record_format lease_format = {
	.magic = "myctrad",
	.version = 1,
	.key = LEASE_KEY,
	.what = "address",
	.full = "remove containers with `myctr rm`, or build with a larger STATE_RECORDS",
};

/* ---- bytes --------------------------------------------------------------------------------------- */

void lease_encode(uint8_t buf[RECORD_COPY], const struct net_link *l)
{
	memset(buf, 0, RECORD_COPY);
	buf[RECORD_KIND] = LEASE;
	str_format((char *)buf + RECORD_KEY, LEASE_KEY, "%s/%s", l->network, l->container);
	memcpy(buf + LEASE_IP, l->ip.b, l->ip.len == 4 ? 4 : 0);
	memcpy(buf + LEASE_IP6, l->ip6.b, l->ip6.len == 16 ? 16 : 0);
	memcpy(buf + LEASE_MAC, l->mac, ADDR_MAC);
	buf[LEASE_INDEX] = l->index;
	buf[LEASE_KIND] = l->kind;
	str_copy((char *)buf + LEASE_HOST, NET_IFNAME, l->host);
	str_copy((char *)buf + LEASE_BRIDGE, NET_IFNAME, l->bridge);
	buf[LEASE_UP] = l->up;
	buf[LEASE_BITS] = l->ip.bits;
	buf[LEASE_BITS6] = l->ip6.bits;
	if (IS_ENABLED(CONFIG_NET_PHYS) && l->kind == NET_PHYS) {
		le_put32(buf + LEASE_PORTS, l->device);
		le_put32(buf + LEASE_PORTS + 4, l->missed);
		return;
	}
	str_copy((char *)buf + LEASE_PORTS, RECORD_COPY - LEASE_PORTS, l->ports);
}

static void lease_text(char *to, size_t size, const uint8_t *from, size_t max)
{
	size_t n = strnlen((const char *)from, max);

	n = n < size ? n : size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

static struct addr lease_addr(const uint8_t *from, uint8_t len, uint8_t bits)
{
	static const uint8_t none[16];
	struct addr a = { .len = len, .bits = bits };

	if (memcmp(from, none, len) == 0 || bits > len * 8)
		return (struct addr){ 0 };
	memcpy(a.b, from, len);
	return a;
}

void lease_decode(struct net_link *l, const uint8_t buf[RECORD_COPY])
{
	const uint8_t *key = buf + RECORD_KEY;
	size_t n = strnlen((const char *)key, LEASE_KEY);
	const uint8_t *slash = memchr(key, '/', n);
	size_t at = slash ? (size_t)(slash - key) + 1 : n;

	*l = (struct net_link){ .index = buf[LEASE_INDEX],
				.kind = buf[LEASE_KIND],
				.up = buf[LEASE_UP] == 1 };
	lease_text(l->network, sizeof(l->network), key, slash ? at - 1 : n);
	lease_text(l->container, sizeof(l->container), key + at, n - at);
	l->ip = lease_addr(buf + LEASE_IP, 4, buf[LEASE_BITS]);
	l->ip6 = lease_addr(buf + LEASE_IP6, 16, buf[LEASE_BITS6]);
	memcpy(l->mac, buf + LEASE_MAC, ADDR_MAC);
	lease_text(l->host, sizeof(l->host), buf + LEASE_HOST, NET_IFNAME);
	lease_text(l->bridge, sizeof(l->bridge), buf + LEASE_BRIDGE, NET_IFNAME);
	str_format(l->ifname, sizeof(l->ifname), "eth%u", l->index);
	if (IS_ENABLED(CONFIG_NET_PHYS) && l->kind == NET_PHYS) {
		str_copy(l->ifname, sizeof(l->ifname), l->host);
		l->device = le_get32(buf + LEASE_PORTS);
		l->missed = le_get32(buf + LEASE_PORTS + 4);
		return;
	}
	lease_text(l->ports, sizeof(l->ports), buf + LEASE_PORTS, RECORD_COPY - LEASE_PORTS);
}

/* ---- files --------------------------------------------------------------------------------------- */

static int lease_open_file(struct records *r, const char *root, bool make, bool durable,
			   struct err *e)
{
	char path[PATHS_MAX];

	r->fd = -1;
	paths_of(path, root, "addresses", NULL);
	/* Writable means made, so one that is only to be changed is looked for before. */
	if (!make && access(path, F_OK) < 0)
		return -ENOENT;
	return record_open(r, &lease_format, path, LEASE_CAPACITY, true, durable, e);
}

int lease_open(struct leases *s, bool make, struct err *e)
{
	int r = lease_open_file(&s->run, paths.run, make, false, e);

	s->data.fd = -1;
	if (r < 0)
		return r;
	r = record_lock(&s->run);
	if (r >= 0)
		return 0;
	record_close(&s->run);
	return err_sys(e, r, "locking the addresses");
}

void lease_close(struct leases *s)
{
	if (s->data.fd >= 0)
		record_close(&s->data);
	if (s->run.fd >= 0) {
		record_unlock(&s->run);
		record_close(&s->run);
	}
}

/* ---- what is taken ------------------------------------------------------------------------------- */

/* Every record of both files that may stand in the way of l. */
struct lease_table {
	struct net_link *v;
	unsigned int n, size;
	unsigned int n_run; /* the first of them are of this boot */
};

static void lease_table_free(struct lease_table *t)
{
	free(t->v);
}

static int lease_remember(const uint8_t buf[RECORD_COPY], uint32_t slot, void *arg)
{
	struct lease_table *t = arg;

	(void)slot;
	if (buf[RECORD_KIND] != LEASE)
		return 0;
	if (t->n == t->size) {
		unsigned int size = t->size ? 2 * t->size : 16;
		struct net_link *more = realloc(t->v, size * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->v = more;
		t->size = size;
	}
	lease_decode(&t->v[t->n++], buf);
	return 0;
}

static int lease_read(struct records *r, struct lease_table *t)
{
	return r->fd >= 0 ? record_each(r, lease_remember, t) : 0;
}

static bool lease_is_of(const struct net_link *a, const struct net_link *l)
{
	return strcmp(a->container, l->container) == 0 && strcmp(a->network, l->network) == 0;
}

static const struct net_link *lease_own(const struct lease_table *t, const struct net_link *l,
					unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		if (lease_is_of(&t->v[i], l))
			return &t->v[i];
	return NULL;
}

/* Who else in the network has address a, of the first n records. */
static const struct net_link *lease_holder(const struct lease_table *t, const struct net_link *l,
					   const struct addr *a, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct net_link *o = &t->v[i];

		if (strcmp(o->network, l->network) == 0 && !lease_is_of(o, l) &&
		    addr_same(a, a->len == 4 ? &o->ip : &o->ip6))
			return o;
	}
	return NULL;
}

/* ---- choosing ------------------------------------------------------------------------------------ */

/* One family of a network. */
struct lease_family {
	const struct addr *net, *gw;
	struct addr *out;      /* member of the link */
	uint32_t first, count; /* host numbers that may be given away */
};

static bool lease_usable(const struct lease_family *f, const struct addr *a)
{
	struct addr first = addr_first(f->net), last = addr_last(f->net);

	return addr_within(a, f->net) && !addr_same(a, &first) && !addr_same(a, f->gw) &&
	       (a->len != 4 || !addr_same(a, &last));
}

static int lease_asked(const struct lease_table *t, const struct net_link *l,
		       const struct lease_family *f, struct err *e)
{
	char text[ADDR_TEXT];
	const struct net_link *o = lease_holder(t, l, f->out, t->n_run);

	addr_text(f->out, text);
	if (!lease_usable(f, f->out))
		return err_set(e, EINVAL, "%s: network %s cannot give this address to a container",
			       text, l->network);
	/* An automatic one of a container that is down gives way: it finds another at its next start. */
	if (o && o->up)
		return err_set(e, EADDRINUSE,
			       "%s: container %s has this address; stop it or ask for another",
			       text, o->container);
	f->out->bits = f->net->bits;
	return 0;
}

static int lease_choose(const struct lease_table *t, const struct net_link *l,
			const struct lease_family *f, unsigned int n)
{
	uint32_t start = hash_crc32c(0, l->container, strlen(l->container)) % f->count;

	/* More tries than there are records cannot be needed, but for the gateway. */
	for (uint32_t i = 0; i < f->count && i <= n + 1; i++) {
		struct addr a = addr_nth(f->net, f->first + (start + i) % f->count);

		if (lease_usable(f, &a) && !lease_holder(t, l, &a, n)) {
			*f->out = a;
			f->out->bits = f->net->bits;
			return 0;
		}
	}
	return -ENOSPC;
}

static bool lease_again(const struct lease_table *t, const struct net_link *l,
			const struct lease_family *f, const struct net_link *old, unsigned int n)
{
	const struct addr *a = !old ? NULL : f->net->len == 4 ? &old->ip : &old->ip6;

	if (!a || !a->len || !lease_usable(f, a) || lease_holder(t, l, a, n))
		return false;
	*f->out = *a;
	f->out->bits = f->net->bits;
	return true;
}

static int lease_family(const struct lease_table *t, const struct net_link *l,
			struct lease_family *f, struct err *e)
{
	uint32_t all = addr_count(f->net);
	char text[ADDR_PREFIX];

	if (!f->net->len) {
		*f->out = (struct addr){ 0 };
		return 0;
	}
	if (f->out->len)
		return lease_asked(t, l, f, e);
	f->first = 1;
	f->count = f->net->len == 4 ? all - 2 : all - 1;
	if (lease_again(t, l, f, lease_own(t, l, 0, t->n_run), t->n_run) ||
	    lease_again(t, l, f, lease_own(t, l, t->n_run, t->n), t->n))
		return 0;
	/* When all are taken, those that are only remembered of another boot are not held back. */
	if (lease_choose(t, l, f, t->n) == 0 || lease_choose(t, l, f, t->n_run) == 0)
		return 0;
	return err_set(
		e, ENOSPC,
		"network %s: every address of %s is taken; remove containers with `myctr rm`, or "
		"make its subnet larger",
		l->network, addr_text_prefix(f->net, text));
}

/* Locally administered, from the two names: the same at every start, on every device. */
static void lease_choose_mac(const struct lease_table *t, struct net_link *l)
{
	static const uint8_t none[ADDR_MAC];
	bool taken = memcmp(l->mac, none, ADDR_MAC) == 0;

	for (unsigned int salt = 0; taken; salt++) {
		uint32_t h = hash_crc32c(salt, l->container, strlen(l->container));

		l->mac[0] = 0x02;
		l->mac[1] = (uint8_t)hash_crc32c(h, l->network, strlen(l->network));
		for (int i = 0; i < 4; i++)
			l->mac[2 + i] = (uint8_t)(h >> 8 * i);
		taken = false;
		for (unsigned int i = 0; i < t->n_run; i++)
			taken |= !lease_is_of(&t->v[i], l) &&
				 memcmp(t->v[i].mac, l->mac, ADDR_MAC) == 0;
	}
}

/* "v-web", unlike any other link's. */
static void lease_choose_host(const struct lease_table *t, struct net_link *l)
{
	bool taken = !l->host[0];

	for (unsigned int salt = l->index; taken; salt += 16) {
		net_short_name(l->host, "v-", l->container, salt);
		taken = false;
		for (unsigned int i = 0; i < t->n_run; i++)
			taken |= !lease_is_of(&t->v[i], l) && strcmp(t->v[i].host, l->host) == 0;
	}
}

/* ---- taking -------------------------------------------------------------------------------------- */

static int lease_write(struct records *r, const struct net_link *l, struct err *e)
{
	uint8_t buf[RECORD_COPY], old[RECORD_COPY];
	int slot;

	lease_encode(buf, l);
	slot = record_claim(r, LEASE, (const char *)buf + RECORD_KEY, old, e);
	if (slot < 0)
		return slot;
	/* Flash that holds the same already is not written. */
	if (memcmp(old + RECORD_KIND, buf + RECORD_KIND, RECORD_COPY - RECORD_KIND) == 0)
		return 0;
	slot = record_put(r, (uint32_t)slot, buf);
	return slot < 0 ? err_sys(e, slot, "writing the addresses") : 0;
}

/* Best effort: a disk that is full or read-only stops no container, the hash alone keeps most addresses. */
static void lease_keep(struct leases *s, const struct net_link *l)
{
	struct net_link kept = *l;

	kept.up = false;
	kept.device = kept.missed = 0;
	kept.ports[0] = '\0';
	if (s->data.fd < 0 && (path_mkdirs(paths.data, 0755) < 0 ||
			       lease_open_file(&s->data, paths.data, true, true, NULL) < 0))
		return;
	lease_write(&s->data, &kept, NULL);
}

int lease_take(struct leases *s, const struct net_spec *n, struct net_link *l, bool keep,
	       struct err *e)
{
	CLEANUP(lease_table_free) struct lease_table t = { 0 };
	struct lease_family v4 = { .net = &n->net4, .gw = &n->gw4, .out = &l->ip };
	struct lease_family v6 = { .net = &n->net6, .gw = &n->gw6, .out = &l->ip6 };
	const struct net_link *own;
	int r = lease_read(&s->run, &t);

	t.n_run = t.n;
	own = IS_ENABLED(CONFIG_NET_PHYS) ? lease_own(&t, l, 0, t.n) : NULL;
	l->device = own ? own->device : 0;
	if (s->data.fd < 0)
		lease_open_file(&s->data, paths.data, false, true, NULL);
	if (r >= 0)
		r = lease_read(&s->data, &t);
	if (r < 0)
		return err_set(e, ENOMEM, "out of memory");
	if (lease_family(&t, l, &v4, e) < 0 || lease_family(&t, l, &v6, e) < 0)
		return -e->code;
	lease_choose_mac(&t, l);
	lease_choose_host(&t, l);
	r = lease_write(&s->run, l, e);
	if (r >= 0 && keep)
		lease_keep(s, l);
	return r;
}

int lease_mark(struct leases *s, const struct net_link *l)
{
	return lease_write(&s->run, l, NULL);
}

unsigned int lease_others(struct leases *s, const struct net_link *l)
{
	CLEANUP(lease_table_free) struct lease_table t = { 0 };
	unsigned int n = 0;

	lease_read(&s->run, &t);
	for (unsigned int i = 0; i < t.n; i++)
		n += t.v[i].up && !lease_is_of(&t.v[i], l) &&
		     (strcmp(t.v[i].network, l->network) == 0 ||
		      (*l->bridge && strcmp(t.v[i].bridge, l->bridge) == 0));
	return n;
}

/* ---- looking and forgetting ---------------------------------------------------------------------- */

struct lease_asker {
	const char *container;
	int (*each)(const struct net_link *l, void *arg);
	void *arg;
};

static int lease_tell(const uint8_t buf[RECORD_COPY], uint32_t slot, void *arg)
{
	const struct lease_asker *a = arg;
	struct net_link l;

	(void)slot;
	if (buf[RECORD_KIND] != LEASE)
		return 0;
	lease_decode(&l, buf);
	return a->container && strcmp(l.container, a->container) != 0 ? 0 : a->each(&l, a->arg);
}

int lease_each(const char *container, int (*each)(const struct net_link *l, void *arg), void *arg)
{
	struct lease_asker a = { .container = container, .each = each, .arg = arg };
	char path[PATHS_MAX];
	struct records r;
	int ret;

	paths_of(path, paths.run, "addresses", NULL);
	if (record_open(&r, &lease_format, path, LEASE_CAPACITY, false, false, NULL) < 0)
		return 0;
	ret = record_each(&r, lease_tell, &a);
	record_close(&r);
	return ret;
}

struct lease_list {
	struct net_link *links;
	unsigned int n, max;
};

static int lease_add(const struct net_link *l, void *arg)
{
	struct lease_list *list = arg;

	if (list->n < list->max)
		list->links[list->n++] = *l;
	return 0;
}

unsigned int lease_of(const char *container, struct net_link *links, unsigned int max)
{
	struct lease_list list = { .links = links, .max = max };

	lease_each(container, lease_add, &list);
	return list.n;
}

static void lease_drop(struct records *r, const char *container)
{
	uint8_t buf[RECORD_COPY];
	uint32_t slots = record_slots(r);
	struct net_link l;

	for (uint32_t i = 0; i < slots; i++) {
		if (record_get(r, i, buf) < 0 || buf[RECORD_KIND] != LEASE)
			continue;
		lease_decode(&l, buf);
		if (strcmp(l.container, container) == 0)
			record_drop(r, i, (const char *)buf + RECORD_KEY);
	}
}

int lease_forget(const char *container)
{
	AUTO_LEASES struct leases s = { .run.fd = -1, .data.fd = -1 };
	int r = lease_open(&s, false, NULL);

	if (r < 0 && r != -ENOENT)
		return r;
	if (lease_open_file(&s.data, paths.data, false, true, NULL) == 0)
		lease_drop(&s.data, container);
	if (r >= 0)
		lease_drop(&s.run, container);
	return 0;
}
