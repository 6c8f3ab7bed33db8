// SPDX-License-Identifier: MIT
/*
 * `myctr network ls` and `inspect`: the networks of the manifest in force and who has which address in
 * them. Reads files only; asks neither kernel nor supervisor.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lease.h"
#include "core/lib/out.h"
#include "core/manifest.h"
#include "core/net.h"

enum { NETWORK_FORMAT };

static const struct cmd_option network_options[] = {
	[NETWORK_FORMAT] = { 0, "format", "FORMAT",
			     "table, or tsv: of ls NAME KIND SUBNETS LINK CONTAINERS; of inspect NETWORK "
			     "CONTAINER INTERFACE IPV4 IPV6 MAC HOST-LINK UP PORTS" },
};

struct network {
	struct out out;
	const char *name; /* of the network at hand */
	bool tsv;
	unsigned int up;
};

static int network_count(const struct net_link *l, void *arg)
{
	struct network *w = arg;

	w->up += l->up && strcmp(l->network, w->name) == 0;
	return 0;
}

static void network_row(struct network *w, const struct net_spec *n)
{
	char v4[ADDR_PREFIX], v6[ADDR_PREFIX], link[NET_IFNAME], both[2 * ADDR_PREFIX];

	w->name = n->section.name;
	w->up = 0;
	lease_each(NULL, network_count, w);
	addr_text_prefix(&n->net4, v4);
	addr_text_prefix(&n->net6, v6);
	str_format(both, sizeof(both), "%s%s%s", v4, *v4 && *v6 ? " " : "", v6);
	if (n->kind == NET_BRIDGE)
		net_bridge_name(n, link);
	else
		net_lower_name(n, link);
	out_printf(&w->out, w->tsv ? "%s\t%s\t%s\t%s\t%u\n" : "%-18s %-8s %-30s %-15s %5u\n",
		   n->section.name, net_kind_name(n->kind), both, link, w->up);
}

static void network_ls(struct network *w, const struct manifest *m)
{
	struct section *made;
	const struct net_spec *n = net_find(m, NET_DEFAULT, &made);

	if (!w->tsv)
		out_printf(&w->out, "%-18s %-8s %-30s %-15s %5s\n", "NAME", "KIND", "SUBNETS",
			   "LINK", "IN USE");
	if (n && made)
		network_row(w, n);
	section_free(made);
	for (const struct section *s = m->sections[SECTION_NETWORK]; s; s = s->next)
		network_row(w, container_of(s, const struct net_spec, section));
}

static int network_link(const struct net_link *l, void *arg)
{
	struct network *w = arg;
	char ip[ADDR_PREFIX], ip6[ADDR_PREFIX], mac[ADDR_MAC_TEXT];

	if (strcmp(l->network, w->name) != 0)
		return 0;
	addr_text_prefix(&l->ip, ip);
	addr_text_prefix(&l->ip6, ip6);
	addr_mac_text(l->mac, mac);
	if (w->tsv)
		out_printf(&w->out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l->network,
			   l->container, l->ifname, ip, ip6, mac, l->host, l->up ? "yes" : "no",
			   l->ports);
	else
		out_printf(&w->out, "# %-16s %-5s %s%s%s %s %s%s%s%s\n", l->container, l->ifname,
			   ip, *ip && *ip6 ? " " : "", ip6, mac, l->up ? l->host : "(down)",
			   *l->ports ? " " : "", l->ports, "");
	return 0;
}

static int network_inspect(struct network *w, const struct manifest *m, const char *name,
			   struct err *e)
{
	struct section *made;
	const struct net_spec *n = net_find(m, name, &made);
	struct fields t;

	if (!n)
		return err_set(e, ENOENT, "%s: there is no such network; see myctr network ls",
			       name);
	w->name = name;
	if (!w->tsv) {
		t = manifest_section_fields((struct section *)(uintptr_t)&n->section,
					    SECTION_NETWORK);
		out_printf(&w->out, "[network %s]\n", name);
		manifest_print_fields(&w->out, &t);
	}
	lease_each(NULL, network_link, w);
	section_free(made);
	return 0;
}

static int network_load(struct manifest *m, struct err *e)
{
	int r;

	m->brief = true;
	r = manifest_load(m, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : section_finish(m->sections, e);
}

static int network_run(struct cmd_line *line)
{
	const char *format = line->value[NETWORK_FORMAT], *verb = line->args[0];
	bool ls = strcmp(verb, "ls") == 0, inspect = strcmp(verb, "inspect") == 0;
	struct network w = { .out = OUT(STDOUT_FILENO),
			     .tsv = format && strcmp(format, "tsv") == 0 };
	struct manifest m = { 0 };
	struct err e = { 0 };
	int r;

	if (format && !w.tsv && strcmp(format, "table") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; table or tsv", format);
	if (!ls && !inspect)
		return cmd_usage(line->cmd, "unknown word '%s'", verb);
	if (inspect != (line->n_args == 2))
		return cmd_usage(line->cmd, inspect ? "inspect needs a NAME" : "ls takes no name");
	r = network_load(&m, &e);
	if (r >= 0 && ls)
		network_ls(&w, &m);
	if (r >= 0 && inspect)
		r = network_inspect(&w, &m, line->args[1], &e);
	manifest_free(&m);
	if (r < 0)
		return cmd_fail(&e);
	return out_flush(&w.out) < 0 ? CMD_FAILED : 0;
}

COMMAND(network) = {
	.name = "network",
	.group = CMD_LOOK,
	.args = "ls|inspect [NAME] [--format table|tsv]",
	.about = "list networks, or the addresses in one",
	.options = network_options,
	.n_options = ARRAY_SIZE(network_options),
	.min_args = 1,
	.max_args = 2,
	.run = network_run,
};
