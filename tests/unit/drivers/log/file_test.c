// SPDX-License-Identifier: MIT
/* Log driver file: lines on disk, rotation, compression, following through it, a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/driver.h"

#define T0 1795452208123ULL /* 2026-11-23T16:43:28.123Z */

static const struct log_driver *file;
static struct log_args args;
static uint64_t now; /* of what write_numbers() writes when its clock stands still, else 0 */

struct got {
	char bytes[1 << 21];
	size_t len;
	unsigned int losses;
	uint64_t first_ms, last_ms;
};
static struct got got;

static void take(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	struct got *g = arg;

	if (!bytes) {
		g->losses++;
		return;
	}
	assert_true(len > 0 && g->len + len < sizeof(g->bytes));
	if (!g->len)
		g->first_ms = ms;
	memcpy(g->bytes + g->len, bytes, len);
	g->len += len;
	g->bytes[g->len] = 0;
	g->last_ms = ms;
}

static int fresh(void **state)
{
	(void)state;
	file = *__start_set_log;
	now = 0;
	args = (struct log_args){ .name = "web", .size = 20000, .files = 3 };
	snprintf(args.dir, sizeof(args.dir), "/tmp/file_test.XXXXXX");
	return mkdtemp(args.dir) ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	while (wait(NULL) > 0)
		;
	file->remove(&args);
	return rmdir(args.dir); /* fails when remove() left something */
}

static struct log *open_or_fail(void)
{
	struct err e = { 0 };
	struct log *l;

	if (file->open(&args, &l, &e))
		fail_msg("%s", e.msg);
	return l;
}

static struct got *read_all(uint64_t *cursor)
{
	struct err e = { 0 };

	got.len = got.losses = 0;
	got.bytes[0] = 0;
	if (file->read(&args, cursor, take, &got, &e) < 0)
		fail_msg("%s", e.msg);
	return &got;
}

static const char *content(const char *name)
{
	static char buf[1 << 16];
	char path[300];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", args.dir, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);
	buf[n] = 0;
	close(fd);
	return buf;
}

static bool exists(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", args.dir, name);
	return !access(path, F_OK);
}

static uint64_t stored_bytes(void)
{
	DIR *d = opendir(args.dir);
	uint64_t sum = 0;
	struct dirent *de;
	struct stat st;

	while ((de = readdir(d)))
		if (de->d_name[0] != '.' && !fstatat(dirfd(d), de->d_name, &st, 0))
			sum += (uint64_t)st.st_size;
	closedir(d);
	return sum;
}

static void text(struct log *l, uint64_t ms, const char *s)
{
	assert_true(file->write(l, ms, s, strlen(s)) > 0);
}

static void test_lines_have_their_time(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;

	(void)state;
	text(l, T0, "one\ntwo\n\nthr");
	text(l, T0 + 1000, "ee\nfour");
	assert_string_equal(content("web.log"),
			    "2026-11-23T16:43:28.123Z one\n2026-11-23T16:43:28.123Z two\n"
			    "2026-11-23T16:43:28.123Z \n2026-11-23T16:43:28.123Z three\n"
			    "2026-11-23T16:43:29.123Z four");
	read_all(&cursor);
	assert_string_equal(got.bytes, "one\ntwo\n\nthree\nfour");
	assert_int_equal(got.first_ms, T0);
	assert_int_equal(got.last_ms, T0 + 1000);
	text(l, T0, " and more\nfive\n");
	read_all(&cursor);
	assert_string_equal(got.bytes, " and more\nfive\n");
	read_all(&cursor);
	assert_string_equal(got.bytes, "");
	file->close(l);
}

static void test_an_open_line_is_ended_by_the_next_writer(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;

	(void)state;
	text(l, T0, "killed here");
	file->close(l);
	l = open_or_fail();
	text(l, T0, "2026-11-23T16:43:28.123Z looks like a time\n");
	file->close(l);
	read_all(&cursor);
	assert_string_equal(got.bytes, "killed here\n2026-11-23T16:43:28.123Z looks like a time\n");
}

static void test_foreign_lines_are_text(void **state)
{
	char path[300];
	uint64_t cursor = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/web.log", args.dir);
	f = fopen(path, "w");
	fputs("edited by hand\n2026-11-23T16:43:28.123Z real\n2026-99-23T16:43:28.123Z no\nshort\n\n",
	      f);
	fputs("2026-11-23T16:43:28.123Zx\n2026-11-23T16", f);
	fclose(f);
	read_all(&cursor);
	assert_string_equal(got.bytes,
			    "edited by hand\nreal\n2026-99-23T16:43:28.123Z no\nshort\n\n"
			    "2026-11-23T16:43:28.123Zx\n");
	f = fopen(path, "a"); /* the line whose beginning was not all there */
	fputs(":43:28.123Z whole\n", f);
	fclose(f);
	read_all(&cursor);
	assert_string_equal(got.bytes, "whole\n");
}

