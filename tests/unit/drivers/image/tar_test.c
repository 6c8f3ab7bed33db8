/* SPDX-License-Identifier: MIT */
/*
 * Tar images in the store: unpacked once by content, found again by file identity, whole or not at
 * all, by several starters at once, after a maker that died, on a full device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "tests/unit/drivers/image/tar_make.h"

static char top[64];
static struct image img;
static struct err e;
static struct tar_make m;

static void put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(fd_write(fd, bytes, len), 0);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/tar_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	snprintf(paths.data, sizeof(paths.data), "%s/data", top);
	e = (struct err){ 0 };
	for (int i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%d/f%d", i % 7, i);
		tar_make_file(&m, name, "some text");
	}
	tar_make_end(&m);
	put("a.tar", m.p, m.len);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tar_make_free(&m);
	assert_int_equal(chdir("/"), 0);
	umount(top);
	return path_remove(AT_FDCWD, top);
}

static int prepare(const char *name)
{
	int r = image_open(&img, name, &e);

	return r < 0 ? r : image_prepare(&img, &e);
}

static void expect_prepared(const char *name)
{
	int r = prepare(name);
	char text[16];

	if (r < 0)
		fail_msg("%s: %d %s", name, r, e.msg);
	assert_int_equal(fd_read_text(img.tree, "d3/f3", text, sizeof(text)), 9);
}

/* Names in the store: *trees whole ones, *temps temporary ones, *files remembered files. */
static void count(int *trees, int *temps, int *files)
{
	DIR *d = opendir("data/images/trees");
	struct dirent *entry;

	*trees = *temps = *files = 0;
	while (d && (entry = readdir(d)) != NULL) {
		*temps += strncmp(entry->d_name, ".tmp-", 5) == 0;
		*trees += strlen(entry->d_name) == 64;
	}
	if (d)
		closedir(d);
	d = opendir("data/images/trees/.by-file");
	while (d && (entry = readdir(d)) != NULL)
		*files += entry->d_name[0] != '.';
	if (d)
		closedir(d);
}

static void expect_count(int want_trees, int want_temps, int want_files)
{
	int trees, temps, files;

	count(&trees, &temps, &files);
	assert_int_equal(trees, want_trees);
	assert_int_equal(temps, want_temps);
	assert_int_equal(files, want_files);
}

