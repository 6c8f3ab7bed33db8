// SPDX-License-Identifier: MIT
/* Log driver ring: against a plain model, continued, overtaken, shared by processes, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/driver.h"

static const struct log_driver *ring;
static struct log_args args;
static char path[300];

/* What a reader was given. */
struct got {
	char bytes[1 << 18];
	size_t len, lost;
	unsigned int losses;
	uint64_t last_ms;
};

static void take(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	struct got *g = arg;

	if (!bytes) {
		g->lost += len;
		g->losses++;
		return;
	}
	assert_true(len > 0 && g->len + len <= sizeof(g->bytes));
	memcpy(g->bytes + g->len, bytes, len);
	g->len += len;
	g->last_ms = ms;
}

static int fresh(void **state)
{
	(void)state;
	ring = *__start_set_log;
	args = (struct log_args){ .name = "web", .size = 4096 };
	snprintf(args.dir, sizeof(args.dir), "/tmp/ring_test.XXXXXX");
	if (!mkdtemp(args.dir))
		return -1;
	snprintf(path, sizeof(path), "%s/web.ring", args.dir);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	ring->remove(&args);
	return rmdir(args.dir);
}

static struct log *open_or_fail(void)
{
	struct err e = { 0 };
	struct log *l;

	if (ring->open(&args, &l, &e))
		fail_msg("%s", e.msg);
	assert_ptr_equal(l->driver, ring);
	return l;
}

static struct got *read_all(uint64_t *cursor)
{
	static struct got g;
	struct err e = { 0 };

	g.len = g.lost = g.losses = 0;
	if (ring->read(&args, cursor, take, &g, &e) < 0)
		fail_msg("%s", e.msg);
	return &g;
}

static void write_text(struct log *l, const char *text)
{
	assert_int_equal(ring->write(l, 1234, text, strlen(text)), 0);
}

static void test_what_is_written_is_read_again_and_again(void **state)
{
	struct log *l = open_or_fail();
	uint64_t cursor = 0;
	struct got *g;

	(void)state;
	g = read_all(&cursor);
	assert_int_equal(g->len, 0);
	write_text(l, "hello\n");
	write_text(l, "wor");
	g = read_all(&cursor);
	assert_int_equal(g->len, 9);
	assert_memory_equal(g->bytes, "hello\nwor", 9);
	assert_int_equal(g->last_ms, 1234);
	assert_int_equal(read_all(&cursor)->len, 0);
	write_text(l, "ld\n");
	g = read_all(&cursor);
	assert_memory_equal(g->bytes, "ld\n", 3);
	assert_int_equal(g->len, 3);
	cursor = 0;
	assert_int_equal(read_all(&cursor)->len, 12);
	ring->close(l);
}

/* Pieces of all lengths; what is there must be the end of what was written, and nearly a ring of it. */
static void test_the_newest_output_stays(void **state)
{
	static char model[1 << 21];
	size_t total = 0;

	(void)state;
	for (args.size = 100; args.size <= 400000; args.size = args.size * 3 + 7) {
		struct log *l = open_or_fail();
		uint64_t cursor = 0;
		struct got *g;

		for (int i = 0; i < 600; i++) {
			size_t len = (size_t)random() % (i % 50 == 49 ? 9000 : 90);

			if (total + len > sizeof(model))
				break;
			for (size_t n = 0; n < len; n++)
				model[total + n] = (char)random();
			assert_int_equal(ring->write(l, (uint64_t)i, model + total, len), 0);
			total += len;
			if (i % 13)
				continue;
			cursor = 0;
			g = read_all(&cursor);
			assert_int_equal(g->losses, 0);
			assert_true(g->len <= total);
			assert_memory_equal(g->bytes, model + total - g->len, g->len);
		}
		cursor = 0;
		g = read_all(&cursor);
		if (total > 4 * args.size) /* a record is 12 bytes, one block in 16 may be new */
			assert_true(g->len > (args.size < 1024 ? 256 : args.size / 2));
		ring->close(l);
		ring->remove(&args);
		total = 0;
	}
}

static void test_a_piece_larger_than_the_ring_keeps_its_tail(void **state)
{
	struct log *l = open_or_fail();
	static char big[70001];
	uint64_t cursor = 0, follow = 0;
	struct got *g;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 255);
	write_text(l, "before");
	read_all(&follow);
	assert_int_equal(ring->write(l, 1, big, sizeof(big)), 0);
	g = read_all(&cursor);
	assert_true(g->len > 3500 && g->len < 4096);
	assert_memory_equal(g->bytes, big + sizeof(big) - g->len, g->len);
	g = read_all(&follow);
	assert_true(g->lost > 60000);
	assert_int_equal(g->losses, 1);
	write_text(l, "after");
	g = read_all(&follow);
	assert_int_equal(g->len, 5);
	assert_int_equal(g->losses, 0);
	ring->close(l);
}

