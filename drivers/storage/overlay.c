/* SPDX-License-Identifier: MIT */
/*
 * Roots that can be written over a read-only image: overlay with the upper layer in the container's
 * folder, kept between starts, or in a tmpfs of limited size, gone with the container. Source:
 * Documentation/filesystems/overlayfs.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/storage/overlay.h"

/*
 * Commas, colons and backslashes mean something in mount options, so a path with one of them is
 * named by an fd. Others are written as they are, because /proc/self/mountinfo shows them to
 * people.
 */
static const char *overlay_path(const char *path, int *fd, char buf[PATH_FD_SIZE])
{
	if (!strpbrk(path, ",:\\"))
		return path;
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? path : path_of_fd(*fd, buf);
}

static int overlay_explain(int code, const char *upper, struct err *e)
{
	switch (code) {
	case ENODEV:
		return err_set(
			e, code,
			"the kernel has no overlay (CONFIG_OVERLAY_FS); try `modprobe overlay` or storage = read-only");
	case EINVAL:
		return err_set(
			e, code,
			"overlay refuses %s as upper layer; its file system must keep trusted.* attributes (ext4, f2fs, ubifs, "
			"tmpfs with TMPFS_XATTR)",
			upper);
	case EROFS:
		return err_set(
			e, code,
			"overlay needs a writable folder, but %s is read-only; try storage = tmpfs",
			upper);
	default:
		return err_sys(e, code, "cannot mount overlay with upper layer %s", upper);
	}
}

int overlay_mount(const struct storage_args *a, const char *layers, const char *extra,
		  struct err *e)
{
	char options[1024], lower_buf[PATH_FD_SIZE], layers_buf[PATH_FD_SIZE];
	AUTO_FD int lower_fd = -1, layers_fd = -1;
	const char *lower = overlay_path(a->lower, &lower_fd, lower_buf);
	const char *dir = overlay_path(layers, &layers_fd, layers_buf);

	str_format(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work%s%s",
		   lower, dir, dir, extra, a->in_userns ? ",userxattr" : "");
	if (IS_ENABLED(CONFIG_STORAGE_USER) && a->in_userns)
		return overlay_user(a, layers, options, e);
	if (mount("overlay", a->root, "overlay", MS_NODEV, options) == 0)
		return 0;
	return overlay_explain(errno, layers, e);
}

/* The upper layer's mode is the mode of the container's "/". */
int overlay_make_layers(int dir, const char *name, struct err *e)
{
	if ((mkdirat(dir, "upper", 0755) < 0 || fchmodat(dir, "upper", 0755, 0) < 0) &&
	    errno != EEXIST)
		return err_sys(e, errno, "%s/upper: cannot make the folder", name);
	if (mkdirat(dir, "work", 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "%s/work: cannot make the folder", name);
	return 0;
}

static int overlay_prepare(const struct storage_args *a, struct err *e)
{
	AUTO_FD int dir = open(a->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (dir < 0 && errno == ENOENT) {
		r = path_mkdirs(a->dir, 0700);
		dir = open(a->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (dir < 0)
		return err_sys(e, r < 0 ? r : errno, "%s: cannot make the folder", a->dir);
	return overlay_make_layers(dir, a->dir, e);
}

static int overlay_attach(const struct storage_args *a, struct err *e)
{
	return overlay_mount(a, a->dir, "", e);
}

static int overlay_remove(const char *path, struct err *e)
{
	AUTO_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s: cannot open", path);
	r = path_remove(dir, "upper");
	if (r == 0)
		r = path_remove(dir, "work");
	return r < 0 ? err_sys(e, r, "%s: cannot remove what the container has written", path) : 0;
}

DRIVER(storage, overlay) = {
	.name = "overlay",
	.about = "what is written is kept in the container's folder",
	.kernel = "OVERLAY_FS",
	.kind = SPEC_OVERLAY,
	.prepare = overlay_prepare,
	.attach = overlay_attach,
	.remove = overlay_remove,
};
