/* SPDX-License-Identifier: MIT */
/*
 * Layers over one another: whiteouts and opaque folders in every order, and those that aim elsewhere. What is
 * outside of the root stays as it was (the teardown of every test looks).
 */
#include "tests/unit/drivers/image/tar_box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tar_limits limits;

static int setup(void **state)
{
	limits = (struct tar_limits){ .entries = 100000, .bytes = 100 << 20, .depth = 4096 };
	return box_setup(state);
}

/* Ends the archive, unpacks it as the next layer, and begins another. */
static int layer(void)
{
	int r;

	tar_make_end(&box.m);
	box.e = (struct err){ 0 };
	r = tar_unpack_layer(tar_make_stream(box.m.p, box.m.len, 1000), box.root, &limits,
			     &box.report, &box.e);
	tar_make_free(&box.m);
	return r;
}

static void layer_ok(void)
{
	int r = layer();

	if (r != 0)
		fail_msg("%d %s", r, box.e.msg);
}

static void layer_refused(int code, const char *why)
{
	int r = layer();

	if (r != -code || !strstr(box.e.msg, why))
		fail_msg("%d '%s', expected %d '%s'", r, box.e.msg, -code, why);
}

static void base(void)
{
	tar_make_file(&box.m, "etc/a", "a");
	tar_make_file(&box.m, "etc/b", "b");
	tar_make_file(&box.m, "etc/sub/deep/c", "c");
	tar_make_file(&box.m, "usr/d", "d");
	tar_make_header(&box.m, '1', "usr/hard", "etc/a", 0);
	tar_make_header(&box.m, '2', "link", "etc", 0);
	layer_ok();
}

static void test_whiteout(void **state)
{
	(void)state;
	base();
	tar_make_file(&box.m, "etc/.wh.a", "");
	tar_make_file(&box.m, ".wh.usr", "");
	tar_make_file(&box.m, "etc/.wh.not-there", "");
	tar_make_file(&box.m, "gone/.wh.x", "");
	tar_make_file(&box.m, "etc/b/.wh.x", "");
	layer_ok();
	box_expect_absent("etc/a");
	box_expect_absent("usr");
	box_expect_absent("gone");
	box_expect_absent("etc/.wh.a");
	box_expect_file("etc/b", "b");
}

static void test_opaque(void **state)
{
	(void)state;
	base();
	tar_make_file(&box.m, "etc/.wh..wh..opq", "");
	tar_make_file(&box.m, "etc/new", "n");
	layer_ok();
	box_expect_absent("etc/a");
	box_expect_absent("etc/sub");
	box_expect_file("etc/new", "n");
	box_expect_file("usr/hard", "a");
}

/* What the same layer brings stays, wherever the whiteout comes. */
static void test_order(void **state)
{
	(void)state;
	base();
	tar_make_file(&box.m, "etc/new", "n");
	tar_make_file(&box.m, "etc/sub/deep/new", "n");
	tar_make_file(&box.m, "etc/a", "A");
	tar_make_file(&box.m, "etc/.wh.a", "");
	tar_make_file(&box.m, "etc/.wh..wh..opq", "");
	tar_make_file(&box.m, ".wh.usr", "");
	tar_make_file(&box.m, "usr/fresh", "f");
	tar_make_file(&box.m, ".wh.usr", "");
	layer_ok();
	box_expect_file("etc/new", "n");
	box_expect_file("etc/sub/deep/new", "n");
	box_expect_file("etc/a", "A");
	box_expect_absent("etc/b");
	box_expect_absent("etc/sub/deep/c");
	box_expect_absent("usr/d");
	box_expect_file("usr/fresh", "f");
}

static void test_whole_root(void **state)
{
	(void)state;
	base();
	tar_make_file(&box.m, "only", "o");
	tar_make_file(&box.m, ".wh..wh..opq", "");
	layer_ok();
	box_expect_file("only", "o");
	box_expect_absent("etc");
	box_expect_absent("usr");
	box_expect_absent("link");
}

