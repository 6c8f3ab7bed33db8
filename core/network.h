/* SPDX-License-Identifier: MIT */
/*
 * What a manifest says of networks and interfaces, and what a container has of them.
 *
 * [network NAME] is struct net_spec, [interface NAME] is struct iface_spec: tables of fields like that of
 * struct system_spec. struct net_link is one container's link to one network: what core hands to the
 * drivers, to the rules and to the names.
 */
#ifndef CORE_NETWORK_H
#define CORE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/lib/addr.h"
#include "core/lib/arena.h"
#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/spec.h"

#define NET_IFNAME 16 /* bytes of an interface name with its NUL */

/* The network of a container that is started without a manifest, where NET_BRIDGE is in the build. */
#define NET_DEFAULT "bridge"

/* What every named section but [container] begins with. */
struct section {
	struct section *next; /* in the order written */
	struct arena arena;   /* owns the strings */
	uint64_t set[1];
	const char *name;
	const char *origin; /* "manifest:12", NULL; never encoded */
};

enum section_kind {
	SECTION_NETWORK,
	SECTION_INTERFACE,
	SECTION_MOUNT, /* these three: core/machine.h */
	SECTION_DEVICE,
	SECTION_CONSOLE,
	SECTION_N = IS_ENABLED(CONFIG_MACHINE) ? SECTION_CONSOLE + 1 : SECTION_MOUNT
};

enum net_kind {
	NET_BRIDGE,
	NET_HOST,
	NET_NONE,
	NET_MACVLAN,
	NET_IPVLAN,
	NET_PHYS,
	NET_SLIRP,
	NET_PASTA,
	NET_N_KINDS
};

struct net_spec {
	struct section section;
	uint64_t kind;	     /* enum net_kind */
	const char *bridge;  /* bridge: name of it; an existing one is joined. Default br-NAME */
	const char *parent;  /* interface of the host below it */
	const char *mode;    /* macvlan, ipvlan */
	const char *subnet;  /* IPv4 prefix */
	const char *gateway; /* default: the first address of subnet, for a bridge */
	const char *subnet6;
	const char *gateway6;
	bool nat;      /* what leaves it has the device's address (default yes) */
	bool isolate;  /* its containers do not reach each other, nor other networks them */
	bool internal; /* no way out */
	bool dhcp;     /* a container finds its address by itself */
	bool strict;   /* containers send under their own MAC and addresses only (default yes) */
	uint64_t vlan; /* 0: none */
	uint64_t mtu;  /* 0: as the kernel has it */
	struct strv dns;

	/* filled by net_finish(): prefixes with host bits zero, and gateways; .len 0 where there is none */
	struct addr net4, net6, gw4, gw6;
};

struct iface_spec {
	struct section section;
	struct strv address; /* prefixes, IPv4 and IPv6 */
	struct strv gateway; /* default routes */
	const char *parent;  /* of a VLAN */
	uint64_t vlan;	     /* 0: none */
	uint64_t mtu;
	bool up; /* default yes */
};

/* The kinds of sections, indexed by enum section_kind. */
struct section_table {
	const char *kind; /* as written: "network" */
	const char *what; /* for messages: "a network" */
	size_t size;
	const struct spec_field *rows;
	unsigned int n;
	bool (*is_name)(const char *name);
};

extern const struct section_table section_tables[SECTION_N];

/* An empty section with its defaults on the heap; NULL when out of memory. */
struct section *section_new(enum section_kind kind);
void section_free(struct section *s);
void section_free_all(struct section *s);

/* By name in a list, or NULL. */
static inline struct section *section_find(struct section *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

void section_append(struct section **list, struct section *s);

/* Can name be that of an interface: 1 to 15 bytes, no blank, slash or colon. */
bool net_is_ifname(const char *name);

/* Checks across the fields of n and fills its addresses. */
int net_finish(struct net_spec *n, struct err *e);
int iface_finish(const struct iface_spec *i, struct err *e);

/* Was this key written in the section, or has it its default? */
bool net_was_written(const struct net_spec *n, const char *key);

/* net_finish() and iface_finish() for all, and that no two networks share addresses. */
int section_finish(struct section *const lists[SECTION_N], struct err *e);

/* The kind that a name alone stands for (none, host, slirp, pasta), NET_N_KINDS when it is the name of a section. */
static inline uint64_t net_kind_of(const char *name)
{
	return !strcmp(name, "none")					? NET_NONE
	       : !strcmp(name, "host")					? NET_HOST
	       : IS_ENABLED(CONFIG_NET_SLIRP) && !strcmp(name, "slirp") ? NET_SLIRP
	       : IS_ENABLED(CONFIG_NET_PASTA) && !strcmp(name, "pasta") ? NET_PASTA
									: NET_N_KINDS;
}

/* Does a supervisor answer for the names of its containers, on its gateway addresses? */
static inline bool net_answers(const struct net_spec *n)
{
	return n->kind == NET_BRIDGE && !n->dhcp && !(n->dns.n && !strcmp(n->dns.v[0], "no"));
}

/* "bridge", "macvlan", ... */
const char *net_kind_name(uint64_t kind);

/* True for none, host and, where it is built in, the default network: names that need no section. */
bool net_is_builtin(const char *name);

/* The bridge of n: its key, or br- and its name, shortened to fit. */
const char *net_bridge_name(const struct net_spec *n, char buf[NET_IFNAME]);

/* The link its traffic leaves by: its parent, or the VLAN of that; "" for none. */
const char *net_lower_name(const struct net_spec *n, char buf[NET_IFNAME]);

/*
 * The fewest readable bytes that tell two things apart: prefix, what fits of name (letters, digits), and
 * five characters of a hash where name does not fit or salt is not 0.
 */
const char *net_short_name(char buf[NET_IFNAME], const char *prefix, const char *name,
			   unsigned int salt);

/* ---- a container's link ---- */

#define NET_PORTS 56

struct net_link {
	char container[SPEC_NAME_MAX + 1], network[SPEC_NAME_MAX + 1];
	uint8_t kind;		 /* enum net_kind */
	uint8_t index;		 /* of the network in the container's list: 0 is eth0 */
	bool route4, route6;	 /* inside its gateway is the default route; not recorded */
	bool up;		 /* it has been made and not been taken away */
	char ifname[NET_IFNAME]; /* inside: "eth0" */
	char host[NET_IFNAME];	 /* the host's end, or the interface that was moved in; "" none */
	char bridge[NET_IFNAME]; /* "" none */
	uint8_t mac[ADDR_MAC];
	struct addr names;     /* IPv4 address that answers for names, .len 0: none; not recorded */
	struct addr ip, ip6;   /* with the length of the subnet's prefix; .len 0: none */
	char ports[NET_PORTS]; /* published ports, for people; cut */
	/* Of an interface that was moved in: which one it is (0: unknown, or back), and when it was first missed. */
	uint32_t device, missed; /* missed: s since boot; 0 never */
};

#endif
