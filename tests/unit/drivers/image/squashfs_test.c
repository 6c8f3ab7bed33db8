/* SPDX-License-Identifier: MIT */
/*
 * Squashfs images on this kernel: one loop device and one superblock for all who use an image,
 * nothing left when they are gone; damaged superblocks are named and cost no device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/loop.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/image.h"
#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/paths.h"

static char top[64];
static struct image img;
static struct err e;
static bool usable;

static int group_setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/squashfs_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	snprintf(paths.data, sizeof(paths.data), "%s/data", top);
	if (system("mkdir tree root root2 && echo hello >tree/file && mknod tree/null c 1 3 2>/dev/null; "
		   "mksquashfs tree a.sqfs -quiet -no-progress -comp gzip >/dev/null 2>&1") != 0)
		return 0;
	usable = geteuid() == 0 && access("/dev/loop-control", F_OK) == 0 &&
		 unshare(CLONE_NEWNS) == 0 &&
		 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		 system("grep -q squashfs /proc/filesystems") == 0;
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	return path_remove(AT_FDCWD, top);
}

static void prepare(const char *name)
{
	int r = image_open(&img, name, &e);

	if (r == 0)
		r = image_prepare(&img, &e);
	if (r < 0)
		fail_msg("%s: %d %s", name, r, e.msg);
}

static void attach(const char *target)
{
	int r = img.driver->attach(&img, target, &e);

	if (r < 0)
		fail_msg("%d %s", r, e.msg);
}

static bool is_bound(const char *dev)
{
	AUTO_FD int fd = open(dev, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;

	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0;
}

/* The kernel frees the device a moment after the last user is gone. */
static void expect_freed(const char *dev)
{
	for (int i = 0; i < 100 && is_bound(dev); i++)
		usleep(20000);
	assert_false(is_bound(dev));
}

static void test_shared(void **state)
{
	struct stat first, second;
	struct statvfs fs;
	char dev[32];

	(void)state;
	if (!usable)
		skip();
	prepare("a.sqfs");
	assert_string_equal(img.driver->name, "squashfs");
	strcpy(dev, img.dev);
	attach("root");
	image_close(&img);
	assert_int_equal(stat("root", &first), 0);
	assert_int_equal(access("root/file", R_OK), 0);
	/* Another container, in a mount namespace of its own, by another name of the same file. */
	assert_int_equal(link("a.sqfs", "b.sqfs"), 0);
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	prepare("./a.sqfs");
	assert_string_equal(img.dev, dev);
	attach("root2");
	image_close(&img);
	assert_int_equal(stat("root2", &second), 0);
	assert_true(first.st_dev == second.st_dev);
	assert_int_equal(statvfs("root2", &fs), 0);
	assert_true(fs.f_flag & ST_RDONLY);
	assert_true(fs.f_flag & ST_NODEV);
	assert_false(fs.f_flag & ST_NOSUID);
	assert_true(is_bound(dev));
	assert_int_equal(umount("root"), 0);
	assert_int_equal(umount("root2"), 0);
}

static void test_freed(void **state)
{
	char dev[32];

	(void)state;
	if (!usable)
		skip();
	prepare("a.sqfs");
	strcpy(dev, img.dev);
	image_close(&img);
	expect_freed(dev);
}

/* A user dies with its namespace: nobody unmounts. */
static void test_freed_with_namespace(void **state)
{
	int ends[2], status;
	char dev[32] = "";
	pid_t pid;

	(void)state;
	if (!usable)
		skip();
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(1);
		prepare("a.sqfs");
		attach("root");
		_exit(write(ends[1], img.dev, sizeof(img.dev)) != sizeof(img.dev));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], dev, sizeof(dev)), sizeof(dev));
	close(ends[0]);
	close(ends[1]);
	expect_freed(dev);
}

/* All start in the same moment and still share one device. */
static void test_at_once(void **state)
{
	int go[2], devs[2], stay[2];
	char first[32], dev[32];

	(void)state;
	if (!usable)
		skip();
	assert_int_equal(pipe(go) | pipe(devs) | pipe(stay), 0);
	for (int i = 0; i < 6; i++) {
		char byte;

		if (fork() != 0)
			continue;
		close(go[1]);
		close(stay[1]);
		if (read(go[0], &byte, 1) != 0)
			_exit(1);
		prepare("a.sqfs");
		_exit(write(devs[1], img.dev, sizeof(img.dev)) < 0 || read(stay[0], &byte, 1) != 0);
	}
	close(go[1]);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(read(devs[0], i ? dev : first, sizeof(dev)), sizeof(dev));
		if (i)
			assert_string_equal(dev, first);
	}
	close(stay[1]);
	for (int i = 0, status; i < 6; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	close(go[0]);
	close(devs[0]);
	close(devs[1]);
	close(stay[0]);
	expect_freed(first);
}

