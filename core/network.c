// SPDX-License-Identifier: MIT
/*
 * The keys of [network] and [interface], and the checks across them. See network.h. Used when a manifest is
 * read, shown, encoded or finished; asks neither kernel nor files.
 */
#include "core/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/driver.h"
#include "core/lib/config.h"
#include "core/lib/hash.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/machine.h"

#define CHECK(fn) (SPEC_FOREIGN ? (fn) : NULL)

#define FIELD(struct_, id_, name_, type_, member_, arg_, help_, ...)             \
	{                                                                        \
		.id = id_, .name = SPEC_TEXT(name_, arg_, help_), .type = type_, \
		.offset = offsetof(struct_, member_), __VA_ARGS__                \
	}

static const char *const net_kinds[] = { "bridge", "host",  "none",  "macvlan", "ipvlan",
					 "phys",   "slirp", "pasta", NULL };

const char *net_kind_name(uint64_t kind)
{
	return kind < NET_N_KINDS ? net_kinds[kind] : "?";
}

/* ---- entries ------------------------------------------------------------------------------------- */

bool net_is_ifname(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= NET_IFNAME || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p == '/' || *p == ':' || *p == 127)
			return false;
	return true;
}

static int net_check_ifname(const char *text, struct err *e)
{
	return net_is_ifname(text)
		       ? 0
		       : err_set(e, EINVAL, "%.40s: cannot be the name of an interface", text);
}

static int net_check_address(const char *text, unsigned int len, bool prefix, struct err *e)
{
	struct addr a;
	int r = prefix ? addr_parse_prefix(text, &a) : addr_parse(text, &a);

	if (r == 0 && (!len || a.len == len) && (!prefix || strchr(text, '/')))
		return 0;
	return err_set(e, EINVAL, "%.60s: expected %s %s", text,
		       len == 4	   ? "an IPv4"
		       : len == 16 ? "an IPv6"
				   : "an",
		       prefix ? "address with /LENGTH" : "address");
}

static int net_check_subnet(const char *text, struct err *e)
{
	return net_check_address(text, 4, true, e);
}

static int net_check_subnet6(const char *text, struct err *e)
{
	return net_check_address(text, 16, true, e);
}

static int net_check_gateway(const char *text, struct err *e)
{
	return net_check_address(text, 4, false, e);
}

static int net_check_gateway6(const char *text, struct err *e)
{
	return net_check_address(text, 16, false, e);
}

static int net_check_prefix(const char *text, struct err *e)
{
	return net_check_address(text, 0, true, e);
}

static int net_check_host(const char *text, struct err *e)
{
	return net_check_address(text, 0, false, e);
}

/* "no" alone: nobody answers on the bridge. */
static int net_check_dns(const char *text, struct err *e)
{
	return strcmp(text, "no") == 0 ? 0 : net_check_host(text, e);
}

/* ---- tables -------------------------------------------------------------------------------------- */

#define NET(...) FIELD(struct net_spec, __VA_ARGS__)
#define IFACE(...) FIELD(struct iface_spec, __VA_ARGS__)

static const struct spec_field net_fields[] = {
	NET(1, "kind", SPEC_ENUM, kind, "", "what it is (default bridge)", .words = net_kinds),
	NET(2, "bridge", SPEC_STR, bridge, "NAME",
	    "its bridge; one that exists is joined (default br-NETWORK)",
	    .check = CHECK(net_check_ifname)),
	NET(3, "parent", SPEC_STR, parent, "INTERFACE",
	    "interface of the device below a macvlan, ipvlan or phys, or one that joins the bridge",
	    .check = CHECK(net_check_ifname)),
	NET(4, "mode", SPEC_STR, mode, "MODE",
	    "macvlan: bridge, private, vepa; ipvlan: l2, l3, l3s"),
	NET(5, "subnet", SPEC_STR, subnet, "ADDRESS/LENGTH", "IPv4 addresses of its containers",
	    .check = CHECK(net_check_subnet)),
	NET(6, "gateway", SPEC_STR, gateway, "ADDRESS", "(default: first of subnet, on a bridge)",
	    .check = CHECK(net_check_gateway)),
	NET(7, "subnet6", SPEC_STR, subnet6, "ADDRESS/LENGTH", "IPv6 addresses of its containers",
	    .check = CHECK(net_check_subnet6)),
	NET(8, "gateway6", SPEC_STR, gateway6, "ADDRESS",
	    "(default: first of subnet6, on a bridge)", .check = CHECK(net_check_gateway6)),
	NET(9, "nat", SPEC_BOOL, nat, "", "hidden behind the device's address (default yes)"),
	NET(10, "isolate", SPEC_BOOL, isolate, "",
	    "its containers reach neither each other nor other networks"),
	NET(11, "internal", SPEC_BOOL, internal, "", "no way out"),
	NET(12, "dhcp", SPEC_BOOL, dhcp, "", "addresses are found by the containers themselves"),
	NET(13, "vlan", SPEC_NUM, vlan, "1-4094", "VLAN of the parent", .min = 1, .max = 4094),
	NET(14, "mtu", SPEC_NUM, mtu, "BYTES", "largest packet", .min = 68, .max = 65535),
	NET(15, "dns", SPEC_NAMES, dns, "ADDRESS|no",
	    "name server other names are asked of; no: its own are not answered either",
	    .check = CHECK(net_check_dns)),
	NET(16, "strict", SPEC_BOOL, strict, "",
	    "its containers send as themselves only (default yes)"),
};

