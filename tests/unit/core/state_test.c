// SPDX-License-Identifier: MIT
/* The state file: layout, torn writes at every byte, killed writers, creators and claimers that race. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/state.h"

static char dir[64], path[80];

static int fresh_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/state_test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char temp[96];

	(void)state;
	snprintf(temp, sizeof(temp), "%s.new", path);
	unlink(temp);
	unlink(path);
	return rmdir(dir);
}

static void open_or_fail(struct state *s, uint32_t capacity, bool writable)
{
	struct err e = { 0 };

	if (state_open(s, path, capacity, writable, false, &e))
		fail_msg("%s", e.msg);
}

/* Every member different and with high bytes, so that a swapped or cut field shows. */
static struct state_record sample(const char *name, uint32_t n)
{
	struct state_record r = {
		.kind = STATE_CONTAINER,
		.phase = STATE_RUNNING,
		.cause = STATE_CAUSE_OOM,
		.exit = 200,
		.reset = 3,
		.flags = 0x81020304 + n,
		.pid = 0x01020304,
		.ticks = 0x0102030405060708,
		.owner = 0x11121314,
		.owner_ticks = 0x2122232425262728,
		.restarts = 0x31323334,
		.failures = 0x41424344,
		.ooms = 0x51525354,
		.created = 0x6162636465666768,
		.started = 0x7172737475767778,
		.ended = 0x8182838485868788,
		.missing = 0x91929394,
		.image = "images/web.sqfs",
	};

	snprintf(r.name, sizeof(r.name), "%s", name);
	return r;
}

static void poke(off_t at, const void *p, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, len, at), len);
	close(fd);
}

static void peek(off_t at, void *p, size_t len)
{
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, p, len, at), len);
	close(fd);
}

/* ---- content --------------------------------------------------------------------------------- */

static void test_a_record_comes_back_whole(void **state)
{
	struct state s, reader;
	struct state_record r, want = sample("web", 0);
	struct err e = { 0 };
	int slot;

	(void)state;
	open_or_fail(&s, 64, true);
	slot = state_claim(&s, STATE_CONTAINER, "web", &r, &e);
	assert_int_equal(slot, 0);
	assert_string_equal(r.name, "web");
	assert_int_equal(r.pid, 0);
	assert_int_equal(state_put(&s, 0, &want), 0);

	open_or_fail(&reader, 0, false);
	assert_non_null(reader.file.map);
	assert_int_equal(state_find(&reader, STATE_CONTAINER, "web", &r), 0);
	assert_memory_equal(&r, &want, sizeof(r));
	assert_int_equal(state_find(&reader, STATE_SYSTEM, "web", &r), -ENOENT);
	assert_int_equal(state_find(&reader, STATE_CONTAINER, "we", &r), -ENOENT);
	assert_int_equal(state_put(&reader, 0, &want), -EBADF);
	state_close(&reader);
	state_close(&s);
}

static void test_bytes_are_as_documented(void **state)
{
	struct state s;
	struct state_record r, want = sample("web", 0);
	struct err e = { 0 };
	uint8_t b[STATE_COPY];

	(void)state;
	open_or_fail(&s, 64, true);
	state_claim(&s, STATE_CONTAINER, "web", &r, &e);
	state_put(&s, 0, &want);
	state_close(&s);
	peek(0, b, 24);
	assert_memory_equal(b, "myctrst\0\1\0\0\0\0\1\0\0\x40\0\0\0", 20);
	assert_int_equal(le_get32(b + 20), hash_crc32c(0, b, 20));
	peek(2 * STATE_PAGE, b, STATE_COPY); /* the second write went to the second copy */
	assert_int_equal(le_get32(b), hash_crc32c(0, b + 4, STATE_COPY - 4));
	assert_int_equal(le_get32(b + 4), 2);
	assert_int_equal(le_get16(b + 8), STATE_CONTAINER);
	assert_memory_equal(b + 12, "web\0", 4);
	assert_memory_equal(b + 76, "\x02\x03\xc8\x03\x04\x03\x02\x81\x04\x03\x02\x01", 12);
	assert_memory_equal(b + 144, "\x94\x93\x92\x91images/web.sqfs\0", 20);
	for (int i = 188; i < STATE_COPY; i++)
		assert_int_equal(b[i], 0);
}

