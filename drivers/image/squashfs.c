/* SPDX-License-Identifier: MIT */
/*
 * Squashfs images, from a file over a loop device or from a block device. All containers of an
 * image share the loop device and with it the kernel's superblock and cache. The superblock is
 * looked at first, so that the common kinds of damage and of missing kernel support are named
 * instead of "Invalid argument". Source: Documentation/filesystems/squashfs.rst,
 * fs/squashfs/squashfs_fs.h of Linux.
 */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "drivers/image/loop.h"
#include "drivers/image/squashfs_user.h"
#include "drivers/image/verity.h"

/* Offsets in the superblock; all numbers little-endian. */
enum {
	SQUASHFS_BLOCK_SIZE = 12, /* u32 */
	SQUASHFS_COMPRESSOR = 20, /* u16 */
	SQUASHFS_BLOCK_LOG = 22,  /* u16 */
	SQUASHFS_MAJOR = 28,	  /* u16 */
	SQUASHFS_MINOR = 30,	  /* u16 */
	SQUASHFS_USED = 40,	  /* u64: bytes, then u64 offsets of the tables: */
	SQUASHFS_ID = 48,
	SQUASHFS_INODES = 64,
	SQUASHFS_FOLDERS = 72,
	SQUASHFS_SIZE = 96,
};

static const struct {
	const char *name, *symbol;
} squashfs_compressors[] = {
	[1] = { "gzip", "SQUASHFS_ZLIB" }, [2] = { "lzma", "no symbol, lzma is not in mainline" },
	[3] = { "lzo", "SQUASHFS_LZO" },   [4] = { "xz", "SQUASHFS_XZ" },
	[5] = { "lz4", "SQUASHFS_LZ4" },   [6] = { "zstd", "SQUASHFS_ZSTD" },
};

static bool squashfs_match(const struct image *img)
{
	return !S_ISDIR(img->st.st_mode) && img->head_len >= 4 && memcmp(img->head, "hsqs", 4) == 0;
}

static uint64_t squashfs_room(const struct image *img)
{
	uint64_t bytes = 0;

	if (!S_ISBLK(img->st.st_mode))
		return (uint64_t)img->st.st_size;
	return ioctl(img->fd, BLKGETSIZE64, &bytes) < 0 ? 0 : bytes;
}

static const char *squashfs_damage(const struct image *img)
{
	const uint8_t *b = img->head;
	uint64_t used = le_get64(b + SQUASHFS_USED);
	unsigned int log = le_get16(b + SQUASHFS_BLOCK_LOG);

	if (img->head_len < SQUASHFS_SIZE)
		return "truncated: shorter than its superblock";
	if (le_get16(b + SQUASHFS_MAJOR) != 4 || le_get16(b + SQUASHFS_MINOR) != 0)
		return "not squashfs 4.0; make it again with mksquashfs 4";
	if (log < 12 || log > 20 || le_get32(b + SQUASHFS_BLOCK_SIZE) != 1U << log)
		return "damaged: impossible block size in its superblock";
	if (used > squashfs_room(img))
		return "truncated: its superblock says it is longer than the file";
	if (used < SQUASHFS_SIZE || le_get64(b + SQUASHFS_ID) >= used ||
	    le_get64(b + SQUASHFS_FOLDERS) >= used ||
	    le_get64(b + SQUASHFS_INODES) >= le_get64(b + SQUASHFS_FOLDERS))
		return "damaged: impossible table offsets in its superblock";
	return NULL;
}

static int squashfs_refused(const struct image *img, int code, struct err *e)
{
	const char *base = path_base(img->path);
	unsigned int c = le_get16(img->head + SQUASHFS_COMPRESSOR);

	if (code == ENODEV)
		return err_set(
			e, code,
			"%s: the kernel has no squashfs (CONFIG_SQUASHFS); try `modprobe squashfs` or use a tar image",
			base);
	if (SYS_OLD_KERNELS && code == ENOSYS)
		return err_set(e, code,
			       "%s: fsopen(2) is denied here by a sandbox; use a tar image", base);
	if (img->verity && (code == EIO || code == EINVAL))
		return err_set(e, code, "%s: is not the image of verity = %.12s..., or is damaged",
			       base, img->verity);
	if (code == EINVAL && c >= 1 && c < ARRAY_SIZE(squashfs_compressors))
		return err_set(
			e, code,
			"%s: the kernel refuses it: it is damaged, or compressed with %s without CONFIG_%s",
			base, squashfs_compressors[c].name, squashfs_compressors[c].symbol);
	return err_sys(e, code, "%s: cannot mount %s as squashfs", base, img->dev);
}

static int squashfs_device(struct image *img, struct err *e)
{
	if (S_ISBLK(img->st.st_mode)) {
		path_of_fd(img->fd, img->dev);
		return -1;
	}
	return loop_attach(img->fd, &img->st, img->path, img->dev, sizeof(img->dev), e);
}

/* The verity device takes the place of the one that it is over, and holds that. */
static int squashfs_verify(struct image *img, int *device, struct err *e)
{
	char signature[sizeof(img->path) + 8];
	int fd;

	if (!IS_ENABLED(CONFIG_IMAGE_VERITY) || !img->verity)
		return 0;
	str_format(signature, sizeof(signature), "%s.p7s", img->path);
	fd = verity_attach(*device >= 0 ? *device : img->fd, le_get64(img->head + SQUASHFS_USED),
			   img->verity, access(signature, F_OK) == 0 ? signature : NULL, img->dev,
			   sizeof(img->dev), e);
	if (fd < 0)
		return fd;
	fd_close(device);
	*device = fd;
	return 0;
}

static int squashfs_prepare(struct image *img, struct err *e)
{
	const char *damage = squashfs_damage(img);
	AUTO_FD int device = -1;

	if (damage)
		return err_set(e, EINVAL, "%s: %s", path_base(img->path), damage);
	if (img->in_userns)
		return squashfs_user(img, e);
	device = squashfs_device(img, e);
	if (device < -1 || squashfs_verify(img, &device, e) < 0)
		return err_wrap(e, path_base(img->path));
	/*
	 * Mounted out here, nowhere yet, because in there the device filter of the container's
	 * cgroup or its user namespace would not let it have the device.
	 */
	img->tree = sys_mount_new("squashfs", img->dev);
	return img->tree < 0 ? squashfs_refused(img, -fd_take(&img->tree), e) : 0;
}

static int squashfs_attach(const struct image *img, const char *target, struct err *e)
{
	int r;

	if (img->in_userns)
		return image_bind(img, target, e);
	r = sys_mount_place(img->tree, target);
	return r < 0 ? squashfs_refused(img, -r, e) : 0;
}

DRIVER(image, squashfs) = {
	.name = "squashfs",
	.about = "squashfs files and partitions, mounted in place",
	.kernel = "SQUASHFS BLK_DEV_LOOP",
	.verity = IS_ENABLED(CONFIG_IMAGE_VERITY),
	.in_place = true,
	.match = squashfs_match,
	.prepare = squashfs_prepare,
	.attach = squashfs_attach,
};