static const struct spec_field iface_fields[] = {
	IFACE(1, "address", SPEC_NAMES, address, "ADDRESS/LENGTH", "IPv4 or IPv6 address it has",
	      .check = CHECK(net_check_prefix)),
	IFACE(2, "gateway", SPEC_NAMES, gateway, "ADDRESS", "default route",
	      .check = CHECK(net_check_host)),
	IFACE(3, "parent", SPEC_STR, parent, "INTERFACE", "of a VLAN, which is made",
	      .check = CHECK(net_check_ifname)),
	IFACE(4, "vlan", SPEC_NUM, vlan, "1-4094", "number of the VLAN", .min = 1, .max = 4094),
	IFACE(5, "mtu", SPEC_NUM, mtu, "BYTES", "largest packet", .min = 68, .max = 65535),
	IFACE(6, "up", SPEC_BOOL, up, "", "bring it up (default yes)"),
};

_Static_assert(ARRAY_SIZE(net_fields) <= 64, "struct section.set has a bit for each field");

const struct section_table section_tables[SECTION_N] = {
	[SECTION_NETWORK] = { "network", "a network", sizeof(struct net_spec), net_fields,
			      ARRAY_SIZE(net_fields), path_is_name },
	[SECTION_INTERFACE] = { "interface", "an interface", sizeof(struct iface_spec),
				iface_fields, ARRAY_SIZE(iface_fields), net_is_ifname },
#if IS_ENABLED(CONFIG_MACHINE)
	[SECTION_MOUNT] = { "mount", "a mount", sizeof(struct mount_spec), mount_fields,
			    MOUNT_FIELDS, mount_is_path },
	[SECTION_DEVICE] = { "device", "devices", sizeof(struct node_spec), node_fields,
			     NODE_FIELDS, node_is_pattern },
	[SECTION_CONSOLE] = { "console", "a console", sizeof(struct console_spec), console_fields,
			      CONSOLE_FIELDS, console_is_terminal },
#endif
};

/* ---- lists --------------------------------------------------------------------------------------- */

struct section *section_new(enum section_kind kind)
{
	struct section *s = calloc(1, section_tables[kind].size);

	if (!s)
		return NULL;
	s->arena.limit = 64U << 10;
	if (kind == SECTION_NETWORK) {
		container_of(s, struct net_spec, section)->nat = true;
		container_of(s, struct net_spec, section)->strict = true;
	} else if (kind == SECTION_INTERFACE) {
		container_of(s, struct iface_spec, section)->up = true;
	} else if (IS_ENABLED(CONFIG_MACHINE)) {
		machine_defaults(s, kind);
	}
	return s;
}

void section_free(struct section *s)
{
	if (!s)
		return;
	arena_free(&s->arena);
	free(s);
}

void section_free_all(struct section *s)
{
	struct section *next;

	for (; s; s = next) {
		next = s->next;
		section_free(s);
	}
}

void section_append(struct section **list, struct section *s)
{
	while (*list)
		list = &(*list)->next;
	*list = s;
}

/* ---- checks -------------------------------------------------------------------------------------- */

bool net_is_builtin(const char *name)
{
	return net_kind_of(name) != NET_N_KINDS ||
	       (IS_ENABLED(CONFIG_NET_BRIDGE) && strcmp(name, NET_DEFAULT) == 0);
}

bool net_was_written(const struct net_spec *n, const char *key)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(net_fields); i++)
		if (strcmp(net_fields[i].name, key) == 0)
			return n->section.set[i / 64] >> (i % 64) & 1;
	return false;
}

/* Loopback, multicast, link-local: nobody's network. */
static bool net_is_special(const struct addr *net)
{
	if (net->len == 4)
		return net->b[0] == 0 || net->b[0] == 127 || net->b[0] >= 224;
	return net->b[0] == 0 || net->b[0] >= 0xfe;
}

/* One family: the prefix, room for containers in it, its gateway. */
static int net_finish_family(struct net_spec *n, const char *subnet, const char *gateway,
			     struct addr *net, struct addr *gw, struct err *e)
{
	const char *key = net == &n->net4 ? "gateway" : "gateway6";