static void test_names_without_end_are_cut(void **state)
{
	struct state s;
	struct state_record r;
	struct err e = { 0 };
	uint8_t b[STATE_COPY];
	char name[70];

	(void)state;
	open_or_fail(&s, 64, true);
	state_claim(&s, STATE_CONTAINER, "web", &r, &e);
	peek(STATE_PAGE, b, STATE_COPY);
	memset(b + 12, 'x', 64);
	memset(b + 148, 'y', 40);
	le_put32(b, hash_crc32c(0, b + 4, STATE_COPY - 4));
	poke(STATE_PAGE, b, STATE_COPY);
	assert_int_equal(state_get(&s, 0, &r), 0);
	assert_int_equal(strlen(r.name), 63);
	assert_int_equal(strlen(r.image), 39);
	memset(name, 'n', sizeof(name));
	name[64] = 0;
	assert_int_equal(state_claim(&s, STATE_CONTAINER, name, &r, &e), -EINVAL);
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "", &r, &e), -EINVAL);
	state_close(&s);
}

/* ---- torn writes ----------------------------------------------------------------------------- */

/*
 * A power cut leaves any prefix of the new copy over the old bytes, or any damaged byte in it: the
 * older record must come back each time, and the next write must work.
 */
static void tear(size_t at, const uint8_t *before, const uint8_t *after, bool flip)
{
	uint8_t b[STATE_COPY];
	struct state s;
	struct state_record r;

	memcpy(b, after, STATE_COPY);
	if (flip)
		b[at] ^= 0x20;
	else
		memcpy(b + at, before + at, STATE_COPY - at);
	poke(STATE_PAGE, b, STATE_COPY);
	open_or_fail(&s, 0, false);
	assert_int_equal(state_get(&s, 0, &r), 0);
	assert_int_equal(r.flags, sample("web", 1).flags);
	assert_string_equal(r.name, "web");
	state_close(&s);
	open_or_fail(&s, 0, true);
	r = sample("web", 3);
	assert_int_equal(state_put(&s, 0, &r), 0);
	assert_int_equal(state_get(&s, 0, &r), 0);
	assert_int_equal(r.flags, sample("web", 3).flags);
	state_close(&s);
}

static void test_a_torn_write_leaves_the_older_record(void **state)
{
	uint8_t before[STATE_COPY], after[STATE_COPY], other[STATE_COPY];
	struct state s;
	struct state_record r;
	struct err e = { 0 };

	(void)state;
	open_or_fail(&s, 64, true);
	state_claim(&s, STATE_CONTAINER, "web", &r, &e); /* first copy, 1 */
	r = sample("web", 1);
	state_put(&s, 0, &r); /* second copy, 2: the one that must survive */
	peek(STATE_PAGE, before, STATE_COPY);
	peek(2 * STATE_PAGE, other, STATE_COPY);
	r = sample("web", 2);
	state_put(&s, 0, &r); /* first copy, 3: torn below */
	peek(STATE_PAGE, after, STATE_COPY);
	state_close(&s);
	for (size_t at = 0; at < STATE_COPY; at++) {
		if (memcmp(before + at, after + at, STATE_COPY - at) != 0) {
			tear(at, before, after, false);
			poke(2 * STATE_PAGE, other, STATE_COPY);
		}
		tear(at, before, after, true);
		poke(2 * STATE_PAGE, other, STATE_COPY);
	}
}

static void test_a_file_cut_anywhere_is_read(void **state)
{
	struct state s;
	struct state_record r;
	struct err e = { 0 };

	(void)state;
	open_or_fail(&s, 64, true);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(state_claim(&s, STATE_CONTAINER, name, &r, &e), i);
	}
	state_close(&s);
	for (off_t size = 5 * STATE_PAGE; size >= 0; size -= 97) {
		assert_int_equal(truncate(path, size), 0);
		if (size < 24) {
			assert_int_equal(state_open(&s, path, 64, true, false, &e), -EILSEQ);
			continue;
		}
		open_or_fail(&s, 0, false);
		for (uint32_t i = 0; i < 70; i++)
			state_get(&s, i, &r);
		if (size >= 3 * STATE_PAGE)
			assert_int_equal(state_find(&s, STATE_CONTAINER, "c7", NULL), 7);
		state_close(&s);
	}
}

