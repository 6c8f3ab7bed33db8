// SPDX-License-Identifier: MIT
/*
 * A container's networks: see net.h. Runs in a launcher or the CLI; net_down() in the supervisor, too,
 * and after any crash. Must never leave a link of a container whose record says that it has none.
 */
#include "core/net.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/lease.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/manifest.h"
#include "core/publish.h"
#include "core/serve.h"

#ifndef CONFIG_NETWORK_SUBNET
#define CONFIG_NETWORK_SUBNET NULL /* no bridge, no default network */
#endif

#define NET_BACK_S 5

/* ---- which networks ------------------------------------------------------------------------------ */

/* The network `myctr run` uses on its own. */
static struct section *net_make_default(void)
{
	struct section *s = section_new(SECTION_NETWORK);
	struct net_spec *n = s ? container_of(s, struct net_spec, section) : NULL;

	if (!s)
		return NULL;
	s->name = NET_DEFAULT;
	n->subnet = CONFIG_NETWORK_SUBNET;
	if (net_finish(n, NULL) >= 0)
		return s;
	section_free(s);
	return NULL;
}

const struct net_spec *net_find(const struct manifest *m, const char *name, struct section **made)
{
	struct section *s = m ? section_find(m->sections[SECTION_NETWORK], name) : NULL;

	*made = NULL;
	if (!s && IS_ENABLED(CONFIG_NET_BRIDGE) && strcmp(name, NET_DEFAULT) == 0)
		s = *made = net_make_default();
	return s ? container_of(s, struct net_spec, section) : NULL;
}

/* The manifest in force, where our caller did not bring it. Its containers are not our concern. */
static int net_load(struct launch *l, struct err *e)
{
	int r;

	if (l->manifest)
		return 0;
	l->own_manifest = calloc(1, sizeof(*l->own_manifest));
	if (!l->own_manifest)
		return err_set(e, ENOMEM, "out of memory");
	l->manifest = l->own_manifest;
	l->own_manifest->brief = true;
	r = manifest_load(l->own_manifest, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : section_finish(l->own_manifest->sections, e);
}

static const struct net_driver *net_driver_of(uint64_t kind)
{
	for (DRIVER_EACH(net, d))
		if ((*d)->kind == kind)
			return *d;
	return NULL;
}

/* Number i of the container's networks: its description, its driver. */
static int net_resolve(struct launch *l, unsigned int i, struct err *e)
{
	const char *name = l->spec->network.v[i];
	uint64_t kind = net_kind_of(name);
	struct section *made;

	if (kind == NET_N_KINDS) {
		if (net_load(l, e) < 0)
			return err_wrap(e, name);
		l->nets[i] = net_find(l->manifest, name, &made);
		if (made)
			section_append(&l->made, made);
		if (!l->nets[i])
			return err_set(e, ENOENT,
				       "%s: there is no such network; see myctr network ls", name);
		kind = l->nets[i]->kind;
	}
	l->net[i] = net_driver_of(kind);
	if (!l->net[i])
		return err_set(e, ENOTSUP, "%s: networks of kind %s are not in this build", name,
			       net_kind_name(kind));
	if (l->net[i]->host && l->spec->network.n > 1)
		return err_set(e, EINVAL, "%s: cannot be combined with other networks", name);
	for (unsigned int j = 0; j < i; j++)
		if (strcmp(l->spec->network.v[j], name) == 0)
			return err_set(e, EINVAL, "%s: is there twice", name);
	return 0;
}

/* ---- which addresses ----------------------------------------------------------------------------- */

static int net_ask_ip(const struct launch *l, const char *text, struct err *e)
{
	struct addr a;

	if (addr_parse(text, &a) < 0)
		return err_set(e, EINVAL, "%s: not an address", text);
	for (unsigned int i = 0; i < l->n_net; i++) {
		const struct net_spec *n = l->nets[i];
		struct addr *to = a.len == 4 ? &l->links[i].ip : &l->links[i].ip6;

		if (!n || !addr_within(&a, a.len == 4 ? &n->net4 : &n->net6))
			continue;
		if (to->len)
			return err_set(e, EINVAL, "%s: a second address in network %s", text,
				       n->section.name);
		*to = a;
		return 0;
	}
	return err_set(e, EINVAL, "%s: is in no subnet of its networks", text);
}

static int net_ask_mac(const struct launch *l, const char *text, struct err *e)
{
	const char *network;
	uint8_t mac[ADDR_MAC];

	if (spec_mac(text, mac, &network, e) < 0)
		return -EINVAL;
	for (unsigned int i = 0; i < l->n_net; i++) {
		if (!l->nets[i] || (network && strcmp(network, l->nets[i]->section.name) != 0))
			continue;
		memcpy(l->links[i].mac, mac, ADDR_MAC);
		return 0;
	}
	return err_set(e, EINVAL, "%s: it has no such network", text);
}

/* Inside the first network with a way out is it, for each family. */
static void net_route(struct launch *l)
{
	bool v4 = false, v6 = false;

	for (unsigned int i = 0; i < l->n_net; i++) {
		const struct net_spec *n = l->nets[i];

		if (!n || n->internal)
			continue;
		l->links[i].route4 = !v4 && n->gw4.len;
		l->links[i].route6 = !v6 && n->gw6.len;
		v4 = v4 || n->gw4.len;
		v6 = v6 || n->gw6.len;
	}
}

static void net_name(struct launch *l, unsigned int i)
{
	const struct net_spec *n = l->nets[i];
	struct net_link *link = &l->links[i];

	link->kind = (uint8_t)n->kind;
	link->index = (uint8_t)i;
	str_copy(link->container, sizeof(link->container), l->spec->name);
	str_copy(link->network, sizeof(link->network), n->section.name);
	str_format(link->ifname, sizeof(link->ifname), "eth%u", i);
	if (n->kind == NET_BRIDGE)
		net_bridge_name(n, link->bridge);
	else
		net_lower_name(n, link->bridge);
	if (n->kind != NET_PHYS)
		return;
	str_copy(link->host, sizeof(link->host), link->bridge);
	str_copy(link->ifname, sizeof(link->ifname), link->bridge);
}

/*
 * From here on the address is in use and the network has a user, whatever dies on the way: net_down() looks
 * for what is recorded as up.
 */
static int net_take(struct launch *l, struct leases *s, unsigned int i, struct err *e)
{
	l->links[i].up = true;
	return lease_take(s, l->nets[i], &l->links[i], !l->transient, e);
}

static int net_address(struct launch *l, struct err *e)
{
	AUTO_LEASES struct leases s = { .run.fd = -1, .data.fd = -1 };
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < l->spec->ip.n; i++)
		r = net_ask_ip(l, l->spec->ip.v[i], e);
	for (unsigned int i = 0; r >= 0 && i < l->spec->mac.n; i++)
		r = net_ask_mac(l, l->spec->mac.v[i], e);
	if (r >= 0)
		r = lease_open(&s, true, e);
	for (unsigned int i = 0; r >= 0 && i < l->n_net; i++)
		if (l->nets[i])
			r = net_take(l, &s, i, e);
	return r < 0 ? r : 0;
}

