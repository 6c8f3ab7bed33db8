// SPDX-License-Identifier: MIT
/*
 * `myctr check` (doctor): what this build and this manifest need of the kernel and the host, whether it is
 * there, what it is for and how to get it. Changes nothing. Ends with 1 when a container or the
 * supervisor would fail for want of something.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/feature.h"
#include "core/lib/out.h"
#include "core/net.h"
#include "core/machine.h"
#include "core/rootless.h"
#include "core/rules.h"
#include "core/slots.h"
#include "core/system.h"

#define WIDTH 80
#define INDENT 27 /* columns before what a feature is for */

/* Who needs which features: bit i is features[i]. */
struct needs {
	uint64_t always, build, manifest;
	const struct manifest *m;
};

static const char *const words[] = {
	[FEATURE_FOUND] = "found",
	[FEATURE_MISSING] = "MISSING",
	[FEATURE_UNKNOWN] = "unknown",
};

/* Text in the right column, broken at blanks. */
static void put_column(struct out *o, const char *text)
{
	const size_t room = WIDTH - INDENT - 1;
	size_t len = strlen(text);

	while (len > room) {
		size_t cut = room;

		while (cut > 0 && text[cut] != ' ')
			cut--;
		if (cut == 0)
			cut = room;
		out_printf(o, "%.*s\n%*s", (int)cut, text, INDENT, "");
		text += cut;
		text += strspn(text, " ");
		len = strlen(text);
	}
	out_printf(o, "%s\n", text);
}

/* The containers that need feature i, by name: "web, mqtt and 3 more". */
static void put_containers(struct out *o, const struct needs *n, unsigned int i)
{
	char text[200] = "needed by container";
	unsigned int more = 0;

	for (unsigned int c = 0; c < n->m->n; c++) {
		size_t used = strlen(text);

		if (!(feature_of_spec(n->m->containers[c], n->m) & UINT64_C(1) << i))
			continue;
		if (used > 120)
			more++;
		else
			str_format(text + used, sizeof(text) - used, " %s",
				   n->m->containers[c]->name);
	}
	if (more)
		str_format(text + strlen(text), sizeof(text) - strlen(text), " and %u more", more);
	put_column(o, text);
}

static void put_missing(struct out *o, const struct needs *n, unsigned int i)
{
	const struct feature *f = &features[i];
	bool symbol = strcmp(f->name, "rights") != 0 && strcmp(f->name, "LINUX") != 0;
	char text[200];

	if (n->manifest & UINT64_C(1) << i) {
		out_printf(o, "%*s", INDENT, "");
		put_containers(o, n, i);
	}
	str_format(text, sizeof(text), "get it: %s%s%s%s", symbol ? "kernel option CONFIG_" : "",
		   symbol ? f->name : "", symbol && f->how ? "; " : "", f->how ? f->how : "");
	out_printf(o, "%*s", INDENT, "");
	put_column(o, text);
}

/* One feature; true when something needed is missing. */
static bool put_feature(struct out *o, const struct needs *n, unsigned int i)
{
	const struct feature *f = &features[i];
	enum feature_state state = feature_probe(f);
	bool needed = (n->always | n->manifest) & UINT64_C(1) << i;
	char drivers[120], text[240];

	feature_drivers(f, drivers, sizeof(drivers));
	str_format(text, sizeof(text), "%s%s%s%s", f->what, *drivers ? " (" : "", drivers,
		   *drivers ? ")" : "");
	out_printf(o, "%-8s %-17s ", state == FEATURE_MISSING && !needed ? "absent" : words[state],
		   f->name);
	put_column(o, text);
	if (state == FEATURE_MISSING)
		put_missing(o, n, i);
	return state == FEATURE_MISSING && needed;
}

static void put_other(const struct rules_other *other, void *arg)
{
	struct out *o = arg;
	char text[500], raw[140], name[200];

	str_format(raw, sizeof(raw), "%s %s %s", other->family, other->table, other->chain);
	str_escape(name, sizeof(name), raw, strlen(raw));
	str_format(text, sizeof(text),
		   "the chain %s drops what it does not know of what is forwarded; containers need "
		   "rules in it that accept ct state established,related, ct status dnat, and what "
		   "comes from their bridges",
		   name);
	out_printf(o, "%-8s %-17s ", "note", "other firewall");
	put_column(o, text);
}

