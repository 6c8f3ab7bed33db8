/* SPDX-License-Identifier: MIT */
/*
 * dm-verity devices by the device mapper's ioctls; see verity.h. Runs in launchers. Must leave no device
 * behind: each is told to go with its last user before anybody gets to use it.
 */
#include "drivers/image/verity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

enum {
	VERITY_TRIES = 20,
	VERITY_WAIT_US = 20000,
	VERITY_MISC = 10,
	VERITY_MINOR = 236,
	VERITY_SECTOR = 512,
	VERITY_KEY_MAX = 16 << 10,
};

/* Offsets in the superblock; all numbers little-endian. Source: cryptsetup, "DMVerity on-disk format". */
enum {
	VERITY_VERSION = 8,	/* u32 */
	VERITY_TYPE = 12,	/* u32 */
	VERITY_ALGORITHM = 32,	/* 32 bytes, NUL-padded */
	VERITY_DATA_BLOCK = 64, /* u32 */
	VERITY_HASH_BLOCK = 68, /* u32 */
	VERITY_BLOCKS = 72,	/* u64 */
	VERITY_SALT_LEN = 80,	/* u16 */
	VERITY_SALT = 88,
	VERITY_SALT_MAX = 256,
};

static bool verity_is_block_size(uint32_t n)
{
	return n >= 512 && n <= 65536 && !(n & (n - 1));
}

static void verity_salt(struct verity *v, const uint8_t *b)
{
	unsigned int len = le_get16(b + VERITY_SALT_LEN);

	str_copy(v->salt, sizeof(v->salt), "-");
	for (unsigned int i = 0; i < len; i++)
		str_format(v->salt + 2 * i, 3, "%02x", b[VERITY_SALT + i]);
}

int verity_parse(struct verity *v, const uint8_t b[VERITY_SUPERBLOCK], uint64_t at, uint64_t used,
		 struct err *e)
{
	static const char sha256[32] = "sha256";

	if (memcmp(b, "verity\0", 8) != 0)
		return err_set(e, EINVAL,
			       "has no hash tree; make one with tools/image/verity or veritysetup");
	v->data_block = le_get32(b + VERITY_DATA_BLOCK);
	v->hash_block = le_get32(b + VERITY_HASH_BLOCK);
	v->blocks = le_get64(b + VERITY_BLOCKS);
	if (le_get32(b + VERITY_VERSION) != 1 || le_get32(b + VERITY_TYPE) != 1 ||
	    memcmp(b + VERITY_ALGORITHM, sha256, sizeof(sha256)) != 0)
		return err_set(e, EINVAL, "has a hash tree that is not of version 1 with sha256");
	if (!verity_is_block_size(v->data_block) || !verity_is_block_size(v->hash_block) ||
	    le_get16(b + VERITY_SALT_LEN) > VERITY_SALT_MAX || at % v->hash_block)
		return err_set(e, EINVAL, "has a hash tree with a damaged superblock");
	/* All of the image, and nothing of the tree. */
	if (v->blocks > at / v->data_block || v->blocks * v->data_block < used)
		return err_set(e, EINVAL, "has a hash tree that is not of all of it");
	v->hash_start = at / v->hash_block + 1;
	verity_salt(v, b);
	return 0;
}

/* ---- the device mapper ------------------------------------------------------------------------ */

/* One request: the header that all have, and room for one target with its parameters. */
struct verity_dm {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char params[1024];
};

static void verity_request(struct verity_dm *dm, const char *name)
{
	memset(dm, 0, sizeof(*dm));
	dm->head.version[0] = DM_VERSION_MAJOR;
	dm->head.data_size = sizeof(*dm);
	dm->head.data_start = sizeof(dm->head);
	str_copy(dm->head.name, sizeof(dm->head.name), name);
}

static int verity_ioctl(int control, unsigned long op, struct verity_dm *dm)
{
	return ioctl(control, op, dm) < 0 ? -errno : 0;
}

static int verity_control(struct err *e)
{
	static const char path[] = "/dev/mapper/control";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		mkdir("/dev/mapper", 0755);
		mknod(path, S_IFCHR | 0600, makedev(VERITY_MISC, VERITY_MINOR));
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	return err_set(
		e, errno,
		"verity: the kernel has no device mapper (CONFIG_BLK_DEV_DM); try `modprobe dm-mod`");
}

#define VERITY_KEY "myctr-root-hash" /* of our process alone */

/* Where the kernel finds the signature: in a key that goes with this process. Source: keyrings(7), add_key(2). */
static int verity_add_key(const char *path, struct err *e)
{
	AUTO_FREE char *bytes = NULL;
	size_t len;
	int r = fd_slurp(AT_FDCWD, path, VERITY_KEY_MAX, &bytes, &len);

	if (r < 0)
		return err_sys(e, r, "%s", path);
	if (syscall(SYS_add_key, "user", VERITY_KEY, bytes, len, KEY_SPEC_PROCESS_KEYRING) < 0)
		return err_sys(e, errno, "%s: cannot give the signature to the kernel", path);
	return 0;
}

