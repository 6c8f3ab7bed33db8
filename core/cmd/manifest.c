// SPDX-License-Identifier: MIT
/*
 * `myctr manifest check|compile|show`: on the device for what is in force, on a PC for a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/fd.h"
#include "core/manifest.h"
#include "core/port.h"

enum { MANIFEST_OUTPUT };

static const struct cmd_option manifest_options[] = {
	[MANIFEST_OUTPUT] = { 'o', "output", "FILE", "where compile writes to" },
};

/* A text file, a compiled file, or what the device would use. */
static int manifest_open(struct manifest *m, const char *path, struct err *e)
{
	AUTO_FREE char *bytes = NULL;
	size_t len;
	int ret;

	if (!path)
		return manifest_load(m, e);
	ret = fd_slurp(AT_FDCWD, path, 16 * MANIFEST_MAX_BYTES, &bytes, &len);
	if (ret < 0)
		return err_sys(e, ret, "%s", path);
	str_copy(m->source, sizeof(m->source), path);
	if (len < 4 || memcmp(bytes, "mman", 4) != 0)
		return manifest_parse(m, path, bytes, len, e);
	ret = manifest_decode(m, (const uint8_t *)bytes, len, e);
	return ret < 0 ? err_wrap(e, path) : 0;
}

static void manifest_warn(struct out *o, const struct spec *s, const char *text)
{
	out_printf(o, "warning: %s%s%s: %s\n", s->origin ? s->origin : "", s->origin ? ": " : "",
		   s->name, text);
}

/* Not wrong, but seldom meant. */
static void manifest_warnings(struct out *o, const struct spec *s)
{
	if (s->memory == SPEC_UNLIMITED && s->memory_high == SPEC_UNLIMITED)
		manifest_warn(o, s, "no memory limit: it may take all there is");
	if (s->critical && s->restart == SPEC_RESTART_NO)
		manifest_warn(o, s, "critical, but restart = no");
	if (s->privileged)
		manifest_warn(o, s, "privileged: nothing protects the device from it");
	if (s->task && s->critical)
		manifest_warn(o, s, "critical, but a task ends");
}

/* Where a port is open that names no place. */
static void manifest_port(struct out *o, const struct manifest *m, const struct spec *s,
			  const char *text, const struct port *p)
{
	if (!port_is_anywhere(p))
		return;
	out_printf(o, "note: %s: publish = %s is open on every interface", s->name, text);
	for (unsigned int i = 0; i < m->system.wan.n; i++)
		out_printf(o, "%s%s", i ? ", " : " but ", m->system.wan.v[i]);
	out_text(o, m->system.wan.n ? "\n" : "; wan = in [system] names those to leave out\n");
}

/* Two may take turns, so this is no error yet; starting the second one while the first runs is. */
static void manifest_port_twice(struct out *o, const struct manifest *m, unsigned int i,
				const char *text, const struct port *p)
{
	struct err e = { 0 };
	struct port other;

	for (unsigned int c = 0; c < i; c++)
		for (unsigned int j = 0; j < m->containers[c]->publish.n; j++)
			if (port_parse(m->containers[c]->publish.v[j], &other, &e) == 0 &&
			    port_overlaps(p, &other, &m->system.wan))
				out_printf(o, "warning: %s: publish = %s takes a port of %s (%s)\n",
					   m->containers[i]->name, text, m->containers[c]->name,
					   m->containers[c]->publish.v[j]);
}

static void manifest_ports(struct out *o, const struct manifest *m, unsigned int i)
{
	const struct strv *l = &m->containers[i]->publish;
	struct err e = { 0 };
	struct port p;

	for (unsigned int j = 0; IS_ENABLED(CONFIG_NET_PORTS) && j < l->n; j++) {
		if (port_parse(l->v[j], &p, &e) < 0)
			continue;
		manifest_port(o, m, m->containers[i], l->v[j], &p);
		manifest_port_twice(o, m, i, l->v[j], &p);
	}
}

static int manifest_check(struct manifest *m, struct cmd_line *line)
{
	struct out o = OUT(STDOUT_FILENO);

	(void)line;
	for (unsigned int i = 0; i < m->n; i++) {
		manifest_warnings(&o, m->containers[i]);
		manifest_ports(&o, m, i);
	}
	out_printf(&o, "ok: %u container%s\n", m->n, m->n == 1 ? "" : "s");
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

static int manifest_show(struct manifest *m, struct cmd_line *line)
{
	struct out o = OUT(STDOUT_FILENO);

	(void)line;
	out_text(&o, "# ");
	out_escaped(&o, m->source, strlen(m->source));
	out_text(&o, "\n");
	manifest_print(&o, m);
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

static int manifest_compile(struct manifest *m, struct cmd_line *line)
{
	const char *to = line->value[MANIFEST_OUTPUT];
	AUTO_FREE uint8_t *bytes = NULL;
	struct err e = { 0 };
	size_t len;
	int ret;

	if (!to)
		return cmd_usage(line->cmd, "compile needs -o FILE");
	ret = manifest_encode(m, &bytes, &len, &e);
	if (ret >= 0) {
		ret = fd_replace(AT_FDCWD, to, bytes, len, 0644, false);
		if (ret < 0)
			err_sys(&e, ret, "%s: writing", to);
	}
	return ret < 0 ? cmd_fail(&e) : 0;
}

static const struct {
	const char *name;
	int (*run)(struct manifest *m, struct cmd_line *line);
} manifest_verbs[] = {
	{ "check", manifest_check },
	{ "compile", manifest_compile },
	{ "show", manifest_show },
};

static int manifest_verb(unsigned int verb, struct cmd_line *line)
{
	struct manifest m = { 0 }, checked = { 0 };
	bool check = manifest_verbs[verb].run == manifest_check;
	const char *path = line->args[1];
	struct err e = { 0 };
	int ret = manifest_open(&checked, path, &e);

	/* What is compiled or shown is what was written, without the defaults that finishing adds. */
	if (ret >= 0)
		ret = manifest_finish(&checked, &e);
	if (ret >= 0)
		ret = manifest_open(&m, path, &e);
	ret = ret < 0 ? cmd_fail(&e) : manifest_verbs[verb].run(check ? &checked : &m, line);
	manifest_free(&checked);
	manifest_free(&m);
	return ret;
}

static int manifest_run(struct cmd_line *line)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(manifest_verbs); i++) {
		if (!strcmp(manifest_verbs[i].name, line->args[0]))
			return manifest_verb(i, line);
	}
	return cmd_usage(line->cmd, "unknown word '%s'", line->args[0]);
}

COMMAND(manifest) = {
	.name = "manifest",
	.group = CMD_DEVICE,
	.args = "check|show|compile [FILE] [-o FILE]",
	.about = "check, show or compile a manifest: FILE, or the one in force",
	.options = manifest_options,
	.n_options = ARRAY_SIZE(manifest_options),
	.min_args = 1,
	.max_args = 2,
	.run = manifest_run,
};
