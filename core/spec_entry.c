/* SPDX-License-Identifier: MIT */
/*
 * One entry of a list field, from its text to a struct: mounts, devices, limits. See spec.h.
 * Called when a spec is checked and again when it is used; trusts nothing.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "core/lib/addr.h"
#include "core/lib/path.h"
#include "core/spec.h"

/* Copies up to the next colon (or the end) to part; returns what follows the colon, or NULL at the end. */
static const char *entry_part(const char *text, char *part, size_t size, int *r)
{
	size_t n = strcspn(text, ":");

	if (n >= size)
		*r = -ENAMETOOLONG;
	else
		memcpy(part, text, n);
	part[n < size ? n : 0] = '\0';
	return text[n] ? text + n + 1 : NULL;
}

static bool entry_is_inside(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")) != NULL; p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return false;
	return path[0] == '/';
}

/* A mount over these would take away what the runtime itself has put there. */
static int entry_check_dst(const char *text, const char *dst, struct err *e)
{
	static const char *const own[] = { "/proc", "/sys" };

	if (!entry_is_inside(dst))
		return err_set(e, EINVAL, "%s: the path inside must be absolute and without ..",
			       text);
	if (!dst[1])
		return err_set(e, EINVAL, "%s: cannot mount over the root itself", text);
	for (unsigned int i = 0; i < ARRAY_SIZE(own); i++) {
		size_t n = strlen(own[i]);

		if (strncmp(dst, own[i], n) == 0 && (dst[n] == '\0' || dst[n] == '/'))
			return err_set(e, EINVAL, "%s: cannot mount over %s", text, own[i]);
	}
	return 0;
}

static bool entry_mount_option(const char *o, size_t n, struct spec_mount *m)
{
	static const struct {
		char word[9];
		bool value;
		uint16_t offset;
	} flags[] = {
		{ "ro", true, offsetof(struct spec_mount, rdonly) },
		{ "rw", false, offsetof(struct spec_mount, rdonly) },
		{ "rec", true, offsetof(struct spec_mount, rec) },
		{ "rbind", true, offsetof(struct spec_mount, rec) },
		{ "bind", false, offsetof(struct spec_mount, rec) },
		{ "nosuid", true, offsetof(struct spec_mount, nosuid) },
		{ "suid", false, offsetof(struct spec_mount, nosuid) },
		{ "nodev", true, offsetof(struct spec_mount, nodev) },
		{ "dev", false, offsetof(struct spec_mount, nodev) },
		{ "noexec", true, offsetof(struct spec_mount, noexec) },
		{ "exec", false, offsetof(struct spec_mount, noexec) },
		{ "optional", true, offsetof(struct spec_mount, optional) },
	};
	static const struct {
		const char *word;
		unsigned long value;
	} propagations[] = {
		{ "private", MS_PRIVATE },	 { "slave", MS_SLAVE },
		{ "shared", MS_SHARED },	 { "rprivate", MS_PRIVATE | MS_REC },
		{ "rslave", MS_SLAVE | MS_REC }, { "rshared", MS_SHARED | MS_REC },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strlen(flags[i].word) == n && strncmp(flags[i].word, o, n) == 0) {
			*(bool *)(void *)((char *)m + flags[i].offset) = flags[i].value;
			return true;
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(propagations); i++) {
		if (strlen(propagations[i].word) == n && strncmp(propagations[i].word, o, n) == 0) {
			m->propagation = propagations[i].value;
			return true;
		}
	}
	return false;
}

/* size= and mode= of a tmpfs. */
static bool entry_tmpfs_option(const char *o, size_t n, struct spec_mount *m)
{
	char value[24];
	uint64_t mode = 0;

	if (n < 6 || n - 5 >= sizeof(value))
		return false;
	memcpy(value, o + 5, n - 5);
	value[n - 5] = '\0';
	if (strncmp(o, "size=", 5) == 0)
		return str_size(value, &m->size) == 0;
	if (strncmp(o, "mode=", 5) != 0 || !*value || value[strspn(value, "01234567")] ||
	    strlen(value) > 4)
		return false;
	for (const char *p = value; *p; p++)
		mode = mode * 8 + (uint64_t)(*p - '0');
	m->mode = (unsigned int)mode;
	return true;
}

static int entry_options(const char *text, const char *options, struct spec_mount *m, bool is_tmpfs,
			 struct err *e)
{
	while (options && *options) {
		size_t n = strcspn(options, ",");

		if (!entry_mount_option(options, n, m) &&
		    !(is_tmpfs && entry_tmpfs_option(options, n, m)))
			return err_set(e, EINVAL, "%s: unknown option %.*s", text, (int)n, options);
		options += n + (options[n] == ',');
	}
	return 0;
}

int spec_mount(const char *text, struct spec_mount *m, struct err *e)
{
	const char *rest;
	int r = 0;

	*m = (struct spec_mount){ .nosuid = true, .nodev = true };
	rest = entry_part(text, m->src, sizeof(m->src), &r);
	if (rest)
		rest = entry_part(rest, m->dst, sizeof(m->dst), &r);
	if (r < 0)
		return err_set(e, ENAMETOOLONG, "%.60s...: a path is too long", text);
	if (m->src[0] != '/' || !entry_is_inside(m->src))
		return err_set(e, EINVAL,
			       "%s: expected SRC:DST[:OPTIONS] with an absolute SRC without ..",
			       text);
	r = entry_check_dst(text, m->dst, e);
	return r < 0 ? r : entry_options(text, rest, m, false, e);
}

