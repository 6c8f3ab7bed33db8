/* SPDX-License-Identifier: MIT */
/*
 * EROFS images: mounted right from the file where the kernel can (6.12), else over a loop device like
 * squashfs. The superblock is looked at first, so that the common kinds of damage are named instead
 * of "Invalid argument". Source: Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h of Linux.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "drivers/image/loop.h"

#define EROFS_AT 1024 /* of the superblock; all numbers little-endian */
#define EROFS_MAGIC 0xe0f5e1e2U

/* Offsets in the superblock. */
enum {
	EROFS_BLOCK_LOG = 12, /* u8 */
	EROFS_BLOCKS = 36,    /* u32 */
	EROFS_SIZE = 128,
};

_Static_assert(IMAGE_HEAD >= EROFS_AT + EROFS_SIZE, "the head of an image holds the superblock");

static bool erofs_match(const struct image *img)
{
	return !S_ISDIR(img->st.st_mode) && img->head_len >= EROFS_AT + 4 &&
	       le_get32(img->head + EROFS_AT) == EROFS_MAGIC;
}

static const char *erofs_damage(const struct image *img)
{
	const uint8_t *sb = img->head + EROFS_AT;
	unsigned int log = sb[EROFS_BLOCK_LOG];

	if (img->head_len < EROFS_AT + EROFS_SIZE)
		return "truncated: shorter than its superblock";
	if (log < 9 || log > 16)
		return "damaged: impossible block size in its superblock";
	if (S_ISREG(img->st.st_mode) &&
	    (uint64_t)le_get32(sb + EROFS_BLOCKS) << log > (uint64_t)img->st.st_size)
		return "truncated: its superblock says it is longer than the file";
	return NULL;
}

static int erofs_refused(const struct image *img, int code, struct err *e)
{
	const char *base = path_base(img->path);

	if (code == ENODEV)
		return err_set(
			e, code,
			"%s: the kernel has no EROFS (CONFIG_EROFS_FS); try `modprobe erofs` or use a squashfs image",
			base);
	if (code == ENOSYS)
		return err_set(e, code,
			       "%s: fsopen(2) is denied here by a sandbox; use a tar image", base);
	if (code == EINVAL || code == EOPNOTSUPP)
		return err_set(
			e, code,
			"%s: the kernel refuses it: it is damaged, or packed in a way this kernel does not know",
			base);
	return err_sys(e, code, "%s: cannot mount as EROFS", base);
}

/* Over a loop device; also of a block device. */
static int erofs_prepare_device(struct image *img, struct err *e)
{
	AUTO_FD int device = -1;

	if (S_ISBLK(img->st.st_mode))
		path_of_fd(img->fd, img->dev);
	else
		device = loop_attach(img->fd, &img->st, img->path, img->dev, sizeof(img->dev), e);
	if (device < -1)
		return err_wrap(e, path_base(img->path));
	img->tree = sys_mount_new("erofs", img->dev);
	return img->tree < 0 ? erofs_refused(img, -fd_take(&img->tree), e) : 0;
}

static int erofs_prepare(struct image *img, struct err *e)
{
	const char *damage = erofs_damage(img);
	char self[PATH_FD_SIZE];

	if (damage)
		return err_set(e, EINVAL, "%s: %s", path_base(img->path), damage);
	if (S_ISREG(img->st.st_mode)) {
		img->tree = sys_mount_new("erofs", path_of_fd(img->fd, self));
		if (img->tree >= 0)
			return 0;
		/* Kernels that want a device say that this is none. */
		if (img->tree != -ENOTBLK && img->tree != -EINVAL)
			return erofs_refused(img, -fd_take(&img->tree), e);
	}
	return erofs_prepare_device(img, e);
}

static int erofs_attach(const struct image *img, const char *target, struct err *e)
{
	int r = sys_mount_place(img->tree, target);

	return r < 0 ? erofs_refused(img, -r, e) : 0;
}

DRIVER(image, erofs) = {
	.name = "erofs",
	.about = "EROFS files and partitions, mounted in place",
	.kernel = "EROFS_FS",
	.in_place = true,
	.match = erofs_match,
	.prepare = erofs_prepare,
	.attach = erofs_attach,
};
