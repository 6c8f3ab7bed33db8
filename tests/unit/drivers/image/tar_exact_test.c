/* SPDX-License-Identifier: MIT */
/* Unpacking honest archives: what is kept of them, and the limits on how much. */
#include "tests/unit/drivers/image/tar_box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/lib/path.h"

/* ---- what is kept ---- */

static void test_metadata(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	tar_make_header(&box.m, '5', "./", "", 0);
	tar_make_patch(&box.m, 100, "0000711", 7);
	tar_make_header(&box.m, '5', "sg/", "", 0);
	tar_make_patch(&box.m, 100, "0002775", 7);
	tar_make_patch(&box.m, 116, "0000062", 7);
	tar_make_header(&box.m, '5', "sg/plain/", "", 0);
	tar_make_file(&box.m, "sg/file", "x");
	tar_make_header(&box.m, '0', "suid", "", 0);
	tar_make_patch(&box.m, 100, "0004755", 7);
	tar_make_patch(&box.m, 108, "0001750", 7);
	tar_make_file(&box.m, "made/on/the/way", "x");
	tar_make_header(&box.m, '6', "fifo", "", 0);
	tar_make_header(&box.m, '4', "blk", "", 0);
	tar_make_patch(&box.m, 329, "0000007\0000000001", 16);
	box_expect_ok();
	assert_int_equal(fstat(box.root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(fstatat(box.root, "sg", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 02775);
	assert_int_equal(st.st_gid, 50);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(fstatat(box.root, "sg/plain", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(box.root, "sg/file", &st, 0), 0);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(box.root, "suid", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	assert_int_equal(st.st_uid, 1000);
	assert_int_equal(fstatat(box.root, "made/on", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	assert_int_equal(fstatat(box.root, "fifo", &st, 0), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(fstatat(box.root, "blk", &st, 0), 0);
	assert_true(S_ISBLK(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(7, 1));
}

static void test_sparse(void **state)
{
	struct stat st;
	char text[8];
	int fd;

	(void)state;
	tar_make_pax_text(&box.m, 'x', "27 GNU.sparse.size=1000000\n29 GNU.sparse.map=0,4,9000,2\n",
			  56);
	tar_make_header(&box.m, '0', "sparse", "", 6);
	tar_make_data(&box.m, "AAAABB", 6);
	box_expect_ok();
	assert_int_equal(fstatat(box.root, "sparse", &st, 0), 0);
	assert_int_equal(st.st_size, 1000000);
	fd = openat(box.root, "sparse", O_RDONLY);
	assert_int_equal(pread(fd, text, 4, 8999), 4);
	assert_memory_equal(text, "\0BB\0", 4);
	close(fd);
}

static void test_last_entry_wins(void **state)
{
	(void)state;
	tar_make_file(&box.m, "a", "first");
	tar_make_header(&box.m, '2', "a", "x", 0);
	tar_make_header(&box.m, '5', "a", "", 0);
	tar_make_file(&box.m, "a", "last");
	box_expect_ok();
	box_expect_file("a", "last");
}

static void test_file_as_folder(void **state)
{
	(void)state;
	tar_make_file(&box.m, "a", "first");
	tar_make_file(&box.m, "a/b", "last");
	box_expect_refused(ENOTDIR, "cannot open its folder");
}

/* ---- limits ---- */

static void test_limit_entries(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 1 << 20, .depth = 4 };

	(void)state;
	for (int i = 0; i < 11; i++)
		tar_make_file(&box.m, "a", "x");
	assert_int_equal(box_unpack_within(&limits), -E2BIG);
	assert_non_null(strstr(box.e.msg, "IMAGE_TAR_MAX_ENTRIES"));
}

static void test_limit_bytes(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 7, .depth = 4 };

	(void)state;
	tar_make_file(&box.m, "a", "1234");
	tar_make_file(&box.m, "b", "1234");
	assert_int_equal(box_unpack_within(&limits), -EFBIG);
}

static void test_limit_depth(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 7, .depth = 4 };

	(void)state;
	tar_make_file(&box.m, "1/2/3/4", "x");
	tar_make_file(&box.m, "1/2/3/4/5", "x");
	assert_int_equal(box_unpack_within(&limits), -ELOOP);
	assert_non_null(strstr(box.e.msg, "IMAGE_TAR_MAX_DEPTH"));
}

/* As deep as a name can be, and removable. */
static void test_deep(void **state)
{
	char path[4095];

	(void)state;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : 'd';
	tar_make_pax(&box.m, 'x', "path", path, sizeof(path) - 2);
	tar_make_header(&box.m, '5', "x", "", 0);
	box_expect_ok();
	assert_int_equal(path_remove(box.root, "d"), 0);
}

static void test_truncated_data(void **state)
{
	const struct tar_limits limits = { .entries = 10, .bytes = 1 << 20, .depth = 4 };

	(void)state;
	tar_make_header(&box.m, '0', "a", "", 5000);
	tar_make_raw(&box.m, "abc", 3);
	assert_int_equal(tar_unpack(tar_make_stream(box.m.p, box.m.len, 1000), box.root, &limits,
				    &box.report, &box.e),
			 -EILSEQ);
}

/* Nobody but box.root may own what others own; devices and owners are left out. */
static void test_as_user(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchown(box.root, 65534, 65534), 0);
	tar_make_header(&box.m, '5', "d", "", 0);
	tar_make_patch(&box.m, 100, "0000555", 7);
	tar_make_file(&box.m, "d/a", "x");
	tar_make_header(&box.m, '3', "null", "", 0);
	tar_make_patch(&box.m, 329, "0000001\0000000003", 16);
	tar_make_pax(&box.m, 'x', "SCHILY.xattr.security.capability",
		     "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	tar_make_file(&box.m, "cap", "x");
	assert_int_equal(seteuid(65534), 0);
	box_expect_ok();
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(box.report.devices, 1);
	assert_int_equal(box.report.xattrs, 1);
	box_expect_absent("null");
	assert_int_equal(fstatat(box.root, "d/a", &st, 0), 0);
	assert_int_equal(st.st_uid, 65534);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_CASE(test_metadata),	BOX_CASE(test_sparse),
		BOX_CASE(test_last_entry_wins), BOX_CASE(test_file_as_folder),
		BOX_CASE(test_limit_entries),	BOX_CASE(test_limit_bytes),
		BOX_CASE(test_limit_depth),	BOX_CASE(test_deep),
		BOX_CASE(test_truncated_data),	BOX_CASE(test_as_user),
	};

	return cmocka_run_group_tests_name("tar_exact", tests, NULL, NULL);
}
