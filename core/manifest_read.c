// SPDX-License-Identifier: MIT
/*
 * The manifest's files: one, and the entries of NAME.d after it in the order of their names.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/manifest.h"
#include "core/paths.h"
#include "core/signature.h"

static int read_file(struct manifest *m, int dirfd, const char *path, const char *name,
		     struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int ret = fd_slurp(dirfd, path, MANIFEST_MAX_BYTES, &text, &len);

	if (ret == -EFBIG)
		return err_set(e, EFBIG, "%s: longer than %u bytes", name, MANIFEST_MAX_BYTES);
	if (ret < 0)
		return err_sys(e, ret, "%s", name);
	/* Tools for the build machine have no signatures. */
	if (IS_ENABLED(CONFIG_SIGNATURES) && m->in_force && signature_check_manifest)
		ret = signature_check_manifest(path, text, len, e);
	if (ret < 0)
		return ret;
	return manifest_parse(m, name, text, len, e);
}

static bool read_ends(const char *name, size_t n, const char *with)
{
	return n > strlen(with) && strcmp(name + n - strlen(with), with) == 0;
}

static bool read_is_signature(const char *name, size_t n)
{
	return IS_ENABLED(CONFIG_SIGNATURES) &&
	       (read_ends(name, n, ".minisig") || read_ends(name, n, ".sig"));
}

/* What editors and package tools leave behind is not part of the manifest. */
static int read_wanted(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && d->d_name[n - 1] != '~' && !strstr(d->d_name, ".dpkg-") &&
	       !read_is_signature(d->d_name, n);
}

static int read_by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct manifest *m, const char *dir, struct err *e)
{
	struct dirent **entries;
	char path[PATHS_MAX];
	int ret = 0, n = scandir(dir, &entries, read_wanted, read_by_name);

	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (ret >= 0)
			ret = paths_join(path, dir, entries[i]->d_name, NULL);
		if (ret >= 0)
			ret = read_file(m, AT_FDCWD, path, path, e);
		free(entries[i]);
	}
	free(entries);
	if (ret < 0 && e && !e->code)
		return err_sys(e, ret, "%s", dir);
	return ret;
}

int manifest_read(struct manifest *m, const char *path, struct err *e)
{
	char dir[PATHS_MAX];
	int ret = read_file(m, AT_FDCWD, path, path, e);

	str_copy(m->source, sizeof(m->source), path);
	if (ret < 0)
		return ret;
	if (str_format(dir, sizeof(dir), "%s.d", path) >= sizeof(dir) - 1)
		return err_set(e, ENAMETOOLONG, "%s: path too long", path);
	return read_folder(m, dir, e);
}
