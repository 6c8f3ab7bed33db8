/* SPDX-License-Identifier: MIT */
/*
 * Who has which name: the records of addresses (core/lease.h), read again when that file has changed, so that
 * also containers which no supervisor has started are known. Runs in the supervisor's loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/lease.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "init/dns.h"

#define NAMES_GRAIN_MS \
	50 /* a file that changed no longer ago than this may change in the same instant again */
#define NAMES_LIMIT (1U << 20)

/* ---- the list ------------------------------------------------------------------------------------ */

static const char *const *names_aliases(struct dns *d, const char *container)
{
	const struct ctr *c = sup_find(d->sup, container);
	struct spec *own = NULL;
	const struct strv *from;
	const char **list;

	if (!c && spec_load(container, &own, NULL) < 0)
		return NULL;
	from = c ? &c->spec->aliases : &own->aliases;
	list = arena_alloc(&d->names, (from->n + 1) * sizeof(*list));
	for (unsigned int i = 0; list && i < from->n; i++)
		list[i] = arena_str(&d->names, from->v[i]);
	spec_free(own);
	return list;
}

static int names_add(const struct net_link *l, void *arg)
{
	struct dns *d = arg;
	struct dns_entry *e;

	if (d->n_entries == d->room) {
		unsigned int room = d->room ? d->room * 2 : 16;

		e = realloc(d->entries, room * sizeof(*e));
		if (!e)
			return -ENOMEM;
		d->entries = e;
		d->room = room;
	}
	e = &d->entries[d->n_entries];
	*e = (struct dns_entry){ .container = arena_str(&d->names, l->container),
				 .network = arena_str(&d->names, l->network),
				 .aliases = names_aliases(d, l->container),
				 .addr = { l->ip, l->ip6 },
				 .up = l->up };
	d->n_entries += e->container && e->network;
	return 0;
}

static void names_refresh(struct dns *d)
{
	uint64_t now = event_now();
	char path[PATHS_MAX];
	struct stat st;

	paths_of(path, paths.run, "addresses", NULL);
	if (stat(path, &st) < 0)
		st = (struct stat){ 0 };
	if (d->names_read && now - d->names_read > NAMES_GRAIN_MS &&
	    memcmp(&st.st_mtim, &d->names_changed, sizeof(st.st_mtim)) == 0)
		return;
	/* Read once more a little later: names_read only counts once the file has been still. */
	if (memcmp(&st.st_mtim, &d->names_changed, sizeof(st.st_mtim)) != 0 || !d->names_read)
		d->names_read = now;
	d->names_changed = st.st_mtim;
	arena_free(&d->names);
	d->names = (struct arena){ .limit = NAMES_LIMIT };
	d->n_entries = 0;
	lease_each(NULL, names_add, d);
}

/* ---- who sees whom --------------------------------------------------------------------------------- */

/* addr_same() counts prefixes, too. */
static struct addr names_host(struct addr a)
{
	a.bits = a.len == 4 ? 32 : 128;
	return a;
}

static const char *names_who(const struct dns *d, const char *network, const struct addr *from)
{
	for (unsigned int i = 0; i < d->n_entries; i++) {
		const struct dns_entry *e = &d->entries[i];
		struct addr a = names_host(e->addr[from->len == 4 ? 0 : 1]);

		if (e->up && strcmp(e->network, network) == 0 && addr_same(&a, from))
			return e->container;
	}
	return NULL;
}

const char *dns_names_who(struct dns *d, const struct dns_net *net, const struct addr *from)
{
	names_refresh(d);
	return names_who(d, net->name, from);
}

static const struct dns_net *names_net(const struct dns *d, const char *name)
{
	for (unsigned int i = 0; i < d->n_nets; i++)
		if (strcmp(d->nets[i].name, name) == 0)
			return &d->nets[i];
	return NULL;
}

static bool names_is_on(const struct dns *d, const char *container, const char *network)
{
	for (unsigned int i = 0; container && i < d->n_entries; i++)
		if (d->entries[i].up && strcmp(d->entries[i].container, container) == 0 &&
		    strcmp(d->entries[i].network, network) == 0)
			return true;
	return false;
}

