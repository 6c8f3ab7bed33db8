// SPDX-License-Identifier: MIT
/*
 * Networks and published ports of real containers as rules. See publish.h. Must never leave a port leading
 * to an address that the next container may get: what leads to one goes before its link.
 */
#include "core/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/conntrack.h"
#include "core/lease.h"
#include "core/manifest.h"
#include "core/net.h"
#include "core/paths.h"
#include "core/port.h"
#include "core/spec_store.h"
#include "core/state.h"
#include "core/strict.h"

#define PUBLISH_TRIES 5 /* against one who flushes again and again */

/* ---- one container ------------------------------------------------------------------------------- */

bool publish_ctr(const struct spec *spec, const struct net_link *link, struct rules_ctr *out)
{
	*out = (struct rules_ctr){ .name = spec->name,
				   .bridge = link->bridge,
				   .publish = &spec->publish };
	if (link->ip.len == 4)
		memcpy(out->ip4, link->ip.b, 4);
	if (link->ip6.len == 16)
		memcpy(out->ip6, link->ip6.b, 16);
	return spec->publish.n && link->kind == NET_BRIDGE && (link->ip.len || link->ip6.len);
}

/* Made by us for containers alone: not one that was named, nor one with an uplink. */
static bool publish_is_ours(const struct net_spec *n)
{
	return !n->bridge && !n->parent && (n->net4.len || n->net6.len);
}

/* A bridge that others use, too, is not ours to hide or to close, unless the manifest says so. */
static struct rules_net publish_net(const struct net_spec *n, const char *bridge)
{
	bool written = net_was_written(n, "nat");

	return (struct rules_net){ .bridge = bridge,
				   .nat = n->nat && (publish_is_ours(n) || written),
				   .isolate = n->isolate,
				   .internal = n->internal };
}

/* The first link that ports can lead to. */
static bool publish_target(const struct launch *l, struct rules_ctr *out)
{
	for (unsigned int i = 0; l->links && i < l->n_net; i++) {
		if (!l->nets[i] || !publish_ctr(l->spec, &l->links[i], out))
			continue;
		out->local = publish_is_ours(l->nets[i]);
		return true;
	}
	return false;
}

/* One other container that runs: does it have a port that we want? */
static int publish_against(const struct launch *l, const char *name, struct err *e)
{
	const struct strv *wan = &l->manifest->system.wan;
	struct spec *other = NULL;
	struct port ours, theirs;
	int r = 0;

	if (strcmp(name, l->spec->name) == 0 || spec_load(name, &other, NULL) < 0)
		return 0;
	for (unsigned int i = 0; r == 0 && i < l->spec->publish.n; i++)
		for (unsigned int j = 0; r == 0 && j < other->publish.n; j++)
			if (port_parse(l->spec->publish.v[i], &ours, NULL) == 0 &&
			    port_parse(other->publish.v[j], &theirs, NULL) == 0 &&
			    port_overlaps(&ours, &theirs, wan))
				r = err_set(e, EADDRINUSE,
					    "publish: %s is taken by container %s (%s)",
					    l->spec->publish.v[i], name, other->publish.v[j]);
	spec_free(other);
	return r;
}

static int publish_others(const struct launch *l, struct err *e)
{
	struct state_owner last = { 0 };
	struct state_record rec;
	char path[PATHS_MAX];
	struct state s;
	int r = 0;

	paths_of(path, paths.run, "state", NULL);
	if (state_open(&s, path, CONFIG_STATE_RECORDS, false, false, NULL) < 0)
		return 0;
	for (uint32_t i = 0, n = state_slots(&s); r >= 0 && i < n; i++) {
		if (state_get(&s, i, &rec) < 0 || rec.kind != STATE_CONTAINER)
			continue;
		state_settle(&rec, &last);
		if (!state_is_down(&rec) && rec.phase != STATE_WAITING)
			r = publish_against(l, rec.name, e);
	}
	state_close(&s);
	return r < 0 ? r : 0;
}

int publish_check(const struct launch *l, struct err *e)
{
	const struct strv *list = &l->spec->publish;
	struct rules_ctr c;
	struct port p;
	int r = 0;

	if (!list->n)
		return 0;
	if (!publish_target(l, &c))
		return err_set(e, EINVAL,
			       "publish: needs a network of kind bridge that gives it an address");
	r = publish_others(l, e);
	for (unsigned int i = 0; r >= 0 && i < list->n; i++) {
		r = port_parse(list->v[i], &p, e);
		if (r >= 0 && !port_has_rules(&p) &&
		    !(IS_ENABLED(CONFIG_NET_FORWARD) && l->as_sibling))
			r = err_set(e, ENOTSUP,
				    "publish = %s: rules lead nothing away from ::1; %s",
				    list->v[i],
				    IS_ENABLED(CONFIG_NET_FORWARD)
					    ? "a supervisor can: use run -d, or 127.0.0.1"
					    : "use 127.0.0.1");
		if (r >= 0)
			r = port_free(&p, e);
	}
	return r < 0 ? r : 0;
}