static void test_both_copies_damaged_is_an_error(void **state)
{
	struct state s;
	struct state_record r;
	struct err e = { 0 };

	(void)state;
	open_or_fail(&s, 16, true);
	for (int i = 0; i < 16; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(state_claim(&s, STATE_CONTAINER, name, &r, &e), i);
	}
	state_put(&s, 0, &r);
	poke(STATE_PAGE + 100, "?", 1);
	assert_int_equal(state_get(&s, 0, &r), 0);
	poke(2 * STATE_PAGE + 100, "?", 1);
	assert_int_equal(state_get(&s, 0, &r), -EILSEQ);
	assert_int_equal(state_get_copy(&s, 0, 0, NULL, NULL), -EILSEQ);
	assert_int_equal(state_get_copy(&s, 1, 0, &r, NULL), 1);
	assert_string_equal(r.name, "c1");
	assert_int_equal(state_get_copy(&s, 1, 1, &r, NULL), 0);
	/* lost anyway, so it is the slot taken when no free one is left */
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "new", &r, &e), 0);
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "more", &r, &e), -ENOSPC);
	assert_non_null(strstr(e.msg, "all 16 records are in use"));
	state_close(&s);
}

static void test_sequence_numbers_wrap(void **state)
{
	struct state s;
	struct state_record r;
	struct err e = { 0 };
	uint8_t b[STATE_COPY];
	uint32_t seq;

	(void)state;
	open_or_fail(&s, 64, true);
	state_claim(&s, STATE_CONTAINER, "web", &r, &e);
	peek(STATE_PAGE, b, STATE_COPY);
	le_put32(b + 4, UINT32_MAX - 1);
	le_put32(b, hash_crc32c(0, b + 4, STATE_COPY - 4));
	poke(STATE_PAGE, b, STATE_COPY);
	for (uint32_t i = 1; i < 6; i++) {
		r = sample("web", i);
		state_put(&s, 0, &r);
		assert_int_equal(state_get(&s, 0, &r), 0);
		assert_int_equal(r.flags, sample("web", i).flags);
	}
	assert_int_equal(state_get_copy(&s, 0, 1, NULL, &seq), 1);
	assert_int_equal(seq, 3);
	state_close(&s);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void test_an_unknown_version_is_refused_and_kept(void **state)
{
	struct state s;
	struct err e = { 0 };
	uint8_t head[24], now[24];

	(void)state;
	open_or_fail(&s, 64, true);
	state_close(&s);
	peek(0, head, 24);
	le_put32(head + 8, 7);
	poke(0, head, 24);
	assert_int_equal(state_open(&s, path, 64, true, false, &e), -EPROTO);
	assert_non_null(strstr(e.msg, "version 7"));
	assert_non_null(strstr(e.msg, "knows 1"));
	assert_int_equal(s.file.fd, -1);
	peek(0, now, 24);
	assert_memory_equal(head, now, 24);
}

static void test_headers_that_lie_are_refused(void **state)
{
	struct state s;
	struct err e = { 0 };
	uint8_t head[24];

	(void)state;
	open_or_fail(&s, 64, true);
	state_close(&s);
	peek(0, head, 24);
	for (int bit = 0; bit < 24 * 8; bit++) {
		head[bit / 8] ^= (uint8_t)(1 << bit % 8);
		poke(0, head, 24);
		assert_true(state_open(&s, path, 64, bit & 1, false, &e) < 0);
		head[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	poke(0, head, 24);
	open_or_fail(&s, 64, true);
	state_close(&s);
}

static void test_missing_and_forbidden_files(void **state)
{
	struct state s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(state_open(&s, path, 64, false, false, &e), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(state_open(&s, "/nonexistent/state", 64, true, false, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/state"));
	assert_int_equal(state_open(&s, dir, 64, true, false, &e), -EISDIR);
	assert_int_equal(state_open(&s, path, 64, true, true, &e), 0);
	state_close(&s);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static void test_the_file_grows_and_is_full_at_its_capacity(void **state)
{
	struct state s, reader;
	struct state_record r;
	struct err e = { 0 };
	struct stat st;
	char name[16];

	(void)state;
	open_or_fail(&s, 40, true);
	open_or_fail(&reader, 0, false);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(state_claim(&s, STATE_CONTAINER, name, &r, &e), i);
		assert_int_equal(state_find(&reader, STATE_CONTAINER, name, NULL), i);
	}
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "c40", &r, &e), -ENOSPC);
	stat(path, &st);
	assert_int_equal(st.st_size, 7 * STATE_PAGE);
	assert_int_equal(state_drop(&s, 5, "c6"), -ENOENT);
	assert_int_equal(state_drop(&s, 5, "c5"), 0);
	assert_int_equal(state_drop(&s, 5, "c5"), -ENOENT);
	assert_int_equal(state_get(&reader, 5, &r), -ENOENT);
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "c40", &r, &e), 5);
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "c39", &r, &e), 39);
	state_close(&s);
	open_or_fail(&s, 48, true); /* a build with more room */
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "c41", &r, &e), 40);
	state_close(&s);
	state_close(&reader);
}

