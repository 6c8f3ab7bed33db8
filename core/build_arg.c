// SPDX-License-Identifier: MIT
/*
 * NAME=VALUE lists of a build: variables, labels, and what ARG declares with the values of the command line. See
 * build.h. Pure lookups; nothing is expanded here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "core/build.h"

static int arg_find(const struct strv *l, const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (unsigned int i = 0; i < l->n; i++)
		if (strncmp(l->v[i], entry, n) == 0 && (l->v[i][n] == '=' || !l->v[i][n]))
			return (int)i;
	return -1;
}

const char *build_get(const struct strv *l, const char *name)
{
	int i = arg_find(l, name);
	const char *eq = i < 0 ? NULL : strchr(l->v[i], '=');

	return eq ? eq + 1 : NULL;
}

int build_set(struct arena *a, struct strv *l, const char *entry, struct err *e)
{
	int i = arg_find(l, entry);

	if (i < 0)
		return strv_add(a, l, entry) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
	l->v[i] = arena_str(a, entry);
	return l->v[i] ? 0 : err_set(e, ENOMEM, "out of memory");
}

const char *build_platform(const char *name)
{
	static const char *const arch[][2] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv8l", "arm" },
		{ "armv7l", "arm" },   { "armv6l", "arm" },    { "i686", "386" },
	};
	static struct utsname u;
	static char both[80];
	const char *is;

	if (strncmp(name, "TARGET", 6) == 0 || strncmp(name, "BUILD", 5) == 0)
		name += *name == 'T' ? 6 : 5;
	else
		return NULL;
	if (strcmp(name, "OS") == 0)
		return "linux";
	if (uname(&u) < 0)
		return NULL;
	is = u.machine;
	for (size_t i = 0; i < ARRAY_SIZE(arch); i++)
		if (strcmp(u.machine, arch[i][0]) == 0)
			is = arch[i][1];
	if (strcmp(name, "ARCH") == 0)
		return is;
	str_format(both, sizeof(both), "linux/%s", is);
	return strcmp(name, "PLATFORM") == 0 ? both : NULL;
}

/* Value of an ARG that has none of its own: of the command line, of the ARG before FROM, or known. */
static const char *arg_given(const struct build *b, const char *entry)
{
	size_t n = strcspn(entry, "=");
	const struct strv *given = &b->request->arg;
	int i = arg_find(given, entry);
	char name[128];

	str_format(name, sizeof(name), "%.*s", (int)min_u64(n, sizeof(name) - 1), entry);
	if (i >= 0)
		return strchr(given->v[i], '=') ? build_get(given, name) : getenv(name);
	if (entry[n])
		return NULL;
	return build_get(&b->arg, name) ? build_get(&b->arg, name) : build_platform(name);
}

bool build_is_proxy(const char *entry)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
					     "all_proxy" };
	size_t n = strcspn(entry, "=");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], entry, n) == 0)
			return true;
	return false;
}

static int arg_declare(struct build *b, struct strv *l, const char *entry, struct err *e)
{
	const char *value = arg_given(b, entry);
	size_t n = strcspn(entry, "="), room = n + (value ? strlen(value) : 0) + 2;
	char *text;

	if (!value)
		return strchr(entry, '=') ? build_set(&b->arena, l, entry, e) : 0;
	text = arena_alloc(&b->arena, room);
	if (!text)
		return err_set(e, ENOMEM, "out of memory");
	str_format(text, room, "%.*s=%s", (int)n, entry, value);
	return build_set(&b->arena, l, text, e);
}

int build_declare(struct build *b, struct strv *l, const struct cfile_vars *v, const char *text,
		  struct err *e)
{
	struct strv entries = { 0 };
	int r = cfile_pairs(v, text, false, true, &entries, e);

	for (unsigned int i = 0; r >= 0 && i < entries.n; i++)
		r = arg_declare(b, l, entries.v[i], e);
	return r;
}
