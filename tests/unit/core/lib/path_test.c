/* SPDX-License-Identifier: MIT */
/*
 * path.c against hostile trees: links to outside, "..", loops, procfs links, deep trees. The walk
 * by hand must answer what openat2(2) answers, in every case of one table.
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
#include <sys/mount.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"

static char top[64];
static int root = -1;

static void put(const char *path, const char *text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	close(fd);
}

/* top/outside is what must never be reached, top/root is the root. */
static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/path_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	root = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(root, "root", 0755), 0);
	put("outside", "outside");
	close(root);
	strcat(top, "/root");
	root = open(top, O_RDONLY | O_DIRECTORY);
	assert_true(root >= 0);
	assert_int_equal(mkdirat(root, "d", 0755), 0);
	assert_int_equal(mkdirat(root, "d/e", 0755), 0);
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	put("d/e/f", "f");
	put("etc/passwd", "inside");
	put("outside", "inner");
	assert_int_equal(symlinkat("../../../../etc/passwd", root, "d/up"), 0);
	assert_int_equal(symlinkat("/etc/passwd", root, "d/abs"), 0);
	assert_int_equal(symlinkat("/", root, "d/slash"), 0);
	assert_int_equal(symlinkat("..", root, "d/dots"), 0);
	assert_int_equal(symlinkat("e/", root, "d/etrail"), 0);
	assert_int_equal(symlinkat("loop2", root, "loop1"), 0);
	assert_int_equal(symlinkat("loop1", root, "loop2"), 0);
	assert_int_equal(symlinkat("d/../d/./e/../../d/e", root, "wind"), 0);
	assert_int_equal(symlinkat("missing/place", root, "dangling"), 0);
	assert_int_equal(symlinkat("../../outside", root, "d/out"), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(root);
	*strrchr(top, '/') = '\0';
	return path_remove(AT_FDCWD, top);
}

static const struct look {
	const char *path;
	int flags;
	int want;	  /* 0 or -errno */
	const char *text; /* content, NULL for folders and O_PATH */
} looks[] = {
	{ "d/e/f", O_RDONLY, 0, "f" },
	{ "/d/e/f", O_RDONLY, 0, "f" },
	{ "//d///e//f", O_RDONLY, 0, "f" },
	{ "../../../d/e/f", O_RDONLY, 0, "f" },
	{ "d/../d/./e/../e/f", O_RDONLY, 0, "f" },
	{ "d/up", O_RDONLY, 0, "inside" },
	{ "d/abs", O_RDONLY, 0, "inside" },
	{ "d/out", O_RDONLY, 0, "inner" },
	{ "../outside", O_RDONLY, 0, "inner" },
	{ "d/slash/etc/passwd", O_RDONLY, 0, "inside" },
	{ "d/slash/../../etc/passwd", O_RDONLY, 0, "inside" },
	{ "d/dots/etc/passwd", O_RDONLY, 0, "inside" },
	{ "wind/f", O_RDONLY, 0, "f" },
	{ "d/etrail/f", O_RDONLY, 0, "f" },
	{ "d/etrail", O_RDONLY | O_DIRECTORY, 0, NULL },
	{ "d/etrail/", O_PATH | O_NOFOLLOW, 0, NULL },
	{ "d/slash/", O_PATH | O_DIRECTORY, 0, NULL },
	{ ".", O_RDONLY | O_DIRECTORY, 0, NULL },
	{ "/", O_PATH, 0, NULL },
	{ "..", O_PATH | O_DIRECTORY, 0, NULL },
	{ "d/..", O_PATH | O_DIRECTORY, 0, NULL },
	{ "d/abs", O_PATH | O_NOFOLLOW, 0, NULL },
	{ "d/abs", O_RDONLY | O_NOFOLLOW, -ELOOP, NULL },
	{ "loop1", O_RDONLY, -ELOOP, NULL },
	{ "loop1/x", O_PATH, -ELOOP, NULL },
	{ "", O_RDONLY, -ENOENT, NULL },
	{ "nothing", O_RDONLY, -ENOENT, NULL },
	{ "nothing/x", O_RDONLY, -ENOENT, NULL },
	{ "dangling", O_RDONLY, -ENOENT, NULL },
	{ "d/e/f/x", O_RDONLY, -ENOTDIR, NULL },
	{ "d/e/f/..", O_RDONLY, -ENOTDIR, NULL },
	{ "d/e/f/", O_RDONLY, -ENOTDIR, NULL },
	{ "d/abs/", O_RDONLY, -ENOTDIR, NULL },
	{ "d/e/f", O_PATH | O_DIRECTORY, -ENOTDIR, NULL },
	{ "d/e/f", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, NULL },
	{ "dangling", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, NULL },
};