static void test_once(void **state)
{
	struct stat first, again;

	(void)state;
	expect_prepared("a.tar");
	assert_int_equal(fstat(img.tree, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0755);
	image_close(&img);
	expect_prepared("a.tar");
	assert_int_equal(fstat(img.tree, &again), 0);
	image_close(&img);
	assert_int_equal(again.st_ino, first.st_ino);
	expect_count(1, 0, 1);
	/* Another file with the same content. */
	put("b.tar", m.p, m.len);
	expect_prepared("b.tar");
	assert_int_equal(fstat(img.tree, &again), 0);
	image_close(&img);
	assert_int_equal(again.st_ino, first.st_ino);
	expect_count(1, 0, 2);
	assert_int_equal(stat("data/images/trees", &again), 0);
	assert_int_equal(again.st_mode & 0777, 0700);
}

static void test_name_is_hash(void **state)
{
	char cmd[256];

	(void)state;
	expect_prepared("a.tar");
	image_close(&img);
	snprintf(cmd, sizeof(cmd), "test -d data/images/trees/$(sha256sum <a.tar | cut -c 1-64)");
	assert_int_equal(system(cmd), 0);
}

static void test_changed_file(void **state)
{
	(void)state;
	expect_prepared("a.tar");
	image_close(&img);
	tar_make_file(&m, "ignored after the end mark", "x");
	put("a.tar", m.p, m.len);
	expect_prepared("a.tar");
	image_close(&img);
	expect_count(2, 0, 2);
}

static void test_compressed(void **state)
{
	int in = open("a.tar", O_RDONLY), out = open("a.lz4", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	(void)state;
	assert_int_equal(codec_by_name("lz4")->encode(in, out, &e), 0);
	close(in);
	close(out);
	expect_prepared("a.lz4");
	image_close(&img);
	/* Half of it. */
	assert_int_equal(truncate("a.lz4", 200), 0);
	assert_int_equal(prepare("a.lz4"), -EILSEQ);
	assert_non_null(strstr(e.msg, "a.lz4: lz4: truncated"));
	image_close(&img);
	expect_count(1, 0, 1);
	/* Not a tar inside. */
	put("text", "hello, world, hello, world", 26);
	in = open("text", O_RDONLY);
	out = open("t.lz4", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(codec_by_name("lz4")->encode(in, out, &e), 0);
	close(in);
	close(out);
	assert_int_equal(prepare("t.lz4"), -EILSEQ);
	assert_non_null(strstr(e.msg, "t.lz4: tar: "));
	image_close(&img);
	expect_count(1, 0, 1);
}

static void test_evil_leaves_nothing(void **state)
{
	(void)state;
	tar_make_free(&m);
	tar_make_file(&m, "a", "x");
	tar_make_file(&m, "../b", "x");
	tar_make_end(&m);
	put("a.tar", m.p, m.len);
	assert_int_equal(prepare("a.tar"), -EINVAL);
	assert_non_null(strstr(e.msg, "a.tar: tar: '../b'"));
	image_close(&img);
	expect_count(0, 0, 0);
}

/* A maker was killed: its folder is there and nobody has locked it. */
static void test_dead_maker(void **state)
{
	(void)state;
	assert_int_equal(path_mkdirs("data/images/trees/.tmp-1-2-3/tree/half", 0700), 0);
	expect_prepared("a.tar");
	image_close(&img);
	expect_count(1, 0, 1);
}

/* Killed at any moment: the next start has a whole tree, the next unpack removes what was left. */
static void test_killed(void **state)
{
	uint8_t *longer = calloc(1, m.len + 512);

	(void)state;
	assert_non_null(longer);
	memcpy(longer, m.p, m.len);
	put("other.tar", longer, m.len + 512);
	free(longer);
	/* its children, which have its lock, come to us */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (int i = 0; i < 12; i++) {
		pid_t pid = fork();
		int trees, temps, files;

		if (pid == 0)
			_exit(prepare("a.tar") < 0);
		usleep((useconds_t)(i * 1500));
		kill(pid, SIGKILL);
		while (waitpid(-1, NULL, 0) > 0)
			;
		expect_prepared("a.tar");
		assert_int_equal(faccessat(img.tree, "d3/f199", F_OK, 0), 0);
		image_close(&img);
		expect_prepared("other.tar");
		image_close(&img);
		count(&trees, &temps, &files);
		assert_int_equal(trees, 2);
		assert_int_equal(temps, 0);
		assert_int_equal(path_remove(AT_FDCWD, "data"), 0);
	}
}

static void test_at_once(void **state)
{
	pid_t pids[6];
	int status;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(prepare("a.tar") < 0 || faccessat(img.tree, "d3/f199", F_OK, 0) < 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	expect_count(1, 0, 1);
}

static void test_full_device(void **state)
{
	char text[9000];

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir("small", 0755) < 0 ||
	    mount("tmpfs", "small", "tmpfs", 0, "size=64k") < 0)
		skip();
	snprintf(paths.data, sizeof(paths.data), "%s/small", top);
	/* Seen before writing. */
	assert_int_equal(prepare("a.tar"), -ENOSPC);
	assert_non_null(strstr(e.msg, "a.tar: unpacking needs"));
	image_close(&img);
	/* Seen while writing: compressed it would fit. */
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tar_make_free(&m);
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%d", i);
		tar_make_file(&m, name, text);
	}
	tar_make_end(&m);
	put("a.tar", m.p, m.len);
	assert_int_equal(system("exec 3<a.tar; rm a.tar; true"), 0);
	put("b.tar", m.p, m.len);
	{
		int in = open("b.tar", O_RDONLY),
		    out = open("b.lz4", O_WRONLY | O_CREAT | O_TRUNC, 0644);

		assert_int_equal(codec_by_name("lz4")->encode(in, out, &e), 0);
		close(in);
		close(out);
	}
	assert_int_equal(prepare("b.lz4"), -ENOSPC);
	assert_non_null(strstr(e.msg, "b.lz4: tar: 'f"));
	assert_non_null(strstr(e.msg, "No space left"));
	image_close(&img);
	assert_int_equal(system("test -z \"$(ls -A small/images/trees)\""), 0);
	assert_int_equal(umount("small"), 0);
}

static void test_attach(void **state)
{
	struct statvfs fs;
	int r;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	expect_prepared("a.tar");
	assert_int_equal(mkdir("root", 0755), 0);
	r = img.driver->attach(&img, "root", &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(access("root/d3/f3", R_OK), 0);
	assert_int_equal(statvfs("root", &fs), 0);
	assert_true(fs.f_flag & ST_RDONLY);
	assert_true(fs.f_flag & ST_NODEV);
	assert_int_equal(open("root/new", O_WRONLY | O_CREAT, 0644), -1);
	assert_int_equal(errno, EROFS);
	image_close(&img);
	assert_int_equal(umount("root"), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_once),
		CASE(test_name_is_hash),
		CASE(test_changed_file),
		CASE(test_compressed),
		CASE(test_evil_leaves_nothing),
		CASE(test_dead_maker),
		CASE(test_killed),
		CASE(test_at_once),
		CASE(test_full_device),
		CASE(test_attach),
	};

	return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
