/* SPDX-License-Identifier: MIT */
/*
 * Finds or sets up loop devices; see loop.h. Runs in launchers, several at once, so a device that
 * was free may be taken and one that was ours may be gone between two calls.
 */
#include "drivers/image/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"

enum { LOOP_TRIES = 1000, LOOP_CONTROL_MAJOR = 10, LOOP_CONTROL_MINOR = 237 };

/* Without devtmpfs or udev nobody makes the nodes; sysfs knows their numbers. */
static int loop_make_node(unsigned int n, const char *dev)
{
	char path[64], text[32], *colon;
	uint64_t major, minor;
	dev_t device;

	str_format(path, sizeof(path), "/sys/block/loop%u/dev", n);
	if (fd_read_text(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -ENXIO;
	colon = strchr(text, ':');
	if (!colon)
		return -ENXIO;
	*colon = '\0';
	if (str_u64(text, 0, UINT32_MAX, &major) < 0 ||
	    str_u64(colon + 1, 0, UINT32_MAX, &minor) < 0)
		return -ENXIO;
	device = makedev((unsigned int)major, (unsigned int)minor);
	return mknod(dev, S_IFBLK | 0600, device) < 0 && errno != EEXIST ? -errno : 0;
}

static int loop_open(unsigned int n, char *dev, size_t size)
{
	int fd, r;

	str_format(dev, size, "/dev/loop%u", n);
	fd = open(dev, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	r = loop_make_node(n, dev);
	if (r < 0)
		return r;
	fd = open(dev, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Is the opened device ours to share: the same whole file, read-only, freed by the kernel? */
static bool loop_is_of(int fd, const struct stat *st)
{
	const uint32_t flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
	struct loop_info64 info;

	return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_device == st->st_dev &&
	       info.lo_inode == st->st_ino && info.lo_offset == 0 && info.lo_sizelimit == 0 &&
	       (info.lo_flags & flags) == flags;
}

/* Opening a device is dear, so only those are opened whose backing file has the right path. */
static int loop_find(const struct stat *st, const char *real, char *dev, size_t size)
{
	AUTO_DIR DIR *d = opendir("/sys/block");
	char name[64], backing[PATH_MAX];
	struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		AUTO_FD int fd = -1;
		uint64_t n;

		if (strncmp(entry->d_name, "loop", 4) != 0 ||
		    str_u64(entry->d_name + 4, 0, UINT32_MAX, &n) < 0)
			continue;
		str_format(name, sizeof(name), "%.32s/loop/backing_file", entry->d_name);
		if (fd_read_text(dirfd(d), name, backing, sizeof(backing)) < 0 ||
		    strcmp(backing, real) != 0)
			continue;
		fd = loop_open((unsigned int)n, dev, size);
		if (fd >= 0 && loop_is_of(fd, st))
			return fd_take(&fd);
	}
	return -ENOENT;
}

/* Before Linux 5.8: two calls, and a device that is not auto-clear in between. */
static int loop_configure_old(int dev, const struct loop_config *c)
{
	int saved;

	if (ioctl(dev, LOOP_SET_FD, c->fd) < 0)
		return -errno;
	if (ioctl(dev, LOOP_SET_STATUS64, &c->info) == 0)
		return 0;
	saved = errno;
	ioctl(dev, LOOP_CLR_FD, 0);
	return -saved;
}

static int loop_configure(int dev, int file, const char *path)
{
	struct loop_config c = { .fd = (uint32_t)file,
				 .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR };

	str_copy((char *)c.info.lo_file_name, sizeof(c.info.lo_file_name), path);
	if (ioctl(dev, LOOP_CONFIGURE, &c) == 0)
		return 0;
	if (!SYS_OLD_KERNELS || (errno != EINVAL && errno != ENOTTY && errno != ENOSYS))
		return -errno;
	return loop_configure_old(dev, &c);
}

static int loop_control(struct err *e)
{
	static const char path[] = "/dev/loop-control";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		mknod(path, S_IFCHR | 0600, makedev(LOOP_CONTROL_MAJOR, LOOP_CONTROL_MINOR));
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return err_set(
			e, errno,
			"the kernel has no loop devices (CONFIG_BLK_DEV_LOOP); try `modprobe loop` or use a tar image");
	return err_sys(e, errno, "cannot open %s", path);
}

static int loop_new(int control, int file, const char *path, char *dev, size_t size, struct err *e)
{
	int r = -EBUSY;

	/* Somebody else may take the free one first. */
	for (int i = 0; r == -EBUSY && i < LOOP_TRIES; i++) {
		AUTO_FD int fd = -1;
		int n = ioctl(control, LOOP_CTL_GET_FREE);

		if (n < 0)
			return err_sys(
				e, errno,
				"no free loop device; free one with `losetup -d` or raise max_loop");
		fd = loop_open((unsigned int)n, dev, size);
		if (fd < 0)
			return err_sys(e, fd, "cannot open %s", dev);
		r = loop_configure(fd, file, path);
		if (r == 0)
			return fd_take(&fd);
	}
	return err_sys(e, r, "cannot set up %s", dev);
}

int loop_attach(int fd, const struct stat *st, const char *path, char *dev, size_t size,
		struct err *e)
{
	char link[PATH_FD_SIZE], real[PATH_MAX];
	ssize_t n = readlink(path_of_fd(fd, link), real, sizeof(real) - 1);
	AUTO_FD int control = -1;
	int found;

	real[n < 0 ? 0 : n] = '\0';
	found = loop_find(st, real, dev, size);
	if (found >= 0)
		return found;
	control = loop_control(e);
	if (control < 0)
		return control;
	/*
	 * Containers of one image that start at once would get a device each: one after the other.
	 */
	while (flock(control, LOCK_EX) < 0 && errno == EINTR)
		;
	found = loop_find(st, real, dev, size);
	return found >= 0 ? found : loop_new(control, fd, path, dev, size, e);
}
