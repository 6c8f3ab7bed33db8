/* SPDX-License-Identifier: MIT */
/*
 * Roots that can be written for users without root: overlay of the kernel (Linux 5.11 with a file system that
 * has user.* attributes below), the program fuse-overlayfs, else a copy of the image in the upper layer. Runs in
 * the launcher, in its own mount namespace. Which it was at the first start holds for the container's life.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/helper.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/storage/overlay.h"

#define USER_COPY "copy" /* beside upper/: a whole copy of the image */

/* By name, as a program has not got our descriptors. */
static int user_fuse(const struct storage_args *a, const char *layers, struct err *e)
{
	char program[HELPER_PATH], options[1024], dir[256] = "";
	char *argv[] = { program, (char[]){ "-f" },	      (char[]){ "-o" },
			 options, (char *)(uintptr_t)a->root, NULL };
	struct helper h = { .name = "fuse-overlayfs",
			    .argv = argv,
			    .pidfd = -1,
			    .is_ready = helper_is_fuse,
			    .arg = a->root };
	AUTO_FD int fd = open(layers, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (helper_avoided("fuse") || !helper_find("fuse-overlayfs", program) ||
	    access("/dev/fuse", R_OK | W_OK) < 0)
		return -ENOENT;
	/* A tmpfs is where the root comes to lie, so it is known by its descriptor alone. */
	h.given = fd;
	str_format(dir, sizeof(dir), "/proc/self/fd/5");
	str_format(options, sizeof(options),
		   "allow_other,lowerdir=%s,upperdir=%s/upper,workdir=%s/work", a->lower, dir, dir);
	if (fd < 0 || strpbrk(a->lower, ",:\\"))
		return -EINVAL;
	return helper_start(&h, e);
}

static int user_copy(const struct storage_args *a, int dir, struct err *e)
{
	AUTO_FD int lower = open(a->lower, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int to = -1;
	struct stat st;
	int r;

	/* One that was not finished. */
	r = path_remove(dir, USER_COPY ".part");
	if (r == 0 && mkdirat(dir, USER_COPY ".part", 0755) < 0)
		r = -errno;
	to = openat(dir, USER_COPY ".part", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r < 0 || lower < 0 || to < 0)
		return err_sys(e, r < 0 ? r : errno, "making a copy of the image");
	r = copy_tree(lower, to, e);
	if (r == 0 && (fstat(lower, &st) < 0 || fchmod(to, st.st_mode & 07777) < 0 ||
		       renameat(dir, USER_COPY ".part", dir, USER_COPY) < 0))
		r = err_sys(e, errno, "making a copy of the image");
	if (r == 0)
		str_copy(a->note, STORAGE_NOTE,
			 "the image was copied, as there is neither overlay nor fuse-overlayfs");
	return r;
}

static int user_bind_copy(const struct storage_args *a, const char *layers, bool make,
			  struct err *e)
{
	AUTO_FD int dir = open(layers, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int copy = dir < 0 ? -1 : openat(dir, USER_COPY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[PATH_FD_SIZE];
	int r;

	if (copy < 0 && !make)
		return -ENOENT;
	if (copy < 0) {
		r = dir < 0 ? err_sys(e, errno, "%s", layers) : user_copy(a, dir, e);
		if (r < 0)
			return r;
		copy = openat(dir, USER_COPY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (mount(path_of_fd(copy, name), a->root, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, errno, "%s: binding the copy of the image", a->root);
	return 0;
}

int overlay_user(const struct storage_args *a, const char *layers, const char *options,
		 struct err *e)
{
	struct err why = { 0 };
	int r = user_bind_copy(a, layers, false, &why);

	if (r == 0)
		return 0;
	if (!helper_avoided("overlay") &&
	    mount("overlay", a->root, "overlay", MS_NODEV, options) == 0)
		return 0;
	r = user_fuse(a, layers, &why);
	return r == 0 ? 0 : user_bind_copy(a, layers, true, e);
}