static void test_the_lock_spans_calls(void **state)
{
	struct state s;
	struct state_record r;
	struct err e = { 0 };
	int status;
	pid_t pid;

	(void)state;
	open_or_fail(&s, 64, true);
	assert_int_equal(state_lock(&s), 0);
	assert_int_equal(state_lock(&s), -EDEADLK);
	assert_int_equal(state_claim(&s, STATE_CONTAINER, "a", &r, &e), 0);
	pid = fork();
	if (!pid) {
		struct state mine;

		alarm(5);
		state_open(&mine, path, 64, true, false, &e);
		_exit(state_claim(&mine, STATE_CONTAINER, "b", &r, &e));
	}
	usleep(50000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(state_find(&s, STATE_CONTAINER, "b", NULL), -ENOENT);
	state_unlock(&s);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 1 << 8);
	state_close(&s);
}

/* ---- many processes -------------------------------------------------------------------------- */

#define CREATORS 16

static NORETURN void create_and_claim(int i, int start)
{
	struct err e = { 0 };
	struct state s;
	struct state_record r;
	char name[16];

	alarm(20);
	if (read(start, name, 1) != 0 || state_open(&s, path, 64, true, false, &e))
		_exit(200);
	snprintf(name, sizeof(name), "c%d", i);
	for (int n = 0; n < 20; n++)
		if (state_claim(&s, STATE_CONTAINER, name, &r, &e) < 0 ||
		    state_claim(&s, STATE_CONTAINER, "shared", &r, &e) < 0)
			_exit(201);
	_exit(0);
}

static void race_of_creators(void)
{
	struct state s;
	struct state_record r;
	unsigned int used = 0;
	char name[16];
	int start[2];

	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < CREATORS; i++)
		if (!fork()) {
			close(start[1]);
			create_and_claim(i, start[0]);
		}
	close(start[0]);
	close(start[1]); /* off they go */
	for (int i = 0, status; i < CREATORS; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	open_or_fail(&s, 0, false);
	for (uint32_t i = 0; i < s.file.slots; i++)
		used += !state_get(&s, i, &r);
	assert_int_equal(used, CREATORS + 1);
	for (int i = 0; i < CREATORS; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_true(state_find(&s, STATE_CONTAINER, name, NULL) >= 0);
	}
	state_close(&s);
}

static void test_creators_that_race_share_one_file(void **state)
{
	char temp[96];

	(void)state;
	snprintf(temp, sizeof(temp), "%s.new", path);
	for (int round = 0; round < 60; round++) {
		race_of_creators();
		assert_int_equal(access(temp, F_OK), -1);
		unlink(path);
	}
}

static void test_a_temporary_left_by_a_crash_is_used_again(void **state)
{
	char temp[96];
	struct state s;
	int fd;

	(void)state;
	snprintf(temp, sizeof(temp), "%s.new", path);
	fd = open(temp, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "half a head", 11), 11);
	close(fd);
	open_or_fail(&s, 64, true);
	state_close(&s);
	assert_int_equal(access(temp, F_OK), -1);
}

/* Writes 1, 2, 3, ... to one record and tells after each what is done, until it is killed. */
static NORETURN void write_for_ever(int tell)
{
	struct err e = { 0 };
	struct state s;
	struct state_record r;
	int slot;

	state_open(&s, path, 64, true, false, &e);
	slot = state_claim(&s, STATE_CONTAINER, "web", &r, &e);
	for (uint32_t n = r.restarts + 1;; n++) {
		r = sample("web", 0);
		r.restarts = n;
		r.ticks = (uint64_t)n << 32 | n;
		if (slot < 0 || state_put(&s, (uint32_t)slot, &r) ||
		    write(tell, &n, sizeof(n)) != sizeof(n))
			_exit(1);
	}
}