struct addr net_responder(const char *bridge, const struct addr *subnet, const struct addr *gateway,
			  bool *own)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr a = { .len = 4, .bits = 32 };
	struct sockaddr_in at;
	struct ifreq ifr = { 0 };

	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), bridge);
	*own = fd >= 0 && ioctl(fd, SIOCGIFADDR, &ifr) == 0;
	memcpy(&at, &ifr.ifr_addr, sizeof(at));
	memcpy(a.b, &at.sin_addr, 4);
	*own = *own && addr_within(&a, subnet);
	return *own ? a : *gateway;
}

/* For people, with the first link on a bridge: what leads to it. */
static void net_ports(struct launch *l)
{
	const struct strv *ports = &l->spec->publish;
	size_t used = 0;
	unsigned int at = 0;

	while (at + 1 < l->n_net && !(l->nets[at] && l->nets[at]->kind == NET_BRIDGE))
		at++;
	for (unsigned int i = 0; i < ports->n; i++)
		used += str_format(l->links[at].ports + used, sizeof(l->links[at].ports) - used,
				   "%s%s", i ? "," : "", ports->v[i]);
}

int net_prepare(struct launch *l, struct err *e)
{
	unsigned int n = l->spec->network.n;
	bool links = false, own;

	if (n > LAUNCH_NETS_MAX)
		return err_set(e, E2BIG, "%u networks; at most %d are possible", n,
			       LAUNCH_NETS_MAX);
	l->clone_flags |= CLONE_NEWNET;
	for (unsigned int i = 0; i < n; i++) {
		if (net_resolve(l, i, e) < 0)
			return -e->code;
		l->n_net = i + 1;
		if (l->net[i]->serves && n > 1)
			return err_set(e, EINVAL, "%s: cannot be combined with other networks",
				       l->spec->network.v[i]);
		links = links || l->nets[i];
		if (l->net[i]->host)
			l->clone_flags &= ~(uint64_t)CLONE_NEWNET;
	}
	if (n == 1 && l->net[0]->serves && serve_check(l, e) < 0)
		return -e->code;
	if (!links)
		return l->spec->ip.n || l->spec->mac.n
			       ? err_set(e, EINVAL,
					 "ip, mac: need a network other than none or host")
			       : 0;
	l->links = calloc(n, sizeof(*l->links));
	if (!l->links)
		return err_set(e, ENOMEM, "out of memory");
	for (unsigned int i = 0; i < n; i++)
		if (l->nets[i])
			net_name(l, i);
	net_route(l);
	for (unsigned int i = 0; IS_ENABLED(CONFIG_DNS) && i < n; i++)
		if (l->nets[i] && net_answers(l->nets[i]))
			l->links[i].names = net_responder(l->links[i].bridge, &l->nets[i]->net4,
							  &l->nets[i]->gw4, &own);
	net_ports(l);
	if (net_address(l, e) < 0)
		return -e->code;
	return publish_check(l, e);
}