int spec_tmpfs(const char *text, struct spec_mount *m, struct err *e)
{
	char part[64];
	const char *rest;
	int r = 0;

	*m = (struct spec_mount){ .nosuid = true, .nodev = true, .mode = 01777 };
	rest = entry_part(text, m->dst, sizeof(m->dst), &r);
	if (r < 0)
		return err_set(e, ENAMETOOLONG, "%.60s...: a path is too long", text);
	r = entry_check_dst(text, m->dst, e);
	if (r < 0 || !rest)
		return r;
	/* The size may stand alone, first. */
	if (*rest >= '0' && *rest <= '9') {
		rest = entry_part(rest, part, sizeof(part), &r);
		if (r < 0 || str_size(part, &m->size) < 0)
			return err_set(e, EINVAL, "%s: not a size", text);
	}
	return entry_options(text, rest, m, true, e);
}

int spec_device(const char *text, struct spec_device *d, struct err *e)
{
	char part[sizeof(d->path)] = "";
	const char *rest;
	int r = 0;

	*d = (struct spec_device){ .r = true, .w = true, .m = true };
	rest = entry_part(text, d->host, sizeof(d->host), &r);
	memcpy(d->path, d->host, sizeof(d->path));
	while (rest && r == 0) {
		rest = entry_part(rest, part, sizeof(part), &r);
		if (part[0] == '/') {
			memcpy(d->path, part, sizeof(d->path));
			continue;
		}
		if (!*part || part[strspn(part, "rwm")] || rest)
			return err_set(e, EINVAL, "%s: expected DEVICE[:PATH][:rwm]", text);
		d->r = strchr(part, 'r') != NULL;
		d->w = strchr(part, 'w') != NULL;
		d->m = strchr(part, 'm') != NULL;
	}
	if (r < 0)
		return err_set(e, ENAMETOOLONG, "%.60s...: a path is too long", text);
	if (!entry_is_inside(d->host) || !entry_is_inside(d->path))
		return err_set(e, EINVAL, "%s: paths must be absolute and without ..", text);
	return 0;
}

/* ---- resource limits ----------------------------------------------------------------------------- */

static const struct {
	char name[11];
	uint8_t resource;
} entry_rlimits[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

static int entry_limit(const char *text, uint64_t *out)
{
	if (strcmp(text, "unlimited") == 0 || strcmp(text, "max") == 0) {
		*out = RLIM_INFINITY;
		return 0;
	}
	return str_size(text, out);
}

int spec_rlimit(const char *text, struct spec_rlimit *r, struct err *e)
{
	char name[16], value[48];
	const char *eq = strchr(text, '='), *hard;
	int bad = 0;

	if (!eq || (size_t)(eq - text) >= sizeof(name))
		return err_set(e, EINVAL, "%s: expected NAME=SOFT[:HARD]", text);
	memcpy(name, text, (size_t)(eq - text));
	name[eq - text] = '\0';
	*r = (struct spec_rlimit){ .resource = -1 };
	for (unsigned int i = 0; i < ARRAY_SIZE(entry_rlimits); i++)
		if (strcmp(entry_rlimits[i].name, name) == 0)
			r->resource = entry_rlimits[i].resource;
	if (r->resource < 0)
		return err_set(e, EINVAL, "%s: no such limit", name);
	hard = entry_part(eq + 1, value, sizeof(value), &bad);
	if (bad < 0 || entry_limit(value, &r->soft) < 0 ||
	    entry_limit(hard ? hard : value, &r->hard) < 0)
		return err_set(e, EINVAL, "%s: expected a number or unlimited", text);
	return r->soft > r->hard
		       ? err_set(e, EINVAL, "%s: the soft limit is above the hard one", text)
		       : 0;
}

int spec_mac(const char *text, uint8_t mac[ADDR_MAC], const char **network, struct err *e)
{
	const char *at = strchr(text, '@');
	char buf[ADDR_MAC_TEXT];
	size_t n = at ? (size_t)(at - text) : strlen(text);

	*network = at ? at + 1 : NULL;
	if (n < sizeof(buf)) {
		memcpy(buf, text, n);
		buf[n] = '\0';
		if (addr_parse_mac(buf, mac) == 0 && (!at || path_is_name(at + 1)))
			return 0;
	}
	return err_set(e, EINVAL, "%.60s: expected MAC[@NETWORK] like 02:00:00:00:00:01", text);
}

int spec_keyval(const char *text, char *key, size_t size, const char **value, struct err *e)
{
	const char *eq = strchr(text, '=');

	if (!eq || eq == text)
		return err_set(e, EINVAL, "%s: expected KEY=VALUE", text);
	if ((size_t)(eq - text) >= size)
		return err_set(e, ENAMETOOLONG, "%.40s...: the key is too long", text);
	memcpy(key, text, (size_t)(eq - text));
	key[eq - text] = '\0';
	*value = eq + 1;
	return 0;
}

enum spec_userns spec_userns_kind(const char *text)
{
	static const struct {
		const char *word;
		enum spec_userns kind;
	} words[] = {
		{ "no", SPEC_USERNS_SHARED },	 { "host", SPEC_USERNS_SHARED },
		{ "yes", SPEC_USERNS_SAME },	 { "auto", SPEC_USERNS_AUTO },
		{ "keep-id", SPEC_USERNS_KEEP },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i].word) == 0)
			return words[i].kind;
	return SPEC_USERNS_MAP;
}