static void test_kinds_change(void **state)
{
	struct stat st;

	(void)state;
	base();
	tar_make_file(&box.m, "etc", "now a file");
	tar_make_header(&box.m, '5', "usr/d/", "", 0);
	tar_make_header(&box.m, '5', "link", "", 0);
	tar_make_file(&box.m, "link/x", "x");
	layer_ok();
	box_expect_file("etc", "now a file");
	assert_int_equal(fstatat(box.root, "usr/d", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	box_expect_file("link/x", "x");
}

/* A hard link to a file of an older layer, and the file replaced afterwards. */
static void test_hard_links(void **state)
{
	(void)state;
	base();
	tar_make_header(&box.m, '1', "etc/other", "usr/d", 0);
	layer_ok();
	tar_make_file(&box.m, "usr/d", "new");
	layer_ok();
	box_expect_file("etc/other", "d");
	box_expect_file("usr/d", "new");
	tar_make_header(&box.m, '1', "etc/none", "usr/none", 0);
	layer_refused(ENOENT, "hard link");
}

static void test_aimed_outside(void **state)
{
	(void)state;
	base();
	tar_make_file(&box.m, "../outside/.wh.secret", "");
	layer_refused(EINVAL, "'..'");
	tar_make_file(&box.m, "etc/.wh...", "");
	layer_refused(EINVAL, "whiteout of a folder by itself");
	tar_make_file(&box.m, "etc/.wh..", "");
	layer_refused(EINVAL, "whiteout of a folder by itself");
	tar_make_file(&box.m, "etc/.wh.", "");
	layer_refused(EINVAL, "whiteout of a folder by itself");
	tar_make_header(&box.m, '2', "up", "../outside", 0);
	tar_make_header(&box.m, '2', "abs", box_outside(""), 0);
	layer_ok();
	tar_make_file(&box.m, "up/.wh.secret", "");
	tar_make_file(&box.m, "abs/.wh.secret", "");
	tar_make_file(&box.m, "abs/.wh..wh..opq", "");
	tar_make_file(&box.m, "up/.wh..wh..opq", "");
	layer_ok();
	box_expect_file("etc/a", "a");
}

/* The opaque folder is itself a link: the link is not followed to what is hidden. */
static void test_link_to_opaque(void **state)
{
	(void)state;
	base();
	tar_make_file(&box.m, ".wh.link", "");
	tar_make_file(&box.m, "etc/.wh..wh.aufs", "");
	tar_make_file(&box.m, ".wh..wh.plnk/1.2", "");
	layer_ok();
	box_expect_absent("link");
	box_expect_absent(".wh..wh.plnk");
	box_expect_file("etc/a", "a");
}

static void test_limits_are_shared(void **state)
{
	(void)state;
	limits.entries = 8;
	base();
	tar_make_file(&box.m, "one", "1");
	tar_make_file(&box.m, ".wh.x", "");
	tar_make_file(&box.m, "two", "2");
	layer_refused(E2BIG, "entries");
	limits.entries = 100;
	limits.bytes = 5;
	tar_make_file(&box.m, "three", "333");
	layer_ok();
	tar_make_file(&box.m, "four", "4444");
	layer_refused(EFBIG, "more data");
}

static void test_deep(void **state)
{
	char path[3000] = "";

	(void)state;
	for (int i = 0; i < 1400; i++)
		strcat(path, "d/");
	strcat(path, "f");
	tar_make_pax(&box.m, 'x', "path", path, strlen(path));
	tar_make_file(&box.m, "x", "x");
	layer_ok();
	strcpy(path + strlen(path) - 1, "g");
	tar_make_pax(&box.m, 'x', "path", path, strlen(path));
	tar_make_file(&box.m, "x", "y");
	tar_make_file(&box.m, "d/.wh..wh..opq", "");
	layer_ok();
	box_expect_file(path, "y");
	path[strlen(path) - 1] = 'f';
	box_expect_absent(path);
}

int main(void)
{
#define LAYER_CASE(f) cmocka_unit_test_setup_teardown(f, setup, box_teardown)
	const struct CMUnitTest tests[] = {
		LAYER_CASE(test_whiteout),
		LAYER_CASE(test_opaque),
		LAYER_CASE(test_order),
		LAYER_CASE(test_whole_root),
		LAYER_CASE(test_kinds_change),
		LAYER_CASE(test_hard_links),
		LAYER_CASE(test_aimed_outside),
		LAYER_CASE(test_link_to_opaque),
		LAYER_CASE(test_limits_are_shared),
		LAYER_CASE(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
