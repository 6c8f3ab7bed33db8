/* SPDX-License-Identifier: MIT */
/*
 * Specs as files. See spec_store.h. Runs in launchers and the CLI; what is read here is checked by
 * spec_decode() like any foreign bytes.
 */
#include "core/spec_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/paths.h"

/* Not fd_replace(): /run is gone after a crash of the machine, and readers check a checksum. */
int spec_store_running(const struct spec *s, struct err *e)
{
	AUTO_FREE uint8_t *bytes = NULL;
	char path[PATHS_MAX];
	AUTO_FD int fd = -1;
	size_t len;
	int r;

	paths_of(path, paths.run, "specs", s->name);
	r = spec_encode(s, &bytes, &len, e);
	if (r < 0)
		return r;
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "%s: creating", path);
	r = fd_write(fd, bytes, len);
	return r < 0 ? err_sys(e, r, "%s: writing", path) : 0;
}

int spec_store_ended(const char *name)
{
	char path[PATHS_MAX];

	paths_of(path, paths.run, "specs", name);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Its folder, and its description in there. */
static void store_kept_path(char dir[PATHS_MAX], char path[PATHS_MAX], const char *name)
{
	paths_of(dir, paths.data, "containers", name);
	paths_of(path, dir, "spec", NULL);
}

int spec_store_keep(const struct spec *s, struct err *e)
{
	AUTO_FREE uint8_t *bytes = NULL;
	char dir[PATHS_MAX], path[PATHS_MAX];
	size_t len;
	int r;

	store_kept_path(dir, path, s->name);
	r = spec_encode(s, &bytes, &len, e);
	if (r < 0)
		return r;
	r = path_mkdirs(dir, 0700);
	if (r == 0)
		r = fd_replace(AT_FDCWD, path, bytes, len, 0600, true);
	return r < 0 ? err_sys(e, r, "%s: writing", path) : 0;
}

static int spec_load_from(const char *path, struct spec **out, struct err *e)
{
	AUTO_FREE char *bytes = NULL;
	size_t len;
	int r = fd_slurp(AT_FDCWD, path, SPEC_FILE_MAX, &bytes, &len);

	if (r < 0)
		return err_sys(e, r, "%s", path);
	r = spec_decode((const uint8_t *)bytes, len, out, e);
	if (r < 0)
		return err_wrap(e, path);
	/* What was not written is not in the file. One that another build has made may lack a part here; a
	   start of it will say so. */
	spec_finish(*out, NULL);
	return 0;
}

int spec_load_kept(const char *name, struct spec **out, struct err *e)
{
	char dir[PATHS_MAX], path[PATHS_MAX];

	if (!path_is_name(name))
		return err_set(e, EINVAL, "not a container name");
	store_kept_path(dir, path, name);
	return spec_load_from(path, out, e);
}

int spec_load_running(const char *name, struct spec **out, struct err *e)
{
	char path[PATHS_MAX];

	if (!path_is_name(name))
		return err_set(e, EINVAL, "not a container name");
	paths_of(path, paths.run, "specs", name);
	return spec_load_from(path, out, e);
}

int spec_load(const char *name, struct spec **out, struct err *e)
{
	int r = spec_load_running(name, out, e);

	return r == -ENOENT ? spec_load_kept(name, out, e) : r;
}

bool spec_is_kept(const char *name)
{
	char dir[PATHS_MAX], path[PATHS_MAX];

	store_kept_path(dir, path, name);
	return access(path, F_OK) == 0;
}