/* Without nf_tables nothing is hidden or kept apart: what is to be does not start. */
static int publish_net_up(const struct launch *l, unsigned int i, struct err *e)
{
	struct rules_net n = publish_net(l->nets[i], l->links[i].bridge);
	int r = rules_net_add(&n, &l->manifest->system.wan, e);

	if (r != -EPROTONOSUPPORT || n.isolate || n.internal)
		return r;
	return n.nat ? err_set(e, EPROTONOSUPPORT,
			       "network %s: nat: the kernel has no nf_tables for it, see myctr check; "
			       "with nat = no it does without",
			       l->links[i].network)
		     : 0;
}

/* Where the kernel cannot and nobody has asked for it in so many words, check says so. */
static int publish_strict_up(const struct launch *l, unsigned int i, struct err *e)
{
	int r = strict_wanted(l->nets[i]) ? strict_add(&l->links[i], e) : 0;

	return r == -EPROTONOSUPPORT && !net_was_written(l->nets[i], "strict") ? 0 : r;
}

static int publish_nets_up(const struct launch *l, struct err *e)
{
	int r = 0;

	for (unsigned int i = 0; r >= 0 && l->links && i < l->n_net; i++)
		if (l->nets[i] && l->links[i].kind == NET_BRIDGE) {
			r = publish_net_up(l, i, e);
			if (r >= 0)
				r = publish_strict_up(l, i, e);
		}
	return r;
}

static bool publish_has_udp(const struct strv *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (strstr(list->v[i], "/udp"))
			return true;
	return false;
}

int publish_down(const char *container)
{
	return rules_remove(container, NULL);
}

static bool publish_is_other(const struct net_link *other, const struct net_link *l)
{
	return other->up && other->kind == NET_BRIDGE &&
	       (strcmp(other->container, l->container) != 0 ||
		strcmp(other->network, l->network) != 0);
}

static int publish_any_bridge(const struct net_link *other, void *arg)
{
	return publish_is_other(other, arg) ? -EBUSY : 0;
}

static int publish_same_bridge(const struct net_link *other, void *arg)
{
	const struct net_link *l = arg;

	return publish_is_other(other, l) && !strcmp(other->bridge, l->bridge) ? -EBUSY : 0;
}

int publish_link_down(const struct net_link *l)
{
	static const struct strv none;
	struct rules_ctr c = { .name = l->container, .publish = &none };

	if (!IS_ENABLED(CONFIG_NET_CONNTRACK))
		return 0;
	memcpy(c.ip4, l->ip.b, l->ip.len == 4 ? 4 : 0);
	memcpy(c.ip6, l->ip6.b, l->ip6.len == 16 ? 16 : 0);
	/* The list is cut where it is long. */
	if (strstr(l->ports, "/udp") || strlen(l->ports) > NET_PORTS - 8)
		conntrack_forget(&c);
	return 0;
}

int publish_net_down(const struct net_link *l)
{
	struct net_link key = *l;
	int r = 0;

	/* Two networks may be on one bridge that was there before them. */
	if (l->kind != NET_BRIDGE || lease_each(NULL, publish_same_bridge, &key) == -EBUSY)
		return 0;
	if (IS_ENABLED(CONFIG_NET_STRICT) && lease_each(NULL, publish_any_bridge, &key) != -EBUSY)
		r = strict_end();
	return r < 0 ? r : rules_net_remove(l->bridge, NULL);
}

/* ---- all of them --------------------------------------------------------------------------------- */

struct publish_all {
	const struct manifest *m;
	struct net_link *links; /* those that are up, with a bridge */
	unsigned int n, room;
	struct rules_net *nets;
	struct rules_ctr *ctrs;
	struct spec **specs; /* of ctrs */
	struct section *made;
	struct rules_all out;
};

static int publish_collect(const struct net_link *link, void *arg)
{
	struct publish_all *a = arg;

	if (!link->up || link->kind != NET_BRIDGE)
		return 0;
	if (a->n == a->room) {
		unsigned int room = a->room ? 2 * a->room : 16;
		struct net_link *links = realloc(a->links, room * sizeof(*links));

		if (!links)
			return -ENOMEM;
		a->links = links;
		a->room = room;
	}
	a->links[a->n++] = *link;
	return 0;
}

static void publish_add_net(struct publish_all *a, const struct net_link *link)
{
	const struct net_spec *n;
	struct section *made;

	for (unsigned int i = 0; i < a->out.n_nets; i++)
		if (strcmp(a->nets[i].bridge, link->bridge) == 0)
			return;
	n = net_find(a->m, link->network, &made);
	if (made)
		section_append(&a->made, made);
	/* Taken out of the manifest while its containers run: shut rather than open. */
	a->nets[a->out.n_nets++] =
		n ? publish_net(n, link->bridge)
		  : (struct rules_net){ .bridge = link->bridge, .nat = true, .isolate = true };
}