static void test_block_device(void **state)
{
	char dev[32];
	struct image holder;

	(void)state;
	if (!usable)
		skip();
	prepare("a.sqfs");
	holder = img;
	strcpy(dev, img.dev);
	prepare(dev);
	assert_string_equal(img.driver->name, "squashfs");
	attach("root");
	assert_int_equal(access("root/file", R_OK), 0);
	image_close(&img);
	assert_int_equal(umount("root"), 0);
	image_close(&holder);
	expect_freed(dev);
}

static void copy_patched(const char *to, size_t at, const void *bytes, size_t len, off_t size)
{
	char *all;
	size_t n;
	int fd;

	assert_int_equal(fd_slurp(AT_FDCWD, "a.sqfs", 1 << 20, &all, &n), 0);
	memcpy(all + at, bytes, len);
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(fd_write(fd, all, n), 0);
	if (size)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	free(all);
}

static void expect_damaged(const char *why)
{
	int r = image_open(&img, "bad.sqfs", &e);

	if (r == 0)
		r = image_prepare(&img, &e);
	if (r != -EINVAL || !strstr(e.msg, why))
		fail_msg("%d '%s', expected '%s'", r, e.msg, why);
	assert_int_equal(img.tree, -1);
	image_close(&img);
}

static void test_damaged(void **state)
{
	uint8_t b[8];

	(void)state;
	if (access("a.sqfs", F_OK) < 0)
		skip();
	copy_patched("bad.sqfs", 28, "\3\0", 2, 0);
	expect_damaged("bad.sqfs: not squashfs 4.0");
	copy_patched("bad.sqfs", 22, "\77\0", 2, 0);
	expect_damaged("block size");
	copy_patched("bad.sqfs", 12, "\1\0\0\0", 4, 0);
	expect_damaged("block size");
	le_put64(b, 1ULL << 60);
	copy_patched("bad.sqfs", 40, b, 8, 0);
	expect_damaged("truncated");
	copy_patched("bad.sqfs", 64, b, 8, 0);
	expect_damaged("table offsets");
	copy_patched("bad.sqfs", 0, "hsqs", 4, 50);
	expect_damaged("truncated");
	copy_patched("bad.sqfs", 0, "hsqs", 4, 3000);
	/* mksquashfs pads to 4 KiB, so that much may be missing. */
	if (image_open(&img, "bad.sqfs", &e) == 0)
		image_close(&img);
}

static int prepare_bad(void)
{
	int r = image_open(&img, "bad.sqfs", &e);

	return r < 0 ? r : image_prepare(&img, &e);
}

/* What only the kernel notices: an error, and the device is gone again. */
static void test_damaged_tables(void **state)
{
	char dev[32];

	(void)state;
	if (!usable)
		skip();
	copy_patched("bad.sqfs", 20, "\77\0", 2, 0);
	assert_int_equal(prepare_bad(), -EINVAL);
	assert_non_null(strstr(e.msg, "bad.sqfs: cannot mount /dev/loop"));
	strcpy(dev, img.dev);
	image_close(&img);
	expect_freed(dev);
	copy_patched("bad.sqfs", 20, "\1\0", 2, 0);
	copy_patched("bad.sqfs", 96,
		     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, 0);
	if (prepare_bad() == 0 && img.driver->attach(&img, "root", &e) == 0)
		assert_true(system("cat root/file >/dev/null 2>&1") != 0);
	strcpy(dev, img.dev);
	image_close(&img);
	umount2("root", MNT_DETACH);
	expect_freed(dev);
}

/* Runs prepare and attach in a child that before() has put into a poorer world. */
static void expect_works_with(int (*before)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || before() < 0)
			_exit(2);
		prepare("a.sqfs");
		attach("root");
		_exit(access("root/file", R_OK) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Neither devtmpfs nor udev has made nodes: they are made from what sysfs says. */
static int without_nodes(void)
{
	return mount("tmpfs", "/dev", "tmpfs", 0, NULL);
}

/* Before Linux 5.8 there is no LOOP_CONFIGURE. */
static int without_configure(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOOP_CONFIGURE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0);
}

static void test_without(void **state)
{
	(void)state;
	if (!usable)
		skip();
	expect_works_with(without_nodes);
	/* args[1] is the low half there only on little-endian machines. */
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		expect_works_with(without_configure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_freed),
		cmocka_unit_test(test_freed_with_namespace),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_block_device),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_tables),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests_name("squashfs", tests, group_setup, group_teardown);
}