	*net = *gw = (struct addr){ 0 };
	if (gateway && !subnet)
		return err_set(e, EINVAL, "%s: there is no %s it could be in", key,
			       net == &n->net4 ? "subnet" : "subnet6");
	if (!subnet)
		return 0;
	if (addr_parse_prefix(subnet, net) < 0 || (gateway && addr_parse(gateway, gw) < 0))
		return err_set(e, EINVAL, "%s: not an address", subnet);
	if (net->bits > net->len * 8 - 2)
		return err_set(e, EINVAL, "%s: has no room for a container", subnet);
	*net = addr_first(net);
	if (net_is_special(net))
		return err_set(e, EINVAL, "%s: no containers can have these addresses", subnet);
	if (!gateway && n->kind == NET_BRIDGE && !n->dhcp)
		*gw = addr_nth(net, 1);
	if (gw->len && !addr_within(gw, net))
		return err_set(e, EINVAL, "%s = %s: is not in %s", key, gateway, subnet);
	if (gw->len)
		gw->bits = net->bits;
	return 0;
}

static bool net_in_build(uint64_t kind)
{
	if (DRIVER_NONE(net))
		return true;
	for (DRIVER_EACH(net, d))
		if ((*d)->kind == kind)
			return true;
	return false;
}

static int net_finish_mode(const struct net_spec *n, struct err *e)
{
	static const char *const macvlan[] = { "bridge", "private", "vepa" };
	static const char *const ipvlan[] = { "l2", "l3", "l3s" };
	const char *const *modes = n->kind == NET_MACVLAN ? macvlan : ipvlan;

	if (!n->mode)
		return 0;
	if (!IS_ENABLED(CONFIG_NET_MACVLAN) || (n->kind != NET_MACVLAN && n->kind != NET_IPVLAN))
		return err_set(e, EINVAL, "mode: is for macvlan and ipvlan");
	for (unsigned int i = 0; i < ARRAY_SIZE(macvlan); i++)
		if (strcmp(n->mode, modes[i]) == 0)
			return 0;
	return err_set(e, EINVAL, "mode = %.20s: expected %s, %s or %s", n->mode, modes[0],
		       modes[1], modes[2]);
}

static int net_finish_kind(const struct net_spec *n, struct err *e)
{
	bool lower = (IS_ENABLED(CONFIG_NET_MACVLAN) &&
		      (n->kind == NET_MACVLAN || n->kind == NET_IPVLAN)) ||
		     (IS_ENABLED(CONFIG_NET_PHYS) && n->kind == NET_PHYS);

	if (!net_in_build(n->kind))
		return err_set(e, ENOTSUP, "kind = %s: not in this build; see myctr features",
			       net_kind_name(n->kind));
	if (net_kind_of(n->section.name) != NET_N_KINDS)
		return err_set(e, EINVAL, "this name has a meaning of its own; take another");
	if (lower && !n->parent)
		return err_set(e, EINVAL, "parent: is missing; a %s needs an interface below it",
			       net_kind_name(n->kind));
	if (n->vlan && !n->parent)
		return err_set(e, EINVAL, "vlan: needs a parent");
	if (n->bridge && n->kind != NET_BRIDGE)
		return err_set(e, EINVAL, "bridge: is for kind = bridge");
	return net_finish_mode(n, e);
}

int net_finish(struct net_spec *n, struct err *e)
{
	int r = net_finish_kind(n, e);

	if (r >= 0)
		r = net_finish_family(n, n->subnet, n->gateway, &n->net4, &n->gw4, e);
	if (r >= 0)
		r = net_finish_family(n, n->subnet6, n->gateway6, &n->net6, &n->gw6, e);
	if (r < 0)
		return r;
	if (n->kind == NET_BRIDGE && !n->net4.len && !n->net6.len && !n->dhcp)
		return err_set(e, EINVAL, "subnet: is missing (or subnet6, or dhcp = yes)");
	return 0;
}

/* The kernel takes no route by a gateway that is in no network of the interface's. */
static int iface_check_gateway(const struct iface_spec *i, const char *text, struct err *e)
{
	struct addr gateway, a;
	bool known = false;

	addr_parse(text, &gateway);
	for (unsigned int k = 0; k < i->address.n; k++) {
		if (addr_parse_prefix(i->address.v[k], &a) < 0 || a.len != gateway.len)
			continue;
		if (addr_within(&gateway, &a))
			return 0;
		known = true;
	}
	return !known || gateway.b[0] == 0xfe
		       ? 0
		       : err_set(e, EINVAL,
				 "gateway = %s: is in the network of none of its addresses", text);
}

