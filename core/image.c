/* SPDX-License-Identifier: MIT */
/*
 * Opens images and picks their driver by content; see image.h. Runs in launchers and the CLI. Never
 * trusts a file's name or suffix.
 */
#include "core/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/rootless.h"
#include "core/store.h"

/* Formats that a build may not have, so that the error can name what is missing. */
static const struct image_magic {
	unsigned char len;
	char bytes[7];
	const char *what;
} image_magics[] = {
	{ 4, "hsqs", "a squashfs file; this build has no IMAGE_SQUASHFS" },
	{ 4, "\x04\x22\x4d\x18", "lz4-compressed; this build has no CODEC_LZ4 or no IMAGE_TAR" },
	{ 2, "\x1f\x8b", "gzip-compressed; this build has no CODEC_GZIP or no IMAGE_TAR" },
	{ 4, "\x28\xb5\x2f\xfd", "zstd-compressed; this build has no CODEC_ZSTD or no IMAGE_TAR" },
	{ 6,
	  "\xfd"
	  "7zXZ",
	  "xz-compressed, which is not supported; use lz4" },
	{ 3, "BZh", "bzip2-compressed, which is not supported; use lz4" },
};

static const struct image_magic *image_magic(const struct image *img)
{
	for (size_t i = 0; i < ARRAY_SIZE(image_magics); i++)
		if (memcmp(img->head, image_magics[i].bytes, image_magics[i].len) == 0)
			return &image_magics[i];
	return NULL;
}

bool image_is_known(const struct image *img)
{
	return image_magic(img) != NULL;
}

static int image_unknown(const struct image *img, struct err *e)
{
	const struct image_magic *magic = image_magic(img);
	const char *base = path_base(img->path);

	if (S_ISDIR(img->st.st_mode))
		return err_set(e, ENOTSUP, "%s: a folder; this build has no IMAGE_DIR", base);
	if (magic)
		return err_set(e, ENOTSUP, "%s: %s", base, magic->what);
	return err_set(e, ENOTSUP, "%s: not a squashfs or tar file (bad magic at offset 0)", base);
}

/* The name or id of an image in the store. */
static int image_find_stored(struct image *img, const char *name, struct err *e)
{
	struct store_item item;
	struct store s;
	int r = store_open(&s, e);

	if (r < 0)
		return r;
	r = store_find(&s, name, &item, NULL, e);
	if (r == 0)
		r = img->fd = store_open_image(&s, item.id, e);
	if (r >= 0)
		memcpy(img->id, item.id, sizeof(img->id));
	store_close(&s);
	return r < 0 ? r : 0;
}

