/* SPDX-License-Identifier: MIT */
/*
 * Where things are: see paths.h. Decided once, before any command runs.
 */
#include "core/paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/config.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/rootless.h"

struct paths paths;

static int paths_set(char *dst, size_t size, const char *variable, const char *base,
		     const char *sub, struct err *e)
{
	const char *forced = getenv(variable);
	int n = forced ? snprintf(dst, size, "%s", forced) : snprintf(dst, size, "%s%s", base, sub);

	if (n < 0 || (size_t)n >= size)
		return err_set(e, ENAMETOOLONG, "%s: longer than %zu bytes",
			       forced ? variable : base, size - 1);
	if (dst[0] != '/')
		return err_set(e, EINVAL, "%s: is not an absolute path", forced ? variable : dst);
	return 0;
}

static int paths_own(bool make, struct err *e)
{
	int r = rootless_folder(paths.run, make, e);

	return r < 0 ? r : rootless_folder(paths.data, make, e);
}

int paths_make_own(struct err *e)
{
	int r;

	/* root's folders are made by what needs them; who only looks makes none */
	if (geteuid() == 0)
		return 0;
	r = paths_own(true, e);
	return r < 0 ? r : paths_make_run(e);
}

/*
 * A user without root has folders of his own; a missing variable gets the default of the XDG specification.
 * Where nobody has made /run/user/UID, and for a user without a home, it is a folder in /tmp.
 */
static int paths_user(struct err *e)
{
	const char *home = getenv("HOME"), *run = getenv("XDG_RUNTIME_DIR"),
		   *data = getenv("XDG_DATA_HOME");
	char own[32], base[96], deep[96];

	str_format(own, sizeof(own), "%s/myctr-%ld", "/tmp", (long)getuid());
	str_format(base, sizeof(base), "/run/user/%ld", (long)getuid());
	if (run && *run)
		str_copy(base, sizeof(base), run);
	else if (access(base, W_OK) < 0)
		str_format(base, sizeof(base), "%s-run", own);
	if (data && *data)
		str_copy(deep, sizeof(deep), data);
	else if (home && home[0] == '/' && access(home, W_OK) == 0)
		str_format(deep, sizeof(deep), "%s/.local/share", home);
	else
		str_format(deep, sizeof(deep), "%s-data", own);
	if (paths_set(paths.run, sizeof(paths.run), "MYCTR_RUN", base, "/myctr", e) < 0 ||
	    paths_set(paths.data, sizeof(paths.data), "MYCTR_DATA", deep, "/myctr", e) < 0 ||
	    paths_set(paths.log, sizeof(paths.log), "MYCTR_LOG", deep, "/myctr/log", e) < 0 ||
	    paths_set(paths.etc, sizeof(paths.etc), "MYCTR_ETC", deep, "/myctr/etc", e) < 0)
		return -e->code;
	return paths_own(false, e);
}

int paths_init(struct err *e)
{
	/* PID 1 without a command line is root and nobody's child: it has no environment to listen to. */
	if (!IS_ENABLED(CONFIG_CLI)) {
		str_copy(paths.run, sizeof(paths.run), CONFIG_RUN_DIR);
		str_copy(paths.data, sizeof(paths.data), CONFIG_DATA_DIR);
		str_copy(paths.log, sizeof(paths.log), CONFIG_LOG_DIR);
		return 0;
	}
	if (getauxval(AT_EUID) != 0)
		return paths_user(e);
	if (paths_set(paths.run, sizeof(paths.run), "MYCTR_RUN", CONFIG_RUN_DIR, "", e) < 0 ||
	    paths_set(paths.data, sizeof(paths.data), "MYCTR_DATA", CONFIG_DATA_DIR, "", e) < 0 ||
	    paths_set(paths.log, sizeof(paths.log), "MYCTR_LOG", CONFIG_LOG_DIR, "", e) < 0 ||
	    paths_set(paths.etc, sizeof(paths.etc), "MYCTR_ETC", CONFIG_ETC_DIR, "", e) < 0)
		return -e->code;
	return 0;
}

int paths_join(char *buf, const char *root, const char *sub, const char *name)
{
	int n = snprintf(buf, PATHS_MAX, "%s/%s%s%s", root, sub, name ? "/" : "", name ? name : "");

	return n < 0 || n >= PATHS_MAX ? -ENAMETOOLONG : 0;
}

void paths_of(char *buf, const char *root, const char *sub, const char *name)
{
	paths_join(buf, root, sub, name);
}

int paths_make_run(struct err *e)
{
	static const char *const subs[] = { "logs", "specs", "mnt/lower", "mnt/root" };
	char path[PATHS_MAX];

	/* The last one made is there: so are the others. */
	paths_of(path, paths.run, "mnt/root", NULL);
	if (access(path, F_OK) == 0)
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(subs); i++) {
		int r;

		paths_of(path, paths.run, subs[i], NULL);
		r = path_mkdirs(path, 0700);
		if (r < 0)
			return err_sys(e, r, "%s/%s: making the folder", paths.run, subs[i]);
	}
	return 0;
}
