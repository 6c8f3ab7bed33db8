/* SPDX-License-Identifier: MIT */
/*
 * Unpacking hostile archives: each is refused or comes out inside, and what is outside of the root
 * stays as it was (the teardown of every test looks).
 */
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

/* ---- names ---- */

static void test_dotdot(void **state)
{
	(void)state;
	tar_make_file(&box.m, "../outside/new", "x");
	box_expect_refused(EINVAL, "'../outside/new': names with '..' are refused");
}

static void test_dotdot_inside(void **state)
{
	(void)state;
	tar_make_file(&box.m, "a/b/../../../new", "x");
	box_expect_refused(EINVAL, "'..'");
	box_expect_absent("a");
}

static void test_absolute(void **state)
{
	(void)state;
	tar_make_file(&box.m, "/new", "x");
	tar_make_file(&box.m, "//./dir//.//new", "y");
	box_expect_ok();
	box_expect_file("new", "x");
	box_expect_file("dir/new", "y");
}

static void test_root_only_as_folder(void **state)
{
	(void)state;
	tar_make_file(&box.m, "./", "");
	tar_make_header(&box.m, '2', "./.", "../outside", 0);
	box_expect_refused(EINVAL, "not a folder, but named as the root");
}

static void test_strange_bytes(void **state)
{
	(void)state;
	tar_make_file(&box.m, "a\n\033[2J\xff", "x");
	tar_make_file(&box.m, "../\033]0;evil\007", "x");
	box_expect_refused(EINVAL, "'../\\x1b]0;evil\\x07'");
	box_expect_file("a\n\033[2J\xff", "x");
}

static void test_component_too_long(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tar_make_pax(&box.m, 'x', "path", name, strlen(name));
	tar_make_file(&box.m, "x", "x");
	box_expect_refused(ENAMETOOLONG, "cannot create");
}

/* ---- links ---- */

static void test_through_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '2', "link", box_outside(""), 0);
	tar_make_file(&box.m, "link/new", "x");
	/*
	 * Absolute links start at the root: there is no such folder in it, and none is made through
	 * a link.
	 */
	box_expect_refused(ENOENT, "'link/new': cannot open its folder");
}

static void test_through_relative_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '5', "outside", "", 0);
	tar_make_header(&box.m, '2', "link", "../../../outside", 0);
	tar_make_file(&box.m, "link/new", "x");
	box_expect_ok();
	box_expect_file("outside/new", "x");
}

static void test_link_chain(void **state)
{
	(void)state;
	tar_make_header(&box.m, '5', "d/", "", 0);
	tar_make_header(&box.m, '2', "d/a", "..", 0);
	tar_make_header(&box.m, '2', "d/b", "a/..", 0);
	tar_make_header(&box.m, '2', "d/c", "b/..", 0);
	tar_make_file(&box.m, "d/c/outside/new", "x");
	box_expect_ok();
	box_expect_file("outside/new", "x");
}

static void test_file_over_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '2', "f", box_outside("/secret"), 0);
	tar_make_file(&box.m, "f", "mine");
	box_expect_ok();
	box_expect_file("f", "mine");
}

static void test_folder_over_link(void **state)
{
	struct stat st;

	(void)state;
	tar_make_header(&box.m, '2', "d", "../outside", 0);
	tar_make_header(&box.m, '5', "d", "", 0);
	tar_make_patch(&box.m, 100, "0000700", 7);
	tar_make_file(&box.m, "d/new", "x");
	box_expect_ok();
	assert_int_equal(fstatat(box.root, "d", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	box_expect_file("d/new", "x");
}

/* The folder in use is replaced by a link between two files in it. */
static void test_folder_becomes_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '5', "d", "", 0);
	tar_make_header(&box.m, '2', "d", "../outside", 0);
	tar_make_file(&box.m, "d/new", "x");
	box_expect_refused(ENOENT, "cannot open its folder");
}

static void test_full_folder_stays(void **state)
{
	(void)state;
	tar_make_file(&box.m, "d/a", "x");
	tar_make_header(&box.m, '2', "d", "../outside", 0);
	tar_make_file(&box.m, "d/new", "x");
	box_expect_refused(EEXIST, "'d': would replace a folder that is not empty");
	box_expect_file("d/a", "x");
}

static void test_mode_through_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '2', "secret", box_outside("/secret"), 0);
	tar_make_patch(&box.m, 100, "0004777", 7);
	tar_make_patch(&box.m, 108, "0001750", 7);
	box_expect_ok();
}

static void test_device_over_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '2', "p", box_outside("/secret"), 0);
	tar_make_header(&box.m, '6', "p", "", 0);
	tar_make_patch(&box.m, 100, "0001777", 7);
	box_expect_ok();
}

/* ---- hard links ---- */