/* A bridge that is joined and has its gateway on another device: nobody there answers for containers. */
static void put_nameless(struct out *o, const struct manifest *m)
{
	const struct section *s = IS_ENABLED(CONFIG_DNS) ? m->sections[SECTION_NETWORK] : NULL;
	char text[300];
	bool own;

	for (; s; s = s->next) {
		const struct net_spec *n = container_of(s, const struct net_spec, section);

		if (!net_answers(n) || !n->bridge || !n->gateway || !n->net4.len)
			continue;
		net_responder(n->bridge, &n->net4, &n->gw4, &own);
		if (own)
			continue;
		str_format(text, sizeof(text),
			   "network %s: its containers do not know each other's names unless %s is "
			   "the device's, or the device has another address of %s on %s",
			   s->name, n->gateway, n->subnet, n->bridge);
		out_printf(o, "%-8s %-17s ", "note", "names");
		put_column(o, text);
	}
}

/* A program that the device's own sections name; true when it is not there. */
static bool put_program(struct out *o, const struct strv *argv, const char *key,
			const struct section *s, enum section_kind kind)
{
	bool missing = argv->n && access(argv->v[0], X_OK) < 0;
	char text[300];

	if (!argv->n)
		return false;
	str_format(text, sizeof(text), "%s: %s of [%s %s]", argv->v[0], key,
		   section_tables[kind].kind, s->name);
	out_printf(o, "%-8s %-17s ", words[missing ? FEATURE_MISSING : FEATURE_FOUND], "program");
	put_column(o, text);
	return missing;
}

/* What [mount]s and [console]s run. */
static unsigned int put_machine(struct out *o, const struct manifest *m)
{
	unsigned int bad = 0;

	for (const struct section *s = m->sections[SECTION_MOUNT]; s; s = s->next) {
		const struct mount_spec *t = container_of(s, const struct mount_spec, section);

		bad += put_program(o, &t->fsck, "fsck", s, SECTION_MOUNT);
		bad += put_program(o, &t->format, "format", s, SECTION_MOUNT);
		bad += put_program(o, &t->grow, "grow", s, SECTION_MOUNT);
	}
	for (const struct section *s = m->sections[SECTION_CONSOLE]; s; s = s->next)
		bad += put_program(o, &container_of(s, const struct console_spec, section)->command,
				   "command", s, SECTION_CONSOLE);
	return bad;
}

static void put_row(const char *state, const char *name, const char *text, void *arg)
{
	struct out *o = arg;

	out_printf(o, "%-8s %-17s ", state, name);
	put_column(o, text);
}

static int load(const struct cmd_line *line, struct manifest *m, struct err *e)
{
	int ret = line->n_args ? manifest_read(m, line->args[0], e) : manifest_load(m, e);

	/* without a manifest there is still the build to look at */
	if (ret == -ENOENT && !line->n_args)
		return 0;
	return ret < 0 ? ret : manifest_finish(m, e);
}

static int run(struct cmd_line *line)
{
	struct manifest m = { .n = 0 };
	struct needs n = { .always = feature_always(), .build = feature_of_build(), .m = &m };
	struct out o = OUT(STDOUT_FILENO);
	unsigned int bad = 0;
	struct err e = { 0 };

	if (load(line, &m, &e) < 0) {
		manifest_free(&m);
		return cmd_fail(&e);
	}
	n.manifest |= feature_of_system(&m.system);
	for (unsigned int i = 0; i < m.n; i++)
		n.manifest |= feature_of_spec(m.containers[i], &m);
	if (IS_ENABLED(CONFIG_ROOTLESS) && rootless_wanted()) {
		bad += rootless_check(put_row, &o);
		/* What follows is tried with the rights that its containers have. */
		rootless_enter(NULL);
	}
	for (unsigned int i = 0; i < n_features; i++)
		if ((n.always | n.build | n.manifest) & UINT64_C(1) << i)
			bad += put_feature(&o, &n, i);
	if (IS_ENABLED(CONFIG_MACHINE))
		bad += put_machine(&o, &m);
	bad += slots_doctor(&m.system.boot_slots, put_row, &o);
	rules_others(put_other, &o, NULL);
	put_nameless(&o, &m);
	if (bad)
		out_printf(&o, "%u needed thing%s missing\n", bad, bad == 1 ? " is" : "s are");
	else
		out_printf(&o, "everything needed %s%s is here\n", m.n ? "by " : "",
			   m.n ? m.source : "by every container");
	manifest_free(&m);
	return out_flush(&o) < 0 || bad ? 1 : 0;
}

COMMAND(check) = {
	.name = "check",
	.alias = "doctor",
	.group = CMD_LOOK,
	.args = "[MANIFEST]",
	.about = "list what is needed of kernel and host, and what is missing",
	.max_args = 1,
	.run = run,
};