static void check_looks(int (*open_beneath)(int, const char *, int, mode_t))
{
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		const struct look *l = &looks[i];
		AUTO_FD int fd =
			open_beneath(root, l->path, l->flags, l->flags & O_CREAT ? 0600 : 0);
		char buf[32] = "";

		if ((fd < 0 ? fd : 0) != l->want)
			fail_msg("'%s' flags %o: %d, expected %d", l->path, (unsigned int)l->flags,
				 fd, l->want);
		if (!l->text)
			continue;
		assert_true(fd_read(fd, buf, sizeof(buf) - 1) >= 0);
		if (strcmp(buf, l->text) != 0)
			fail_msg("'%s' holds '%s', expected '%s'", l->path, buf, l->text);
	}
}

static void test_open(void **state)
{
	(void)state;
	check_looks(path_open_beneath);
}

static void test_walk(void **state)
{
	(void)state;
	check_looks(path_walk_beneath);
}

static void test_create(void **state)
{
	AUTO_FD int fd = -1;
	struct stat st;

	(void)state;
	fd = path_walk_beneath(root, "d/new", O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fstatat(root, "d/new", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(unlinkat(root, "d/new", 0), 0);
}

static void check_magic(int (*open_beneath)(int, const char *, int, mode_t))
{
	AUTO_FD int proc = open("/proc", O_PATH | O_DIRECTORY);
	AUTO_FD int fd = -1;

	assert_int_equal(open_beneath(proc, "self/root/etc", O_PATH, 0), -ELOOP);
	assert_int_equal(open_beneath(proc, "self/fd/0/x", O_PATH, 0), -ELOOP);
	assert_int_equal(open_beneath(proc, "self/ns/mnt", O_RDONLY, 0), -ELOOP);
	/* Ordinary links of procfs still work. */
	fd = open_beneath(proc, "mounts", O_RDONLY, 0);
	assert_true(fd >= 0);
}

static void test_magic(void **state)
{
	(void)state;
	check_magic(path_open_beneath);
	check_magic(path_walk_beneath);
}

static void test_parent(void **state)
{
	char name[16];
	int fd;

	(void)state;
	assert_int_equal(path_open_parent(root, "", false, name, sizeof(name)), -EINVAL);
	assert_int_equal(path_open_parent(root, "/", false, name, sizeof(name)), -EINVAL);
	assert_int_equal(path_open_parent(root, "d/..", false, name, sizeof(name)), -EINVAL);
	assert_int_equal(path_open_parent(root, "d/.", false, name, sizeof(name)), -EINVAL);
	assert_int_equal(
		path_open_parent(root, "d/a-name-that-is-too-long", false, name, sizeof(name)),
		-ENAMETOOLONG);
	assert_int_equal(path_open_parent(root, "no/x", false, name, sizeof(name)), -ENOENT);
	fd = path_open_parent(root, "d/abs/", false, name, sizeof(name));
	assert_true(fd >= 0);
	assert_string_equal(name, "abs");
	close(fd);
	fd = path_open_parent(root, "made/on/way/leaf", true, name, sizeof(name));
	assert_true(fd >= 0);
	assert_string_equal(name, "leaf");
	close(fd);
	assert_int_equal(faccessat(root, "made/on/way", F_OK, 0), 0);
	assert_int_equal(path_remove(root, "made"), 0);
}

static void test_mkdirs(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	fd = path_mkdirs_beneath(root, "d/slash/../../a/b/c", 0700);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fstatat(root, "a/b/c", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(path_mkdirs_beneath(root, "d/e/f/g", 0755), -ENOTDIR);
	/* A dangling link inside: what it names is made. */
	fd = path_mkdirs_beneath(root, "dangling/x", 0755);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(faccessat(root, "missing/place/x", F_OK, 0), 0);
	assert_int_equal(path_remove(root, "missing"), 0);
	assert_int_equal(path_remove(root, "a"), 0);
}

static void test_mount_point(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(path_mount_point(root, "d", true), -EISDIR);
	assert_int_equal(path_mount_point(root, "etc/passwd", false), -ENOTDIR);
	assert_int_equal(symlinkat("../../../../../../tmp/../outside2", root, "etc/resolv.conf"),
			 0);
	fd = path_mount_point(root, "etc/resolv.conf", true);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(faccessat(root, "outside2", F_OK, 0), 0);
	assert_int_equal(faccessat(root, "../outside2", F_OK, 0), -1);
	fd = path_mount_point(root, "etc/new/file", true);
	assert_true(fd >= 0);
	close(fd);
	fd = path_mount_point(root, "etc/new/dir/", false);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(path_remove(root, "etc/new"), 0);
	assert_int_equal(unlinkat(root, "outside2", 0), 0);
}

static void test_remove_deep(void **state)
{
	int fd = openat(root, "d", O_PATH | O_DIRECTORY);

	(void)state;
	/* Deeper than any path: no single path can name the bottom. */
	for (int i = 0; i < 6000; i++) {
		int sub;

		assert_int_equal(mkdirat(fd, "x", 0755), 0);
		assert_int_equal(symlinkat("/etc", fd, "link"), 0);
		sub = openat(fd, "x", O_PATH | O_DIRECTORY);
		assert_true(sub >= 0);
		close(fd);
		fd = sub;
	}
	close(fd);
	assert_int_equal(path_remove(root, "d/x"), 0);
	assert_int_equal(faccessat(root, "d/x", F_OK, 0), -1);
	assert_int_equal(path_remove(root, "d/x"), 0);
	assert_int_equal(path_remove(root, "d/slash"), 0);
	assert_int_equal(faccessat(root, "etc/passwd", F_OK, 0), 0);
	assert_int_equal(symlinkat("/", root, "d/slash"), 0);
	unlinkat(root, "d/link", 0);
}

static void test_remove_mount(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(root, "m", 0755), 0);
	assert_int_equal(mkdirat(root, "m/n", 0755), 0);
	put("m/a", "a");
	if (fchdir(root) < 0 || mount("d", "m/n", NULL, MS_BIND, NULL) < 0) {
		path_remove(root, "m");
		skip();
	}
	assert_int_equal(path_remove(root, "m"), -EBUSY);
	assert_int_equal(faccessat(root, "d/e/f", F_OK, 0), 0);
	assert_int_equal(umount("m/n"), 0);
	assert_int_equal(path_remove(root, "m"), 0);
	assert_int_equal(chdir("/"), 0);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(path_is_name("web"));
	assert_true(path_is_name("0.a_b-c"));
	assert_true(
		path_is_name("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_false(
		path_is_name("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_false(path_is_name(""));
	assert_false(path_is_name("."));
	assert_false(path_is_name(".a"));
	assert_false(path_is_name("-a"));
	assert_false(path_is_name("a..b"));
	assert_false(path_is_name("a/b"));
	assert_false(path_is_name("a\n"));
	assert_false(path_is_name("\xc3\xa4"));
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("a/"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	     cmocka_unit_test(test_walk),
		cmocka_unit_test(test_create),	     cmocka_unit_test(test_magic),
		cmocka_unit_test(test_parent),	     cmocka_unit_test(test_mkdirs),
		cmocka_unit_test(test_mount_point),  cmocka_unit_test(test_remove_deep),
		cmocka_unit_test(test_remove_mount), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