static int verity_load(int control, const char *name, const struct verity *v, dev_t under,
		       const char *root, bool is_signed)
{
	struct verity_dm dm;
	int r;

	verity_request(&dm, name);
	dm.head.flags = DM_READONLY_FLAG;
	dm.head.target_count = 1;
	dm.target.length = v->blocks * v->data_block / VERITY_SECTOR;
	str_copy(dm.target.target_type, sizeof(dm.target.target_type), "verity");
	str_format(dm.params, sizeof(dm.params), "1 %u:%u %u:%u %u %u %llu %llu sha256 %s %s%s",
		   major(under), minor(under), major(under), minor(under), v->data_block,
		   v->hash_block, (unsigned long long)v->blocks, (unsigned long long)v->hash_start,
		   root, v->salt, is_signed ? " 2 root_hash_sig_key_desc " VERITY_KEY : "");
	r = verity_ioctl(control, DM_TABLE_LOAD, &dm);
	if (r < 0)
		return r;
	verity_request(&dm, name); /* resume: the table counts from now on */
	return verity_ioctl(control, DM_DEV_SUSPEND, &dm);
}

static void verity_remove(int control, const char *name, bool later)
{
	struct verity_dm dm;

	verity_request(&dm, name);
	dm.head.flags = later ? DM_DEFERRED_REMOVE : 0;
	verity_ioctl(control, DM_DEV_REMOVE, &dm);
}

static int verity_open(dev_t device, char *dev, size_t size)
{
	int fd;

	str_format(dev, size, "/dev/dm-%u", minor(device));
	fd = open(dev, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		mknod(dev, S_IFBLK | 0600, device);
		fd = open(dev, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* The one that other containers of the image use, complete; -ENXIO when there is none. */
static int verity_find(int control, const char *name, char *dev, size_t size)
{
	struct verity_dm dm;
	AUTO_FD int fd = -1;

	verity_request(&dm, name);
	if (verity_ioctl(control, DM_DEV_STATUS, &dm) < 0)
		return -ENXIO;
	fd = verity_open((dev_t)dm.head.dev, dev, size);
	/* Held open it stays what it is. A maker that died before it was complete left one without a table. */
	verity_request(&dm, name);
	if (fd >= 0 && verity_ioctl(control, DM_DEV_STATUS, &dm) == 0 &&
	    dm.head.flags & DM_ACTIVE_PRESENT_FLAG && dm.head.flags & DM_READONLY_FLAG)
		return fd_take(&fd);
	fd_close(&fd);
	verity_remove(control, name, false);
	return -ENXIO;
}

static int verity_new(int control, const char *name, const struct verity *v, dev_t under,
		      const char *root, bool is_signed, char *dev, size_t size)
{
	struct verity_dm dm;
	int fd, r;

	verity_request(&dm, name);
	r = verity_ioctl(control, DM_DEV_CREATE, &dm);
	if (r < 0)
		return r;
	r = verity_load(control, name, v, under, root, is_signed);
	fd = r < 0 ? r : verity_open((dev_t)dm.head.dev, dev, size);
	/* Open now, it goes when it is closed for the last time. */
	verity_remove(control, name, fd >= 0);
	return fd;
}

static int verity_read(struct verity *v, int under, uint64_t used, struct err *e)
{
	uint8_t b[VERITY_SUPERBLOCK];
	uint64_t at = (used + 4095) / 4096 * 4096;
	ssize_t n = pread(under, b, sizeof(b), (off_t)at);

	if (n < 0)
		return err_sys(e, errno, "cannot read its hash tree");
	memset(b + n, 0, sizeof(b) - (size_t)n);
	return verity_parse(v, b, at, used, e);
}

int verity_attach(int under, uint64_t used, const char *root, const char *signature, char *dev,
		  size_t size, struct err *e)
{
	char name[DM_NAME_LEN];
	AUTO_FD int control = -1;
	struct verity v;
	struct stat st;
	int r;

	if (fstat(under, &st) < 0)
		return err_sys(e, errno, "cannot look at its device");
	r = verity_read(&v, under, used, e);
	if (r == 0 && signature)
		r = verity_add_key(signature, e);
	control = r < 0 ? r : verity_control(e);
	if (control < 0)
		return control;
	str_format(name, sizeof(name), "myctr-%u-%u-%s", major(st.st_rdev), minor(st.st_rdev),
		   root);
	/* One after the other, so that a device without a table is one that a dead maker left. */
	while (flock(control, LOCK_EX) < 0 && errno == EINTR)
		;
	for (int i = 0; i < VERITY_TRIES; i++) {
		r = verity_find(control, name, dev, size);
		if (r == -ENXIO)
			r = verity_new(control, name, &v, st.st_rdev, root, signature, dev, size);
		/* The old one is just going away. */
		if (r != -EBUSY && r != -EEXIST && r != -ENXIO)
			break;
		usleep(VERITY_WAIT_US);
	}
	if (signature && (r == -ENOKEY || r == -EKEYREJECTED || r == -EBADMSG || r == -EINVAL))
		return err_set(
			e, -r,
			"verity: the kernel does not take %s: it trusts no key that made it, it is of "
			"another root hash, or DM_VERITY_VERIFY_ROOTHASH_SIG is missing",
			path_base(signature));
	if (r == -EINVAL)
		return err_set(
			e, EINVAL,
			"verity: the kernel has no dm-verity (CONFIG_DM_VERITY), or refuses the tree");
	return r < 0 ? err_sys(e, r, "verity: cannot make its device") : r;
}