static void publish_add_ctr(struct publish_all *a, const struct net_link *link)
{
	const struct net_spec *n;
	struct spec *spec = NULL;
	struct section *made;

	for (unsigned int i = 0; i < a->out.n_ctrs; i++)
		if (a->specs[i] && strcmp(a->specs[i]->name, link->container) == 0)
			return;
	if (spec_load(link->container, &spec, NULL) < 0 || !spec)
		return;
	if (!publish_ctr(spec, link, &a->ctrs[a->out.n_ctrs])) {
		spec_free(spec);
		return;
	}
	n = net_find(a->m, link->network, &made);
	if (made)
		section_append(&a->made, made);
	a->ctrs[a->out.n_ctrs].local = n && publish_is_ours(n);
	a->specs[a->out.n_ctrs++] = spec;
}

static int publish_by_index(const void *a, const void *b)
{
	const struct net_link *x = a, *y = b;

	return (int)x->index - (int)y->index;
}

/* Also where its network was taken out of the manifest. */
static bool publish_is_strict(const struct net_link *link, void *arg)
{
	struct publish_all *a = arg;
	struct section *made;
	const struct net_spec *n = net_find(a->m, link->network, &made);

	if (made)
		section_append(&a->made, made);
	return (link->ip.len || link->ip6.len) && (!n || strict_wanted(n));
}

static int publish_make(struct publish_all *a, struct err *e)
{
	int r;

	if (a->n) {
		/* Ports lead to the first of a container's links that can take them, as at its start. */
		qsort(a->links, a->n, sizeof(*a->links), publish_by_index);
		a->nets = calloc(a->n, sizeof(*a->nets));
		a->ctrs = calloc(a->n, sizeof(*a->ctrs));
		a->specs = calloc(a->n, sizeof(struct spec *));
		if (!a->nets || !a->ctrs || !a->specs)
			return err_set(e, ENOMEM, "out of memory");
	}
	for (unsigned int i = 0; i < a->n; i++) {
		publish_add_net(a, &a->links[i]);
		publish_add_ctr(a, &a->links[i]);
	}
	a->out.nets = a->nets;
	a->out.ctrs = a->ctrs;
	a->out.wan = &a->m->system.wan;
	r = rules_rebuild(&a->out, e);
	if (r >= 0)
		r = strict_rebuild(a->links, a->n, publish_is_strict, a, e);
	return r;
}

static void publish_free(struct publish_all *a)
{
	for (unsigned int i = 0; i < a->out.n_ctrs; i++)
		spec_free(a->specs[i]);
	section_free_all(a->made);
	free(a->specs);
	free(a->ctrs);
	free(a->nets);
	free(a->links);
}

/* Now and then: what a failure leaves is what is there. */
static void publish_strict_anew(const struct launch *l)
{
	struct publish_all a = { .m = l->manifest };
	bool due = false;

	for (unsigned int i = 0; l->links && i < l->n_net; i++)
		due = due ||
		      (l->nets[i] && strict_wanted(l->nets[i]) && strict_is_due(&l->links[i]));
	if (due && lease_each(NULL, publish_collect, &a) >= 0)
		strict_rebuild(a.links, a.n, publish_is_strict, &a, NULL);
	publish_free(&a);
}

int publish_up(const struct launch *l, struct err *e)
{
	struct rules_ctr c;
	int r = publish_nets_up(l, e);

	if (IS_ENABLED(CONFIG_NET_STRICT))
		publish_strict_anew(l);
	if (r < 0 || !publish_target(l, &c))
		return r < 0 ? r : 0;
	r = rules_add(&c, e);
	/* Somebody has flushed the ruleset in between. */
	for (int i = 0; r == -ENOENT && i < PUBLISH_TRIES; i++) {
		r = publish_nets_up(l, e);
		if (r >= 0)
			r = rules_add(&c, e);
	}
	/* Where the kernel cannot forget them they are led wrong until they pause; check says so. */
	if (IS_ENABLED(CONFIG_NET_CONNTRACK) && r >= 0 && publish_has_udp(c.publish))
		conntrack_forget(&c);
	if (r != -EPROTONOSUPPORT)
		return r;
	if (IS_ENABLED(CONFIG_NET_FORWARD) && l->as_sibling)
		return 0; /* the supervisor does it */
	return err_set(e, EPROTONOSUPPORT, "publish: the kernel has no nf_tables%s",
		       IS_ENABLED(CONFIG_NET_FORWARD)
			       ? ", and without it only a supervisor leads ports: use run -d"
			       : "; see myctr check");
}

int publish_rebuild(const struct manifest *m, struct err *e)
{
	AUTO_LEASES struct leases s = { .run.fd = -1, .data.fd = -1 };
	struct manifest own = { .brief = true };
	struct publish_all a = { .m = m ? m : &own };
	int r = m ? 0 : manifest_load(&own, e);

	if (!m && r >= 0)
		r = section_finish(own.sections, e);
	/* Under the lock by which links and their rules come and go: what is listed is what there is. */
	if (r >= 0 || r == -ENOENT)
		r = lease_open(&s, false, e);
	if (r >= 0)
		r = lease_each(NULL, publish_collect, &a);
	if (r >= 0 || r == -ENOENT)
		r = publish_make(&a, e);
	publish_free(&a);
	manifest_free(&own);
	return r < 0 ? r : 0;
}