static void test_hard_link(void **state)
{
	struct stat st;

	(void)state;
	tar_make_file(&box.m, "d/a", "x");
	tar_make_header(&box.m, '1', "b", "/d/./a", 123456);
	tar_make_header(&box.m, '1', "b", "d/a", 0);
	tar_make_header(&box.m, '1', "d/a", "d/a", 0);
	tar_make_file(&box.m, "c", "other");
	tar_make_header(&box.m, '1', "c", "b", 0);
	box_expect_ok();
	assert_int_equal(fstatat(box.root, "d/a", &st, 0), 0);
	assert_int_equal(st.st_nlink, 3);
	box_expect_file("c", "x");
}

static void test_hard_link_outside(void **state)
{
	(void)state;
	tar_make_header(&box.m, '1', "new", "../outside/secret", 0);
	box_expect_refused(EINVAL, "'new': hard link to a name outside");
}

static void test_hard_link_absolute(void **state)
{
	(void)state;
	tar_make_header(&box.m, '1', "new", box_outside("/secret"), 0);
	box_expect_refused(ENOENT, "cannot find what it is a hard link to");
}

static void test_hard_link_through_link(void **state)
{
	(void)state;
	tar_make_header(&box.m, '2', "l", "../outside", 0);
	tar_make_header(&box.m, '1', "new", "l/secret", 0);
	box_expect_refused(ENOENT, "cannot find what it is a hard link to");
}

/* A link to a link is that link, not what it names; writing to it then replaces only the name. */
static void test_hard_link_to_link(void **state)
{
	struct stat st;

	(void)state;
	tar_make_header(&box.m, '2', "l", box_outside("/secret"), 0);
	tar_make_header(&box.m, '1', "h", "l", 0);
	tar_make_file(&box.m, "h", "mine");
	box_expect_ok();
	assert_int_equal(fstatat(box.root, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	box_expect_file("h", "mine");
}

static void test_hard_link_to_folder(void **state)
{
	(void)state;
	tar_make_header(&box.m, '5', "d", "", 0);
	tar_make_header(&box.m, '1', "h", "d", 0);
	box_expect_refused(EPERM, "cannot make the hard link");
}

/* ---- whiteouts and attributes ---- */

static void test_whiteouts(void **state)
{
	(void)state;
	tar_make_file(&box.m, "d/keep", "x");
	tar_make_file(&box.m, "d/.wh.keep", "");
	tar_make_file(&box.m, "d/.wh..wh..opq", "");
	tar_make_file(&box.m, ".wh...", "");
	tar_make_file(&box.m, ".wh.d", "text");
	tar_make_header(&box.m, '3', "d/gone", "", 0);
	box_expect_ok();
	box_expect_file("d/keep", "x");
	box_expect_absent("d/.wh.keep");
	box_expect_absent(".wh.d");
	box_expect_absent("d/gone");
}

static void test_xattrs(void **state)
{
	char value[64];

	(void)state;
	tar_make_pax(&box.m, 'x', "SCHILY.xattr.user.note", "hi", 2);
	tar_make_file(&box.m, "a", "x");
	tar_make_pax(&box.m, 'x', "SCHILY.xattr.trusted.overlay.redirect", "/../../outside", 14);
	tar_make_header(&box.m, '5', "d", "", 0);
	tar_make_pax(&box.m, 'x', "SCHILY.xattr.security.evil", "1", 1);
	tar_make_file(&box.m, "b", "x");
	box_expect_ok();
	assert_int_equal(fchdir(box.root), 0);
	if (box.report.xattrs == 0) {
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
	tar_make_pax(&box.m, 'x', "SCHILY.xattr.security.capability", cap, sizeof(cap));
	tar_make_file(&box.m, "ping", "x");
	tar_make_patch(&box.m, 100, "0004755", 7);
	tar_make_patch(&box.m, 108, "0001750", 7);
	box_expect_ok();
	assert_int_equal(fchdir(box.root), 0);
	assert_int_equal(getxattr("ping", "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, cap, 20);
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_CASE(test_dotdot),
		BOX_CASE(test_dotdot_inside),
		BOX_CASE(test_absolute),
		BOX_CASE(test_root_only_as_folder),
		BOX_CASE(test_strange_bytes),
		BOX_CASE(test_component_too_long),
		BOX_CASE(test_through_link),
		BOX_CASE(test_through_relative_link),
		BOX_CASE(test_link_chain),
		BOX_CASE(test_file_over_link),
		BOX_CASE(test_folder_over_link),
		BOX_CASE(test_folder_becomes_link),
		BOX_CASE(test_full_folder_stays),
		BOX_CASE(test_mode_through_link),
		BOX_CASE(test_device_over_link),
		BOX_CASE(test_hard_link),
		BOX_CASE(test_hard_link_outside),
		BOX_CASE(test_hard_link_absolute),
		BOX_CASE(test_hard_link_through_link),
		BOX_CASE(test_hard_link_to_link),
		BOX_CASE(test_hard_link_to_folder),
		BOX_CASE(test_whiteouts),
		BOX_CASE(test_xattrs),
		BOX_CASE(test_file_capability),
	};

	return cmocka_run_group_tests_name("tar_unpack", tests, NULL, NULL);
}
