/* SPDX-License-Identifier: MIT */
/*
 * The storage drivers on this kernel, each over a folder as lower layer, in a mount namespace of
 * its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

static char top[64];
static struct spec spec;
static struct storage_args args;
static struct err e;
static bool usable;

static int setup(void **state)
{
	(void)state;
	usable = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	strcpy(top, "/tmp/storage_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	/* A tmpfs keeps trusted.* attributes; what /tmp is nobody knows. */
	usable = usable && mount("tmpfs", top, "tmpfs", 0, NULL) == 0;
	if (chdir(top) < 0 || system("mkdir lower root c c2; echo image >lower/file; umask 0") != 0)
		return -1;
	spec = (struct spec){ .storage_size = 1 << 20 };
	args = (struct storage_args){ .spec = &spec, .lower = "lower", .root = "root" };
	strcpy(args.dir, "c");
	e = (struct err){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (umount2("root", MNT_DETACH) == 0)
		;
	assert_int_equal(chdir("/"), 0);
	umount2(top, MNT_DETACH);
	return path_remove(AT_FDCWD, top);
}

static const struct storage_driver *driver(uint64_t kind)
{
	for (DRIVER_EACH(storage, d))
		if ((*d)->kind == kind)
			return *d;
	fail_msg("no driver of kind %d", (int)kind);
	return NULL;
}

static void up(uint64_t kind)
{
	const struct storage_driver *d = driver(kind);
	int r = d->prepare ? d->prepare(&args, &e) : 0;

	/* What an image driver does for those that want the image at the root itself. */
	if (r == 0 && d->direct &&
	    (mount("lower", "root", NULL, MS_BIND, NULL) < 0 ||
	     mount(NULL, "root", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV, NULL) < 0))
		r = -errno;
	if (r == 0)
		r = d->attach(&args, &e);
	if (r < 0)
		fail_msg("%d %s", r, e.msg);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || fd_write(fd, text, strlen(text)) < 0)
		fail_msg("%s: %s", path, strerror(errno));
	close(fd);
}

static void expect(const char *path, const char *text)
{
	char buf[64];

	assert_true(fd_read_text(AT_FDCWD, path, buf, sizeof(buf)) >= 0);
	assert_string_equal(buf, text);
}

static void test_overlay(void **state)
{
	struct stat st;
	struct statvfs fs;

	(void)state;
	if (!usable)
		skip();
	strcpy(args.dir, "c/deeper");
	up(SPEC_OVERLAY);
	expect("root/file", "image");
	put("root/file", "changed");
	assert_int_equal(stat("root", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(statvfs("root", &fs), 0);
	assert_true(fs.f_flag & ST_NODEV);
	assert_int_equal(umount("root"), 0);
	expect("lower/file", "image");
	expect("c/deeper/upper/file", "changed");
	/* Kept. */
	up(SPEC_OVERLAY);
	expect("root/file", "changed");
	assert_int_equal(umount("root"), 0);
	/* Forgotten, twice. */
	assert_int_equal(driver(SPEC_OVERLAY)->remove("c/deeper", &e), 0);
	assert_int_equal(driver(SPEC_OVERLAY)->remove("c/deeper", &e), 0);
	assert_int_equal(driver(SPEC_OVERLAY)->remove("c/not/there", &e), 0);
	assert_int_equal(access("c/deeper/upper", F_OK), -1);
	assert_int_equal(access("c/deeper/work", F_OK), -1);
	up(SPEC_OVERLAY);
	expect("root/file", "image");
}

static void test_overlay_strange_path(void **state)
{
	static const char strange[] = "c/a,b:c\\d e=\"f\"";

	(void)state;
	if (!usable)
		skip();
	strcpy(args.dir, strange);
	assert_int_equal(rename("lower", "lo,w:er"), 0);
	args.lower = "lo,w:er";
	up(SPEC_OVERLAY);
	put("root/new", "x");
	assert_int_equal(umount("root"), 0);
	expect("c/a,b:c\\d e=\"f\"/upper/new", "x");
	assert_int_equal(rename("lo,w:er", "lower"), 0);
}

static void test_overlay_read_only_upper(void **state)
{
	const struct storage_driver *d = driver(SPEC_OVERLAY);
	int r;

	(void)state;
	if (!usable)
		skip();
	assert_int_equal(mount("c", "c", NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, "c", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	r = d->prepare(&args, &e);
	assert_int_equal(r, -EROFS);
	assert_non_null(strstr(e.msg, "c/upper"));
	assert_int_equal(umount("c"), 0);
}

static void test_tmpfs(void **state)
{
	char big[64 << 10] = { 0 };
	int fd, r = 0;

	(void)state;
	if (!usable)
		skip();
	up(SPEC_TMPFS);
	expect("root/file", "image");
	put("root/file", "changed");
	expect("root/file", "changed");
	expect("lower/file", "image");
	/* One MiB and no more. */
	fd = open("root/big", O_WRONLY | O_CREAT, 0644);
	for (int i = 0; i < 32 && r == 0; i++)
		r = fd_write(fd, big, sizeof(big));
	close(fd);
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(access("c/upper", F_OK), -1);
}

static void test_read_only(void **state)
{
	(void)state;
	if (!usable)
		skip();
	up(SPEC_READ_ONLY);
	expect("root/file", "image");
	assert_int_equal(open("root/new", O_WRONLY | O_CREAT, 0644), -1);
	assert_int_equal(errno, EROFS);
}

static void test_bind(void **state)
{
	struct statvfs fs;

	(void)state;
	if (!usable)
		skip();
	assert_int_equal(driver(SPEC_BIND)->attach(&args, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "needs a folder"));
	args.writable = true;
	up(SPEC_BIND);
	put("root/file", "changed");
	expect("lower/file", "changed");
	assert_int_equal(statvfs("root", &fs), 0);
	assert_true(fs.f_flag & ST_NODEV);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_overlay),
		CASE(test_overlay_strange_path),
		CASE(test_overlay_read_only_upper),
		CASE(test_tmpfs),
		CASE(test_read_only),
		CASE(test_bind),
	};

	return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