static void test_a_killed_writer_loses_nothing_it_told(void **state)
{
	struct state s;
	struct state_record r = { 0 };
	uint32_t told = 0, n;
	int status;

	(void)state;
	for (int round = 0; round < 60; round++) {
		int tell[2];
		pid_t pid;

		assert_int_equal(pipe(tell), 0);
		pid = fork();
		if (!pid)
			write_for_ever(tell[1]);
		close(tell[1]);
		assert_int_equal(read(tell[0], &told, sizeof(told)), sizeof(told));
		usleep((useconds_t)(random() % 3000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		while (read(tell[0], &n, sizeof(n)) == sizeof(n))
			told = n;
		close(tell[0]);
		open_or_fail(&s, 0, false);
		assert_int_equal(state_find(&s, STATE_CONTAINER, "web", &r), 0);
		assert_in_range(r.restarts, told, told + 1);
		assert_int_equal(r.ticks, (uint64_t)r.restarts << 32 | r.restarts);
		state_close(&s);
	}
}

static void test_readers_see_whole_records_while_one_writes(void **state)
{
	struct state s;
	struct state_record r;
	uint32_t last = 0, n;
	int tell[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(tell), 0);
	pid = fork();
	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), 1);
		close(tell[0]);
		fcntl(tell[1], F_SETFL, O_NONBLOCK);
		n = 0;
		if (write(tell[1], &n, 1) == 1)
			write_for_ever(open("/dev/null", O_WRONLY));
		_exit(1);
	}
	assert_int_equal(read(tell[0], &n, 1), 1);
	while (access(path, F_OK))
		usleep(100);
	do {
		open_or_fail(&s, 0, false);
		if (state_find(&s, STATE_CONTAINER, "web", &r) < 0)
			state_close(&s);
	} while (s.file.fd < 0);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(state_get(&s, 0, &r), 0);
		assert_true(r.restarts >= last);
		assert_int_equal(r.ticks, r.restarts ? (uint64_t)r.restarts << 32 | r.restarts : 0);
		last = r.restarts;
	}
	assert_true(last > 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(tell[0]);
	close(tell[1]);
	state_close(&s);
}

/* On a file system of its own that has room for one group and a half. */
static void full_disk(void)
{
	struct err e = { 0 };
	struct state s;
	struct state_record r;
	char name[16];
	int slot = 0;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=16k"))
		_exit(77);
	if (state_open(&s, path, 64, true, false, &e))
		_exit(1);
	for (int i = 0; slot >= 0; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		slot = state_claim(&s, STATE_CONTAINER, name, &r, &e);
	}
	if (slot != -ENOSPC || strcmp(name, "c16") != 0 ||
	    !strstr(e.msg, "cannot make a record for c16"))
		_exit(2);
	/* what is there can be changed, and the failed one has left nothing */
	slot = state_claim(&s, STATE_CONTAINER, "c3", &r, &e);
	r.pid = 5;
	if (slot != 3 || state_put(&s, 3, &r) ||
	    state_find(&s, STATE_CONTAINER, "c16", NULL) != -ENOENT)
		_exit(3);
	state_close(&s);
	_exit(state_open(&s, path, 64, false, false, &e) ||
	      state_find(&s, STATE_CONTAINER, "c15", NULL) != 15);
}

static void test_a_full_disk_is_an_error(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (!pid)
		full_disk();
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void test_durable_writes_reach_the_device(void **state)
{
	struct err e = { 0 };
	struct state s;

	(void)state;
	assert_int_equal(state_open(&s, path, 64, true, true, &e), 0);
	assert_int_equal(fcntl(s.file.fd, F_GETFL) & O_DSYNC, O_DSYNC);
	assert_null(s.file.map); /* a page that cannot be read must not kill a supervisor */
	state_close(&s);
}

static void test_phase_names(void **state)
{
	(void)state;
	assert_string_equal(state_phase_name(STATE_RUNNING), "running");
	assert_string_equal(state_phase_name(STATE_FAILED), "failed");
	assert_string_equal(state_phase_name(200), "unknown");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_record_comes_back_whole),
		TEST(test_bytes_are_as_documented),
		TEST(test_names_without_end_are_cut),
		TEST(test_a_torn_write_leaves_the_older_record),
		TEST(test_a_file_cut_anywhere_is_read),
		TEST(test_both_copies_damaged_is_an_error),
		TEST(test_sequence_numbers_wrap),
		TEST(test_an_unknown_version_is_refused_and_kept),
		TEST(test_headers_that_lie_are_refused),
		TEST(test_missing_and_forbidden_files),
		TEST(test_the_file_grows_and_is_full_at_its_capacity),
		TEST(test_the_lock_spans_calls),
		TEST(test_creators_that_race_share_one_file),
		TEST(test_a_temporary_left_by_a_crash_is_used_again),
		TEST(test_a_killed_writer_loses_nothing_it_told),
		TEST(test_readers_see_whole_records_while_one_writes),
		TEST(test_a_full_disk_is_an_error),
		TEST(test_durable_writes_reach_the_device),
		cmocka_unit_test(test_phase_names),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