/* Only those on a network of the asker's; where they are kept apart, only itself. */
static bool names_sees(const struct dns *d, const struct dns_net *net, const char *asker,
		       const struct dns_entry *e)
{
	const struct dns_net *n = names_net(d, e->network);

	if (asker && strcmp(e->container, asker) == 0)
		return true;
	if (n != net && !names_is_on(d, asker, e->network))
		return false;
	return n && !n->isolate;
}

/* ---- names ----------------------------------------------------------------------------------------- */

static bool names_is(const char *name, const char *label, const char *network)
{
	size_t n = strlen(label);

	if (strncasecmp(name, label, n) != 0)
		return false;
	return !name[n] || (name[n] == '.' && strcasecmp(name + n + 1, network) == 0);
}

static bool names_match(const struct dns_entry *e, const char *name)
{
	if (names_is(name, e->container, e->network))
		return true;
	for (const char *const *a = e->aliases; a && *a; a++)
		if (names_is(name, *a, e->network))
			return true;
	return false;
}

static void names_take(const struct dns_entry *e, const struct dns_question *q,
		       struct dns_result *r)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool asked = q->type == (i == 0 ? DNS_A : DNS_AAAA) || q->type == DNS_ANY;

		if (asked && e->addr[i].len && r->n < DNS_ADDRS)
			r->addrs[r->n++] = e->addr[i];
	}
}

/* One of the manifest's that is down is nobody else's business: no server outside hears its name. */
static bool names_is_down(const struct dns *d, const struct dns_net *net, const char *name)
{
	for (const struct ctr *c = d->sup->ctrs; c; c = c->next) {
		const struct strv *nets = &c->spec->network;

		for (unsigned int i = 0; i < nets->n; i++)
			if (strcmp(nets->v[i], net->name) == 0 &&
			    names_is(name, c->spec->name, net->name))
				return true;
	}
	return false;
}

static enum dns_verdict names_forward(struct dns *d, const struct dns_net *net, const char *asker,
				      const struct dns_question *q, struct dns_result *r)
{
	bool known = false, found = false;

	for (unsigned int i = 0; i < d->n_entries; i++) {
		const struct dns_entry *e = &d->entries[i];

		if (!names_match(e, q->name))
			continue;
		if (!e->up || !names_sees(d, net, asker, e)) {
			known |= names_net(d, e->network) == net;
			continue;
		}
		names_take(e, q, r);
		found = true;
	}
	if (found)
		return DNS_LOCAL;
	return known || names_is_down(d, net, q->name) ? DNS_UNKNOWN : DNS_FORWARD;
}

static enum dns_verdict names_reverse(struct dns *d, const struct dns_net *net, const char *asker,
				      const struct addr *a, struct dns_result *r)
{
	for (unsigned int i = 0; i < d->n_entries; i++) {
		const struct dns_entry *e = &d->entries[i];
		struct addr own = names_host(e->addr[a->len == 4 ? 0 : 1]);

		if (!e->up || !addr_same(&own, a) || !names_sees(d, net, asker, e))
			continue;
		str_format(r->ptr, sizeof(r->ptr), "%s.%s", e->container, e->network);
		return DNS_LOCAL;
	}
	for (unsigned int i = 0; i < d->n_nets; i++)
		for (unsigned int f = 0; f < 2; f++)
			if (d->nets[i].subnet[f].len == a->len &&
			    addr_within(a, &d->nets[i].subnet[f]))
				return DNS_UNKNOWN;
	return DNS_FORWARD;
}

enum dns_verdict dns_names_find(struct dns *d, const struct dns_net *net, const struct addr *from,
				const struct dns_question *q, struct dns_result *r)
{
	enum dns_verdict v;
	const char *asker;
	struct addr a;

	*r = (struct dns_result){ .n = 0 };
	if (q->class != DNS_IN || !q->name[0])
		return DNS_FORWARD;
	names_refresh(d);
	asker = names_who(d, net->name, from);
	if (dns_arpa(q->name, &a)) {
		v = names_reverse(d, net, asker, &a, r);
		/* An address has a PTR and nothing else. */
		if (v == DNS_LOCAL && q->type != DNS_PTR && q->type != DNS_ANY)
			r->ptr[0] = '\0';
		return v;
	}
	return names_forward(d, net, asker, q, r);
}