int iface_finish(const struct iface_spec *i, struct err *e)
{
	int r = 0;

	if (!i->vlan != !i->parent)
		return err_set(e, EINVAL, "parent and vlan: belong together");
	if (!i->up && i->gateway.n)
		return err_set(e, EINVAL, "gateway: needs up = yes");
	for (unsigned int k = 0; r >= 0 && k < i->gateway.n; k++)
		r = iface_check_gateway(i, i->gateway.v[k], e);
	return r;
}

static int section_failed(const struct section *s, enum section_kind kind, struct err *e)
{
	char where[SPEC_NAME_MAX + 80];

	str_format(where, sizeof(where), "[%s %s]", section_tables[kind].kind, s->name);
	err_wrap(e, where);
	return s->origin ? err_wrap(e, s->origin) : -e->code;
}

/* The kernel has one of the two on an interface, and ipvlan there in one mode. */
static bool net_is_at_odds(const struct net_spec *a, const struct net_spec *b)
{
	bool links = (a->kind == NET_MACVLAN || a->kind == NET_IPVLAN) &&
		     (b->kind == NET_MACVLAN || b->kind == NET_IPVLAN);

	if (!IS_ENABLED(CONFIG_NET_MACVLAN) || !links || strcmp(a->parent, b->parent) != 0 ||
	    a->vlan != b->vlan)
		return false;
	return a->kind != b->kind ||
	       (a->kind == NET_IPVLAN &&
		strcmp(a->mode ? a->mode : "l2", b->mode ? b->mode : "l2") != 0);
}

static int net_check_others(const struct net_spec *n, const struct section *list, struct err *e)
{
	for (const struct section *s = list; s != &n->section; s = s->next) {
		const struct net_spec *o = container_of(s, struct net_spec, section);

		if ((n->net4.len && o->net4.len && addr_overlap(&n->net4, &o->net4)) ||
		    (n->net6.len && o->net6.len && addr_overlap(&n->net6, &o->net6)))
			return err_set(e, EINVAL, "shares addresses with network %s", s->name);
		if (net_is_at_odds(n, o))
			return err_set(
				e, EINVAL,
				"parent = %s: network %s has it as %s, and an interface can be "
				"below one kind and mode only",
				n->parent, s->name, net_kind_name(o->kind));
	}
	return 0;
}

int section_finish(struct section *const lists[SECTION_N], struct err *e)
{
	for (struct section *s = lists[SECTION_NETWORK]; s; s = s->next) {
		struct net_spec *n = container_of(s, struct net_spec, section);

		if (net_finish(n, e) < 0 || net_check_others(n, lists[SECTION_NETWORK], e) < 0)
			return section_failed(s, SECTION_NETWORK, e);
	}
	for (struct section *s = lists[SECTION_INTERFACE]; s; s = s->next)
		if (iface_finish(container_of(s, struct iface_spec, section), e) < 0)
			return section_failed(s, SECTION_INTERFACE, e);
	for (unsigned int k = SECTION_MOUNT; IS_ENABLED(CONFIG_MACHINE) && k < SECTION_N; k++)
		for (struct section *s = lists[k]; s; s = s->next)
			if (machine_finish(s, k, e) < 0)
				return section_failed(s, k, e);
	return 0;
}

/* ---- names of interfaces ------------------------------------------------------------------------- */

const char *net_short_name(char buf[NET_IFNAME], const char *prefix, const char *name,
			   unsigned int salt)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	size_t n = str_format(buf, NET_IFNAME, "%s", prefix);
	bool whole = !salt && strlen(name) <= NET_IFNAME - 1 - n &&
		     strspn(name, STR_NAME) == strlen(name);
	size_t room = whole ? NET_IFNAME - 1 : NET_IFNAME - 1 - 5;
	uint32_t h = hash_crc32c(salt, name, strlen(name));

	for (; *name && n < room; name++)
		if (whole || (*name >= '0' && *name <= '9') ||
		    ((*name | 32) >= 'a' && (*name | 32) <= 'z'))
			buf[n++] = *name;
	for (unsigned int i = 0; !whole && i < 5; i++, h >>= 5)
		buf[n++] = digits[h & 31];
	buf[n] = '\0';
	return buf;
}

const char *net_bridge_name(const struct net_spec *n, char buf[NET_IFNAME])
{
	if (!n->bridge)
		return net_short_name(buf, "br-", n->section.name, 0);
	str_copy(buf, NET_IFNAME, n->bridge);
	return buf;
}

const char *net_lower_name(const struct net_spec *n, char buf[NET_IFNAME])
{
	char name[NET_IFNAME + 8];

	str_copy(buf, NET_IFNAME, n->parent ? n->parent : "");
	if (!n->parent || !n->vlan)
		return buf;
	str_format(name, sizeof(name), "%s.%u", n->parent, (unsigned int)n->vlan);
	return net_short_name(buf, "", name, 0);
}
