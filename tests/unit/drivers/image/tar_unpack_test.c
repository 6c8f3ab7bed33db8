/* SPDX-License-Identifier: MIT */
/*
 * Unpacking: honest archives come out exactly, and every hostile one leaves what is outside of its
 * root as it was. Beside the root lies a folder that the archives aim at; it is compared after each
 * of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "drivers/image/tar.h"
#include "tests/unit/drivers/image/tar_make.h"

static char top[64];
static int top_fd = -1, root = -1;
static struct tar_make m;
static struct tar_report report;
static struct err e;

/* top/outside/secret and top/root; links in archives say "../outside" or the absolute path. */
static int setup(void **state)
{
	int fd;

	(void)state;
	strcpy(top, "/tmp/tar_unpack_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	top_fd = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(top_fd, "outside", 0755), 0);
	fd = openat(top_fd, "outside/secret", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(fd_write(fd, "secret", 6), 0);
	close(fd);
	assert_int_equal(mkdirat(top_fd, "root", 0755), 0);
	root = openat(top_fd, "root", O_RDONLY | O_DIRECTORY);
	e = (struct err){ 0 };
	return 0;
}

/* What is outside must be as setup() made it: one file, its content, mode, one link to it. */
static int teardown(void **state)
{
	struct stat st;
	char text[16];
	bool same = fstatat(top_fd, "outside/secret", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_nlink == 1 && (st.st_mode & 07777) == 0600 &&
		    fd_read_text(top_fd, "outside/secret", text, sizeof(text)) == 6 &&
		    strcmp(text, "secret") == 0 && fstatat(top_fd, "outside", &st, 0) == 0 &&
		    st.st_nlink == 2 &&
		    faccessat(top_fd, "outside/new", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    faccessat(top_fd, "new", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    access("/new", F_OK) < 0;

	(void)state;
	close(root);
	close(top_fd);
	tar_make_free(&m);
	return path_remove(AT_FDCWD, top) < 0 || !same ? -1 : 0;
}

static int unpack_within(const struct tar_limits *limits)
{
	tar_make_end(&m);
	return tar_unpack(tar_make_stream(m.p, m.len, 1000), root, limits, &report, &e);
}

static int unpack(void)
{
	const struct tar_limits limits = { .entries = 100000, .bytes = 100 << 20, .depth = 4096 };

	return unpack_within(&limits);
}

static void expect_ok(void)
{
	int r = unpack();

	if (r != 0)
		fail_msg("%d %s", r, e.msg);
}

static void expect_refused(int code, const char *why)
{
	int r = unpack();

	if (r != -code || !strstr(e.msg, why))
		fail_msg("%d '%s', expected %d '%s'", r, e.msg, -code, why);
}

static void expect_file(const char *path, const char *text)
{
	char buf[64];

	if (fd_read_text(root, path, buf, sizeof(buf)) < 0 || strcmp(buf, text) != 0)
		fail_msg("%s is not '%s'", path, text);
}

static void expect_absent(const char *path)
{
	assert_int_equal(faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static const char *outside(const char *sub)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/outside%s", top, sub);
	return path;
}

/* ---- names ---- */

static void test_dotdot(void **state)
{
	(void)state;
	tar_make_file(&m, "../outside/new", "x");
	expect_refused(EINVAL, "'../outside/new': names with '..' are refused");
}

static void test_dotdot_inside(void **state)
{
	(void)state;
	tar_make_file(&m, "a/b/../../../new", "x");
	expect_refused(EINVAL, "'..'");
	expect_absent("a");
}

static void test_absolute(void **state)
{
	(void)state;
	tar_make_file(&m, "/new", "x");
	tar_make_file(&m, "//./dir//.//new", "y");
	expect_ok();
	expect_file("new", "x");
	expect_file("dir/new", "y");
}

static void test_root_only_as_folder(void **state)
{
	(void)state;
	tar_make_file(&m, "./", "");
	tar_make_header(&m, '2', "./.", "../outside", 0);
	expect_refused(EINVAL, "not a folder, but named as the root");
}

static void test_strange_bytes(void **state)
{
	(void)state;
	tar_make_file(&m, "a\n\033[2J\xff", "x");
	tar_make_file(&m, "../\033]0;evil\007", "x");
	expect_refused(EINVAL, "'../\\x1b]0;evil\\x07'");
	expect_file("a\n\033[2J\xff", "x");
}

static void test_component_too_long(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tar_make_pax(&m, 'x', "path", name, strlen(name));
	tar_make_file(&m, "x", "x");
	expect_refused(ENAMETOOLONG, "cannot create");
}

/* ---- links ---- */

static void test_through_link(void **state)
{
	(void)state;
	tar_make_header(&m, '2', "link", outside(""), 0);
	tar_make_file(&m, "link/new", "x");
	/*
	 * Absolute links start at the root: there is no such folder in it, and none is made through
	 * a link.
	 */
	expect_refused(ENOENT, "'link/new': cannot open its folder");
}

static void test_through_relative_link(void **state)
{
	(void)state;
	tar_make_header(&m, '5', "outside", "", 0);
	tar_make_header(&m, '2', "link", "../../../outside", 0);
	tar_make_file(&m, "link/new", "x");
	expect_ok();
	expect_file("outside/new", "x");
}

static void test_link_chain(void **state)
{
	(void)state;
	tar_make_header(&m, '5', "d/", "", 0);
	tar_make_header(&m, '2', "d/a", "..", 0);
	tar_make_header(&m, '2', "d/b", "a/..", 0);
	tar_make_header(&m, '2', "d/c", "b/..", 0);
	tar_make_file(&m, "d/c/outside/new", "x");
	expect_ok();
	expect_file("outside/new", "x");
}

static void test_file_over_link(void **state)
{
	(void)state;
	tar_make_header(&m, '2', "f", outside("/secret"), 0);
	tar_make_file(&m, "f", "mine");
	expect_ok();
	expect_file("f", "mine");
}

static void test_folder_over_link(void **state)
{
	struct stat st;

	(void)state;
	tar_make_header(&m, '2', "d", "../outside", 0);
	tar_make_header(&m, '5', "d", "", 0);
	tar_make_patch(&m, 100, "0000700", 7);
	tar_make_file(&m, "d/new", "x");
	expect_ok();
	assert_int_equal(fstatat(root, "d", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	expect_file("d/new", "x");
}

/* The folder in use is replaced by a link between two files in it. */
static void test_folder_becomes_link(void **state)
{
	(void)state;
	tar_make_header(&m, '5', "d", "", 0);
	tar_make_header(&m, '2', "d", "../outside", 0);
	tar_make_file(&m, "d/new", "x");
	expect_refused(ENOENT, "cannot open its folder");
}

static void test_full_folder_stays(void **state)
{
	(void)state;
	tar_make_file(&m, "d/a", "x");
	tar_make_header(&m, '2', "d", "../outside", 0);
	tar_make_file(&m, "d/new", "x");
	expect_refused(EEXIST, "'d': would replace a folder that is not empty");
	expect_file("d/a", "x");
}

static void test_mode_through_link(void **state)
{
	(void)state;
	tar_make_header(&m, '2', "secret", outside("/secret"), 0);
	tar_make_patch(&m, 100, "0004777", 7);
	tar_make_patch(&m, 108, "0001750", 7);
	expect_ok();
}

static void test_device_over_link(void **state)
{
	(void)state;
	tar_make_header(&m, '2', "p", outside("/secret"), 0);
	tar_make_header(&m, '6', "p", "", 0);
	tar_make_patch(&m, 100, "0001777", 7);
	expect_ok();
}

/* ---- hard links ---- */

static void test_hard_link(void **state)
{
	struct stat st;

	(void)state;
	tar_make_file(&m, "d/a", "x");
	tar_make_header(&m, '1', "b", "/d/./a", 123456);
	tar_make_header(&m, '1', "b", "d/a", 0);
	tar_make_header(&m, '1', "d/a", "d/a", 0);
	tar_make_file(&m, "c", "other");
	tar_make_header(&m, '1', "c", "b", 0);
	expect_ok();
	assert_int_equal(fstatat(root, "d/a", &st, 0), 0);
	assert_int_equal(st.st_nlink, 3);
	expect_file("c", "x");
}

static void test_hard_link_outside(void **state)
{
	(void)state;
	tar_make_header(&m, '1', "new", "../outside/secret", 0);
	expect_refused(EINVAL, "'new': hard link to a name outside");
}

static void test_hard_link_absolute(void **state)
{
	(void)state;
	tar_make_header(&m, '1', "new", outside("/secret"), 0);
	expect_refused(ENOENT, "cannot find what it is a hard link to");
}

static void test_hard_link_through_link(void **state)
{
	(void)state;
	tar_make_header(&m, '2', "l", "../outside", 0);
	tar_make_header(&m, '1', "new", "l/secret", 0);
	expect_refused(ENOENT, "cannot find what it is a hard link to");
}

/* A link to a link is that link, not what it names; writing to it then replaces only the name. */
static void test_hard_link_to_link(void **state)
{
	struct stat st;

	(void)state;
	tar_make_header(&m, '2', "l", outside("/secret"), 0);
	tar_make_header(&m, '1', "h", "l", 0);
	tar_make_file(&m, "h", "mine");
	expect_ok();
	assert_int_equal(fstatat(root, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_file("h", "mine");
}

static void test_hard_link_to_folder(void **state)
{
	(void)state;
	tar_make_header(&m, '5', "d", "", 0);
	tar_make_header(&m, '1', "h", "d", 0);
	expect_refused(EPERM, "cannot make the hard link");
}

/* ---- whiteouts and attributes ---- */

static void test_whiteouts(void **state)
{
	(void)state;
	tar_make_file(&m, "d/keep", "x");
	tar_make_file(&m, "d/.wh.keep", "");
	tar_make_file(&m, "d/.wh..wh..opq", "");
	tar_make_file(&m, ".wh...", "");
	tar_make_file(&m, ".wh.d", "text");
	tar_make_header(&m, '3', "d/gone", "", 0);
	expect_ok();
	expect_file("d/keep", "x");
	expect_absent("d/.wh.keep");
	expect_absent(".wh.d");
	expect_absent("d/gone");
}

static void test_xattrs(void **state)
{
	char value[64];

	(void)state;
	tar_make_pax(&m, 'x', "SCHILY.xattr.user.note", "hi", 2);
	tar_make_file(&m, "a", "x");
	tar_make_pax(&m, 'x', "SCHILY.xattr.trusted.overlay.redirect", "/../../outside", 14);
	tar_make_header(&m, '5', "d", "", 0);
	tar_make_pax(&m, 'x', "SCHILY.xattr.security.evil", "1", 1);
	tar_make_file(&m, "b", "x");
	expect_ok();
	assert_int_equal(fchdir(root), 0);
	if (report.xattrs == 0) {
		assert_int_equal(getxattr("a", "user.note", value, sizeof(value)), 2);
	}
	assert_int_equal(getxattr("d", "trusted.overlay.redirect", value, sizeof(value)), -1);
	assert_int_equal(getxattr("b", "security.evil", value, sizeof(value)), -1);
	assert_int_equal(chdir("/"), 0);
}

static void test_file_capability(void **state)
{
	/*
	 * Version 2, effective, CAP_NET_RAW permitted; after a change of owner, which would clear
	 * it.
	 */
	static const char cap[20] = { 1, 0, 0, 2, 0, 0x20 };
	char value[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	tar_make_pax(&m, 'x', "SCHILY.xattr.security.capability", cap, sizeof(cap));
	tar_make_file(&m, "ping", "x");
	tar_make_patch(&m, 100, "0004755", 7);
	tar_make_patch(&m, 108, "0001750", 7);
	expect_ok();
	assert_int_equal(fchdir(root), 0);
	assert_int_equal(getxattr("ping", "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, cap, 20);
	assert_int_equal(chdir("/"), 0);
}

/* ---- what is kept ---- */

static void test_metadata(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	tar_make_header(&m, '5', "./", "", 0);
	tar_make_patch(&m, 100, "0000711", 7);
	tar_make_header(&m, '5', "sg/", "", 0);
	tar_make_patch(&m, 100, "0002775", 7);
	tar_make_patch(&m, 116, "0000062", 7);
	tar_make_header(&m, '5', "sg/plain/", "", 0);
	tar_make_file(&m, "sg/file", "x");
	tar_make_header(&m, '0', "suid", "", 0);
	tar_make_patch(&m, 100, "0004755", 7);
	tar_make_patch(&m, 108, "0001750", 7);
	tar_make_file(&m, "made/on/the/way", "x");
	tar_make_header(&m, '6', "fifo", "", 0);
	tar_make_header(&m, '4', "blk", "", 0);
	tar_make_patch(&m, 329, "0000007\0000000001", 16);
	expect_ok();
	assert_int_equal(fstat(root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(fstatat(root, "sg", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 02775);
	assert_int_equal(st.st_gid, 50);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(fstatat(root, "sg/plain", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(root, "sg/file", &st, 0), 0);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(root, "suid", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(fstatat(root, "made/on", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(fstatat(root, "fifo", &st, 0), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(fstatat(root, "blk", &st, 0), 0);
	assert_true(S_ISBLK(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(7, 1));
}

static void test_sparse(void **state)
{
	struct stat st;
	char text[8];
	int fd;

	(void)state;
	tar_make_pax_text(&m, 'x', "27 GNU.sparse.size=1000000\n29 GNU.sparse.map=0,4,9000,2\n",
			  56);
	tar_make_header(&m, '0', "sparse", "", 6);
	tar_make_data(&m, "AAAABB", 6);
	expect_ok();
	assert_int_equal(fstatat(root, "sparse", &st, 0), 0);
	assert_int_equal(st.st_size, 1000000);
	fd = openat(root, "sparse", O_RDONLY);
	assert_int_equal(pread(fd, text, 4, 8999), 4);
	assert_memory_equal(text, "\0BB\0", 4);
	close(fd);
}

static void test_last_entry_wins(void **state)
{
	(void)state;
	tar_make_file(&m, "a", "first");
	tar_make_header(&m, '2', "a", "x", 0);
	tar_make_header(&m, '5', "a", "", 0);
	tar_make_file(&m, "a", "last");
	expect_ok();
	expect_file("a", "last");
}

static void test_file_as_folder(void **state)
{
	(void)state;
	tar_make_file(&m, "a", "first");
	tar_make_file(&m, "a/b", "last");
	expect_refused(ENOTDIR, "cannot open its folder");
}

/* ---- limits ---- */

static void test_limit_entries(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 1 << 20, .depth = 4 };

	(void)state;
	for (int i = 0; i < 11; i++)
		tar_make_file(&m, "a", "x");
	assert_int_equal(unpack_within(&limits), -E2BIG);
	assert_non_null(strstr(e.msg, "IMAGE_TAR_MAX_ENTRIES"));
}

static void test_limit_bytes(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 7, .depth = 4 };

	(void)state;
	tar_make_file(&m, "a", "1234");
	tar_make_file(&m, "b", "1234");
	assert_int_equal(unpack_within(&limits), -EFBIG);
}

static void test_limit_depth(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 7, .depth = 4 };

	(void)state;
	tar_make_file(&m, "1/2/3/4", "x");
	tar_make_file(&m, "1/2/3/4/5", "x");
	assert_int_equal(unpack_within(&limits), -ELOOP);
	assert_non_null(strstr(e.msg, "IMAGE_TAR_MAX_DEPTH"));
}

/* As deep as a name can be, and removable. */
static void test_deep(void **state)
{
	char path[4095];

	(void)state;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : 'd';
	tar_make_pax(&m, 'x', "path", path, sizeof(path) - 2);
	tar_make_header(&m, '5', "x", "", 0);
	expect_ok();
	assert_int_equal(path_remove(root, "d"), 0);
}

static void test_truncated_data(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 1 << 20, .depth = 4 };

	(void)state;
	tar_make_header(&m, '0', "a", "", 5000);
	tar_make_raw(&m, "abc", 3);
	assert_int_equal(tar_unpack(tar_make_stream(m.p, m.len, 1000), root, &limits, &report, &e),
			 -EILSEQ);
}

/* Nobody but root may own what others own; devices and owners are left out. */
static void test_as_user(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchown(root, 65534, 65534), 0);
	tar_make_header(&m, '5', "d", "", 0);
	tar_make_patch(&m, 100, "0000555", 7);
	tar_make_file(&m, "d/a", "x");
	tar_make_header(&m, '3', "null", "", 0);
	tar_make_patch(&m, 329, "0000001\0000000003", 16);
	tar_make_pax(&m, 'x', "SCHILY.xattr.security.capability",
		     "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	tar_make_file(&m, "cap", "x");
	assert_int_equal(seteuid(65534), 0);
	expect_ok();
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(report.devices, 1);
	assert_int_equal(report.xattrs, 1);
	expect_absent("null");
	assert_int_equal(fstatat(root, "d/a", &st, 0), 0);
	assert_int_equal(st.st_uid, 65534);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_dotdot),
		CASE(test_dotdot_inside),
		CASE(test_absolute),
		CASE(test_root_only_as_folder),
		CASE(test_strange_bytes),
		CASE(test_component_too_long),
		CASE(test_through_link),
		CASE(test_through_relative_link),
		CASE(test_link_chain),
		CASE(test_file_over_link),
		CASE(test_folder_over_link),
		CASE(test_folder_becomes_link),
		CASE(test_full_folder_stays),
		CASE(test_mode_through_link),
		CASE(test_device_over_link),
		CASE(test_hard_link),
		CASE(test_hard_link_outside),
		CASE(test_hard_link_absolute),
		CASE(test_hard_link_through_link),
		CASE(test_hard_link_to_link),
		CASE(test_hard_link_to_folder),
		CASE(test_whiteouts),
		CASE(test_xattrs),
		CASE(test_file_capability),
		CASE(test_metadata),
		CASE(test_sparse),
		CASE(test_last_entry_wins),
		CASE(test_file_as_folder),
		CASE(test_limit_entries),
		CASE(test_limit_bytes),
		CASE(test_limit_depth),
		CASE(test_deep),
		CASE(test_truncated_data),
		CASE(test_as_user),
	};

	return cmocka_run_group_tests_name("tar_unpack", tests, NULL, NULL);
}
