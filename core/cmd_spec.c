// SPDX-License-Identifier: MIT
/*
 * Manifest keys as options: --KEY for each of them, and the names a docker user types. Only translates; the
 * field table decides what a value may be.
 */
#include "core/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/spec.h"

const struct cmd_spec_alias cmd_spec_aliases[] = {
	{ 'm', "", "memory", "" },	    { 0, "cpus", "cpu", "" },
	{ 0, "cpuset-cpus", "cpuset", "" }, { 0, "pids-limit", "pids", "" },
	{ 'v', "volume", "mount", "" },	    { 'e', "", "env", "" },
	{ 'w', "", "workdir", "" },	    { 'u', "", "user", "" },
	{ 0, "group-add", "group", "" },    { 'h', "", "hostname", "" },
	{ 0, "net", "network", "" },	    { 0, "read-only", "storage", "read-only" },
	{ 0, "ulimit", "rlimit", "" },	    { 0, "memory-reservation", "memory-low", "" },
	{ 0, "log-driver", "log", "" },	    { 0, "ip6", "ip", "" },
	{ 0, "mac-address", "mac", "" },    { 'p', "", "publish", "" },
};

const unsigned int cmd_n_spec_aliases = ARRAY_SIZE(cmd_spec_aliases);

const struct spec_field *cmd_spec_option(char letter, const char *name, const char **flag)
{
	const struct spec_field *f = name ? spec_field(name) : NULL;

	*flag = f && f->type == SPEC_BOOL ? "yes" : NULL;
	if (f)
		return f;
	for (unsigned int i = 0; i < cmd_n_spec_aliases; i++) {
		const struct cmd_spec_alias *a = &cmd_spec_aliases[i];

		if (name ? !*name || strcmp(a->name, name) != 0 : !letter || a->letter != letter)
			continue;
		*flag = *a->value ? a->value : NULL;
		return spec_field(a->key);
	}
	return NULL;
}

/* -e KEY takes the value from our own environment; one that is not there is left out. */
static int cmd_spec_env(struct spec *spec, const struct spec_field *f, const char *key,
			struct err *e)
{
	const char *value = getenv(key);
	AUTO_FREE char *text = NULL;
	size_t size;

	if (!value)
		return 0;
	size = strlen(key) + strlen(value) + 2;
	text = malloc(size);
	if (!text)
		return err_set(e, ENOMEM, "%s: out of memory", f->name);
	str_format(text, size, "%s=%s", key, value);
	return spec_set(spec, f, text, e);
}

/* ./conf:/etc/conf means the folder we are in, which a supervisor would not know. */
static int cmd_spec_mount(struct spec *spec, const struct spec_field *f, const char *value,
			  struct err *e)
{
	AUTO_FREE char *src = strndup(value, strcspn(value, ":"));
	AUTO_FREE char *full = src ? realpath(src, NULL) : NULL;
	char text[640];

	if (!full)
		return err_sys(e, errno, "mount: %.100s", src ? src : value);
	if (str_format(text, sizeof(text), "%s%s", full, value + strlen(src)) == sizeof(text) - 1)
		return err_set(e, ENAMETOOLONG, "mount: %.100s...: too long", value);
	return spec_set(spec, f, text, e);
}

/* on-failure:3 */
static int cmd_spec_restart(struct spec *spec, const struct spec_field *f, const char *value,
			    struct err *e)
{
	char policy[20];
	size_t n = strcspn(value, ":");
	int ret;

	if (n >= sizeof(policy))
		return spec_set(spec, f, value, e);
	memcpy(policy, value, n);
	policy[n] = '\0';
	ret = spec_set(spec, spec_field("restart-limit"), value + n + 1, e);
	return ret < 0 ? ret : spec_set(spec, f, policy, e);
}

int cmd_spec_set(struct spec *spec, const struct spec_field *f, const char *value, struct err *e)
{
	if (!strcmp(f->name, "env") && *value && !strchr(value, '='))
		return cmd_spec_env(spec, f, value, e);
	if (!strcmp(f->name, "mount") && value[0] == '.')
		return cmd_spec_mount(spec, f, value, e);
	if (!strcmp(f->name, "restart") && strchr(value, ':'))
		return cmd_spec_restart(spec, f, value, e);
	/* Docker's word for no limit. */
	if (!strcmp(f->name, "pids") && !strcmp(value, "-1"))
		value = "max";
	return spec_set(spec, f, value, e);
}

const char *cmd_nearest_option(const struct command *c, const char *name)
{
	unsigned int best = str_nearest_begin(name);
	const char *near = NULL;

	for (unsigned int i = 0; i < c->n_options; i++)
		near = str_nearest_more(name, c->options[i].name, &best, near);
	if (!cmd_takes_spec(c))
		return near;
	for (unsigned int i = 0; i < spec_n_fields; i++)
		near = str_nearest_more(name, spec_fields[i].name, &best, near);
	for (unsigned int i = 0; i < cmd_n_spec_aliases; i++) {
		if (*cmd_spec_aliases[i].name)
			near = str_nearest_more(name, cmd_spec_aliases[i].name, &best, near);
	}
	return near;
}