/* With here a file of that name here comes first. */
static int image_find(struct image *img, const char *name, bool here, struct err *e)
{
	char stored[PATHS_MAX];

	if (!str_copy(img->path, sizeof(img->path), name))
		return err_set(e, ENAMETOOLONG, "image name of more than %zu bytes",
			       sizeof(img->path) - 1);
	errno = ENOENT;
	if (here)
		img->fd = openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (img->fd >= 0)
		return 0;
	if (errno != ENOENT || name[0] == '/' || name[0] == '.')
		return err_sys(e, errno, "%s: cannot open", name);
	if (!strchr(name, '/') && paths_join(stored, paths.data, "images", name) == 0) {
		img->fd = openat(AT_FDCWD, stored, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (img->fd >= 0) {
			str_copy(img->path, sizeof(img->path), stored);
			return 0;
		}
	}
	if (IS_ENABLED(CONFIG_IMAGE_STORE))
		return image_find_stored(img, name, e);
	return err_sys(e, errno, "%s: not here and not in %s/images", name, paths.data);
}

static int image_look(struct image *img, struct err *e)
{
	ssize_t n;

	if (fstat(img->fd, &img->st) < 0)
		return err_sys(e, errno, "%s: cannot look at", path_base(img->path));
	if (S_ISDIR(img->st.st_mode))
		return 0;
	if (!S_ISREG(img->st.st_mode) && !S_ISBLK(img->st.st_mode))
		return err_set(e, EINVAL, "%s: neither a file, a folder nor a block device",
			       path_base(img->path));
	n = fd_read(img->fd, img->head, sizeof(img->head));
	if (n < 0)
		return err_sys(e, (int)n, "%s: cannot read", path_base(img->path));
	img->head_len = (size_t)n;
	return 0;
}

static int image_pick(struct image *img, struct err *e)
{
	for (DRIVER_EACH(image, d)) {
		if (!(*d)->match(img))
			continue;
		img->driver = *d;
		return 0;
	}
	return image_unknown(img, e);
}

static void image_begin(struct image *img, int fd)
{
	*img = (struct image){ .fd = fd, .tree = -1, .hold = -1, .in_userns = rootless_active() };
	str_format(img->store, sizeof(img->store), "%s/images/trees", paths.data);
}

static int image_opened(struct image *img, int r, struct err *e)
{
	if (r == 0)
		r = image_look(img, e);
	if (r == 0)
		r = image_pick(img, e);
	if (r < 0)
		image_close(img);
	return r;
}

int image_open(struct image *img, const char *name, struct err *e)
{
	image_begin(img, -1);
	return image_opened(img, image_find(img, name, true, e), e);
}

int image_open_stored(struct image *img, const char *name, struct err *e)
{
	image_begin(img, -1);
	return image_opened(img, image_find(img, name, false, e), e);
}

int image_open_fd(struct image *img, int fd, const char *name, struct err *e)
{
	image_begin(img, fd);
	str_copy(img->path, sizeof(img->path), name);
	if (lseek(fd, 0, SEEK_SET) < 0) {
		fd_close(&img->fd);
		return err_sys(e, errno, "%s: cannot read", name);
	}
	return image_opened(img, 0, e);
}

const char *image_format(const struct image *img, char *buf, size_t size)
{
	const struct codec_driver *codec = codec_find(img->head, img->head_len);

	str_format(buf, size, "%s%s", img->driver->name, codec ? codec->suffix : "");
	return buf;
}

int image_check(struct image *img, char **config, struct err *e)
{
	size_t len;
	int r;

	*config = NULL;
	if (img->driver->check)
		return img->driver->check(img, config, e);
	r = img->driver->prepare(img, e);
	/* Who may not mount has to do with what the superblock says; every start looks for itself. */
	if ((r == -EPERM || r == -EACCES) && geteuid() != 0)
		return 0;
	if (r == 0 && IS_ENABLED(CONFIG_IMAGE_CONFIG))
		r = image_config_read(img->tree, config, &len, e);
	return r;
}

/* An unpacked tree is named by the content of the file it came from. */
static void image_name_tree(struct image *img)
{
	const char *base = path_base(img->from);
	size_t dir = (size_t)(base - img->from);

	if (!img->id[0] && dir == strlen(img->store) + 1 && strlen(base) == 64 &&
	    strncmp(img->from, img->store, dir - 1) == 0)
		str_copy(img->id, sizeof(img->id), base);
}

int image_detach(struct image *img)
{
	AUTO_FD int mount = sys_open_tree(img->fd, ".", false);
	int r = mount < 0 ? mount : sys_mount_private(mount);

	if (r < 0)
		return r;
	img->tree = fd_take(&mount);
	img->detached = true;
	return 0;
}

static int image_name(const struct image *img, int fd, char *name, size_t size, struct err *e)
{
	char self[PATH_FD_SIZE];
	ssize_t n = readlink(path_of_fd(fd, self), name, size - 1);

	if (n < 0)
		return err_sys(e, errno, "%s: cannot name its tree; is /proc mounted?",
			       path_base(img->path));
	name[n] = '\0';
	return 0;
}

int image_prepare(struct image *img, struct err *e)
{
	int r = img->driver->prepare(img, e);

	if (r < 0 || img->dev[0] || img->detached)
		return r;
	r = image_name(img, img->tree, img->from, sizeof(img->from), e);
	if (r == 0)
		image_name_tree(img);
	return r;
}

void image_close(struct image *img)
{
	fd_close(&img->hold);
	fd_close(&img->tree);
	fd_close(&img->fd);
}

/* Found by name in a mount namespace that is not the one it was opened in: is it the same? */
static int image_bind_name(const struct image *img, int fd, const char *name, const char *target,
			   struct err *e)
{
	struct stat meant, got;
	int r;

	if (mount(name, target, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, errno, "%s: cannot bind its tree to %s", path_base(img->path),
			       target);
	if (fstat(fd, &meant) < 0 || stat(target, &got) < 0 || meant.st_dev != got.st_dev ||
	    meant.st_ino != got.st_ino)
		return err_set(e, ESTALE, "%s: was replaced while the container started",
			       path_base(img->path));
	r = sys_mount_restrict(-1, target, false, true, false, true, false);
	return r < 0 ? err_sys(e, r, "%s: cannot make its tree read-only", path_base(img->path))
		     : 0;
}

int image_bind(const struct image *img, const char *target, struct err *e)
{
	char name[sizeof(img->from)];
	int r;

	if (!img->detached)
		return image_bind_name(img, img->tree, img->from, target, e);
	r = sys_mount_place(img->tree, target);
	if (r == -ENOSYS && SYS_OLD_KERNELS) {
		r = image_name(img, img->fd, name, sizeof(name), e);
		return r < 0 ? r : image_bind_name(img, img->fd, name, target, e);
	}
	return r < 0 ? err_sys(e, r, "%s: cannot attach its tree to %s", path_base(img->path),
			       target)
		     : 0;
}