void net_free(struct launch *l)
{
	section_free_all(l->made);
	if (l->own_manifest)
		manifest_free(l->own_manifest);
	free(l->own_manifest);
	free(l->links);
	l->made = NULL;
	l->manifest = l->own_manifest = NULL;
	l->links = NULL;
}

/* ---- links --------------------------------------------------------------------------------------- */

/* Before the program may run, which could say that its interface is another. */
static int net_up_one(const struct launch *l, struct leases *s, unsigned int i, pid_t pid,
		      struct err *e)
{
	struct net_args a = { .spec = l->spec, .net = l->nets[i], .link = &l->links[i], .pid = pid };
	int r = l->net[i]->up ? l->net[i]->up(&a, e) : 0;

	if (!IS_ENABLED(CONFIG_NET_PHYS) || r < 0 || a.link->kind != NET_PHYS)
		return r;
	l->links[i].device = (uint32_t)r;
	r = lease_mark(s, &l->links[i]);
	return r < 0 ? err_sys(e, r, "writing the addresses") : 0;
}

int net_up(const struct launch *l, pid_t pid, struct err *e)
{
	AUTO_LEASES struct leases s = { .run.fd = -1, .data.fd = -1 };
	int r = l->links ? lease_open(&s, true, e) : 0;

	if (l->n_net == 1 && l->net[0]->serves)
		return serve_up(l, pid, e);
	for (unsigned int i = 0; r >= 0 && l->links && i < l->n_net; i++) {
		if (!l->nets[i])
			continue;
		r = net_up_one(l, &s, i, pid, e);
		if (r < 0)
			err_wrap(e, l->nets[i]->section.name);
	}
	return r < 0 ? r : publish_up(l, e);
}

/* An interface that went with a namespace comes back a moment later; one that does not is not waited for. */
static int net_came_back(struct leases *s, struct net_link *l, int r)
{
	uint32_t now = (uint32_t)(event_now() / 1000);

	if (r == -EBUSY && !l->missed) {
		l->missed = now ? now : 1;
		lease_mark(s, l);
	}
	if (r == -EBUSY)
		return now - l->missed < NET_BACK_S ? r : 0;
	if (r > 0)
		l->device = 0;
	l->missed = 0;
	return r;
}

int net_down(const char *container)
{
	AUTO_LEASES struct leases s = { .run.fd = -1, .data.fd = -1 };
	struct net_link links[LAUNCH_NETS_MAX];
	unsigned int n = lease_of(container, links, LAUNCH_NETS_MAX);
	bool up = false, ports = false;
	int result = 0;

	for (unsigned int i = 0; i < n; i++) {
		up = up || links[i].up;
		ports = ports || links[i].ports[0];
	}
	if (!up)
		return 0;
	result = lease_open(&s, false, NULL);
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	result = ports ? publish_down(container) : 0;
	for (unsigned int i = 0; i < n; i++) {
		const struct net_driver *d = net_driver_of(links[i].kind);
		bool last;
		int r;

		if (!links[i].up)
			continue;
		last = lease_others(&s, &links[i]) == 0;
		r = d && d->down ? d->down(&links[i], last) : 0;
		if (IS_ENABLED(CONFIG_NET_PHYS) && links[i].device)
			r = net_came_back(&s, &links[i], r);
		if (r >= 0)
			r = publish_link_down(&links[i]);
		if (r >= 0 && last)
			r = publish_net_down(&links[i]);
		links[i].up = false;
		if (r >= 0)
			r = lease_mark(&s, &links[i]);
		if (r < 0)
			result = r;
	}
	return result;
}

void net_forget(const char *container)
{
	lease_forget(container);
}