/* Numbered lines of uneven length until files have rotated away; what is left is their gapless end. */
static unsigned int check_numbers(const char *p, unsigned int expect)
{
	unsigned int n, width;

	for (; *p; p = strchr(p, '\n') + 1) {
		int used = 0;

		assert_int_equal(sscanf(p, "%u %*u%n", &n, &used), 1);
		width = n * 37 % 200 + 1;
		if (expect && n != expect)
			fail_msg("line %u, not %u", n, expect);
		assert_true((unsigned int)used >= width);
		assert_true(p[used] == '\n');
		expect = n + 1;
	}
	return expect;
}

static void write_numbers(struct log *l, unsigned int from, unsigned int to)
{
	char line[256];

	for (unsigned int n = from; n < to; n++) {
		int len = snprintf(line, sizeof(line), "%u %0*u\n", n, (int)(n * 37 % 200) + 1, n);

		/* in two pieces, so that rotation happens within lines */
		assert_true(file->write(l, now ?: T0 + n, line, (size_t)len / 2) >= 0);
		assert_true(file->write(l, now ?: T0 + n, line + len / 2,
					(size_t)(len - len / 2)) >= 0);
		if (n % 100 == 0) /* let the packer win sometimes; reap it as the supervisor does */
			usleep(3000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void test_rotation_keeps_the_newest_and_its_bound(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;

	(void)state;
	for (unsigned int n = 1; n < 3000; n += 100) {
		write_numbers(l, n, n + 100);
		assert_true(stored_bytes() <= 20000 * 5);
	}
	file->close(l);
	while (wait(NULL) > 0)
		;
	assert_true(exists("web.log"));
	assert_true(exists("web.log.3") || exists("web.log.3.lz4"));
	assert_false(exists("web.log.4"));
	assert_false(exists("web.log.4.lz4"));
	assert_false(exists("web.log.tmp"));
	assert_true(exists("web.log.1.lz4"));
	assert_false(exists("web.log.1"));
	read_all(&cursor);
	assert_int_equal(got.losses, 0);
	assert_true(got.len > 40000);
	*strchr(got.bytes, '\n') = ' '; /* the first may be the second half of a line */
	assert_int_equal(check_numbers(strchr(got.bytes, '\n') + 1, 0), 3001);
}

static void test_a_flood_fills_several_files_in_a_millisecond(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;

	(void)state;
	now = T0;
	write_numbers(l, 1, 3000);
	now = 0;
	file->close(l);
	read_all(&cursor);
	assert_int_equal(got.losses, 0);
	assert_true(got.len > 40000);
	*strchr(got.bytes, '\n') = ' ';
	assert_int_equal(check_numbers(strchr(got.bytes, '\n') + 1, 0), 3000);
}

static void test_a_follower_misses_nothing_through_rotation(void **state)
{
	static struct got all;
	struct log *l = open_or_fail();
	uint64_t cursor = 0;
	struct err e = { 0 };

	(void)state;
	all.len = 0;
	for (unsigned int n = 1; n < 2000; n += 50) {
		write_numbers(l, n, n + 50);
		assert_true(file->read(&args, &cursor, take, &all, &e) >= 0);
	}
	file->close(l);
	assert_int_equal(all.losses, 0);
	assert_int_equal(check_numbers(all.bytes, 1), 2001);
}

static void test_a_slow_follower_is_told(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;

	(void)state;
	write_numbers(l, 1, 20);
	read_all(&cursor);
	write_numbers(l, 20, 2000);
	read_all(&cursor);
	assert_int_equal(got.losses, 1);
	assert_true(got.len > 20000);
	file->close(l);
}

static void test_no_files_kept(void **state)
{
	struct log *l;

	(void)state;
	args.files = 0;
	l = open_or_fail();
	write_numbers(l, 1, 500);
	file->close(l);
	assert_false(exists("web.log.1"));
	assert_false(exists("web.log.1.lz4"));
	assert_true(stored_bytes() <= 20000);
}

static void test_packed_files_alone_are_read_whole(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;
	char path[300];

	(void)state;
	write_numbers(l, 1, 300);
	file->close(l);
	while (wait(NULL) > 0)
		;
	snprintf(path, sizeof(path), "%s/web.log", args.dir);
	assert_int_equal(truncate(path, 0), 0);
	assert_true(exists("web.log.1.lz4"));
	read_all(&cursor);
	assert_true(got.len > 10000);
	read_all(&cursor);
	assert_int_equal(got.len, 0);
}

static void test_a_damaged_old_file_costs_only_itself(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;
	char path[300];
	int fd;

	(void)state;
	/* Each file is packed before the next is full. */
	for (unsigned int n = 1; n < 1000; n += 20) {
		write_numbers(l, n, n + 20);
		while (wait(NULL) > 0)
			;
	}
	file->close(l);
	snprintf(path, sizeof(path), "%s/web.log.2.lz4", args.dir);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "rubbish", 7, 200), 7);
	close(fd);
	read_all(&cursor);
	assert_int_equal(got.losses, 1);
	assert_true(got.len > 20000);
}

/* A small file system of its own: nothing else can be full without harm. */
static void full_disk(void)
{
	struct log *l;
	uint64_t cursor = 0;
	char rubbish[5000];
	int rc = 0, i;

	if (mount("none", args.dir, "tmpfs", 0, "size=64k") < 0)
		_exit(77);
	args.size = 1 << 20;
	if (file->open(&args, &l, NULL))
		_exit(1);
	memset(rubbish, 'x', sizeof(rubbish));
	for (i = 0; i < 30 && rc >= 0; i++)
		rc = file->write(l, T0, rubbish, sizeof(rubbish));
	if (rc != -ENOSPC || i > 20)
		_exit(2);
	if (file->write(l, T0 + 1, "lost\n", 5) >= 0)
		_exit(3);
	snprintf(rubbish, sizeof(rubbish), "%s/web.log", args.dir);
	if (truncate(rubbish, 4000) || file->write(l, T0 + 5000, "back again\n", 11) < 0)
		_exit(4);
	file->close(l);
	if (file->read(&args, &cursor, take, &got, NULL) < 0 ||
	    !strstr(got.bytes, "bytes of output were lost here]\nback again\n"))
		_exit(5);
	_exit(0);
}

static void test_a_full_disk_loses_output_and_says_so(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(77);
		full_disk();
	}
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void test_missing_files(void **state)
{
	struct err e = { 0 };
	uint64_t cursor = 0;
	struct log *l;

	(void)state;
	assert_int_equal(file->read(&args, &cursor, take, NULL, &e), -ENOENT);
	assert_int_equal(file->remove(&args), 0);
	l = open_or_fail();
	assert_int_equal(read_all(&cursor)->len, 0); /* there, and empty */
	file->close(l);
	strcpy(args.dir + strlen(args.dir), "/web.log/none");
	assert_int_equal(file->open(&args, &l, &e), -ENOTDIR);
	assert_null(l);
	args.dir[strlen(args.dir) - strlen("/web.log/none")] = 0;
}

static bool has(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", args.dir, name);
	return access(path, F_OK) == 0;
}

static void test_removes_its_own_alone(void **state)
{
	static const char *const mine[] = { "web.log",	      "web.log.1",   "web.log.3.lz4",
					    "web.log.99.lz4", "web.log.tmp", "web.log.120" };
	static const char *const others[] = { "web",	     "web.logs",	  "web.log.log",
					      "web.log.x",   "web.log.01",	  "web.log.1.log",
					      "web.log.lz4", "web.log.1.lz4.log", "web2.log",
					      "a-web.log",   "web.log.1.gz" };
	char path[300];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(mine) + ARRAY_SIZE(others); i++) {
		snprintf(path, sizeof(path), "%s/%s", args.dir,
			 i < ARRAY_SIZE(mine) ? mine[i] : others[i - ARRAY_SIZE(mine)]);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	assert_int_equal(file->remove(&args), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(mine); i++)
		if (has(mine[i]))
			fail_msg("%s is still there", mine[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		if (!has(others[i]))
			fail_msg("%s is gone", others[i]);
		snprintf(path, sizeof(path), "%s/%s", args.dir, others[i]);
		unlink(path);
	}
	assert_int_equal(file->remove(&args), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines_have_their_time),
		TEST(test_an_open_line_is_ended_by_the_next_writer),
		TEST(test_foreign_lines_are_text),
		TEST(test_rotation_keeps_the_newest_and_its_bound),
		TEST(test_a_flood_fills_several_files_in_a_millisecond),
		TEST(test_a_follower_misses_nothing_through_rotation),
		TEST(test_a_slow_follower_is_told),
		TEST(test_no_files_kept),
		TEST(test_packed_files_alone_are_read_whole),
		TEST(test_a_damaged_old_file_costs_only_itself),
		TEST(test_a_full_disk_loses_output_and_says_so),
		TEST(test_missing_files),
		TEST(test_removes_its_own_alone),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