static void test_a_new_writer_continues(void **state)
{
	uint64_t cursor = 0;
	struct log *l = open_or_fail();
	struct got *g;
	struct stat st;

	(void)state;
	write_text(l, "one ");
	ring->close(l);
	l = open_or_fail();
	write_text(l, "two");
	g = read_all(&cursor);
	assert_int_equal(g->len, 7);
	assert_memory_equal(g->bytes, "one two", 7);
	ring->close(l);
	stat(path, &st);
	assert_int_equal(st.st_size, 64 + 4096);
	assert_int_equal(st.st_mode & 0777, 0600);
	args.size = 8192; /* another size begins anew, and the follower notices */
	l = open_or_fail();
	write_text(l, "three");
	g = read_all(&cursor);
	assert_memory_equal(g->bytes, "three", 5);
	assert_int_equal(g->len, 5);
	ring->close(l);
}

static void test_missing_and_damaged_rings(void **state)
{
	struct err e = { 0 };
	uint64_t cursor = 0;
	struct got *g;
	struct log *l;
	int fd;

	(void)state;
	assert_int_equal(ring->read(&args, &cursor, take, NULL, &e), -ENOENT);
	assert_int_equal(ring->remove(&args), 0);
	l = open_or_fail();
	write_text(l, "text");
	ring->close(l);
	for (off_t at = 0; at < 44; at++) {
		char b;

		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &b, 1, at), 1);
		b ^= 0x10;
		assert_int_equal(pwrite(fd, &b, 1, at), 1);
		cursor = 0;
		assert_int_equal(ring->read(&args, &cursor, take, NULL, &e), -EILSEQ);
		assert_non_null(strstr(e.msg, "damaged"));
		b ^= 0x10;
		assert_int_equal(pwrite(fd, &b, 1, at), 1);
		close(fd);
	}
	/* blocks gone: unreadable, and a writer begins anew */
	assert_int_equal(truncate(path, 64), 0);
	assert_int_equal(ring->read(&args, &cursor, take, NULL, &e), -EILSEQ);
	l = open_or_fail();
	write_text(l, "new");
	cursor = 0;
	g = read_all(&cursor);
	assert_int_equal(g->len, 3);
	ring->close(l);
}

/* ---- two processes --------------------------------------------------------------------------- */

static NORETURN void write_numbers(void)
{
	struct log *l = open_or_fail();
	char line[400];

	/* A test that fails must not leave it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int n = 0;; n++) {
		int len = snprintf(line, sizeof(line), "%u %0*u %u\n", n, (int)(n * 37 % 300) + 1,
				   n, n);

		ring->write(l, n, line, (size_t)len);
		if (n % 16 == 0)
			usleep(1);
	}
}

/* Lines as they were written, except where the writer was faster: there one may begin or end cut. */
static unsigned int check_numbers(struct got *g, unsigned int after)
{
	char *line = g->bytes, *end;

	g->bytes[g->len] = 0;
	for (; (end = strchr(line, '\n')); line = end + 1) {
		unsigned int a, b, c;

		*end = 0;
		if (sscanf(line, "%u %u %u", &a, &b, &c) != 3)
			fail_msg("torn line '%s'", line);
		if (a != b || b != c || (after && a != after + 1))
			fail_msg("line '%s' after %u", line, after);
		after = a;
	}
	memmove(g->bytes, line, g->len -= (size_t)(line - g->bytes));
	return after;
}

/* Lines are cut at a gap: goes to a moment without one, which is between lines. */
static void skip_to_now(struct got *g, uint64_t *cursor)
{
	struct err e = { 0 };

	do {
		g->len = g->losses = 0;
		*cursor = 0;
		if (ring->read(&args, cursor, take, g, &e) < 0)
			fail_msg("%s", e.msg);
	} while (g->losses);
	g->len = 0;
}

static void test_a_reader_never_sees_half_a_write(void **state)
{
	static struct got g;
	struct err e = { 0 };
	unsigned int last = 0, seen = 0;
	uint64_t cursor = 0;
	pid_t pid;

	(void)state;
	args.size = 16384;
	pid = fork();
	if (!pid)
		write_numbers();
	while (access(path, F_OK))
		usleep(100);
	/* the writer may have gone round before we look for the first time */
	skip_to_now(&g, &cursor);
	/* how often the reader meets the writer is the machine's affair; some hundred times are wanted */
	for (int i = 0; i < 4000 || (seen <= 100 && i < 4000000); i++) {
		g.losses = 0;
		if (ring->read(&args, &cursor, take, &g, &e) < 0)
			fail_msg("%s", e.msg);
		if (g.losses) {
			last = 0;
			skip_to_now(&g, &cursor);
			continue;
		}
		last = check_numbers(&g, last);
		seen += last != 0;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(seen > 100);
	/* the killed writer's ring is whole, and goes on */
	ring->close(open_or_fail());
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_written_is_read_again_and_again),
		TEST(test_the_newest_output_stays),
		TEST(test_a_piece_larger_than_the_ring_keeps_its_tail),
		TEST(test_a_new_writer_continues),
		TEST(test_missing_and_damaged_rings),
		TEST(test_a_reader_never_sees_half_a_write),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
