/* SPDX-License-Identifier: MIT */
/*
 * LZ4 streams: what lz4(1) and we write is read back, whatever pieces the input comes in; every
 * damaged, truncated or lying frame is an error and never wrong bytes.
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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "drivers/codec/xxh32.h"

/*
 * A stream over memory that lends at most step bytes at a time, from a buffer it overwrites each
 * time.
 */
struct mem_stream {
	struct stream base;
	const uint8_t *p;
	size_t len, step;
	uint8_t lent[4096];
};

static ssize_t mem_next(struct stream *s, const uint8_t **bytes, struct err *e)
{
	struct mem_stream *m = container_of(s, struct mem_stream, base);
	size_t n = m->len < m->step ? m->len : m->step;

	(void)e;
	memset(m->lent, 0xee, sizeof(m->lent));
	memcpy(m->lent, m->p, n);
	*bytes = m->lent;
	m->p += n;
	m->len -= n;
	return (ssize_t)n;
}

static void mem_close(struct stream *s)
{
	free(container_of(s, struct mem_stream, base));
}

/* Decodes all; returns the length, or -errno. out may be NULL. */
static ssize_t decode(const void *in, size_t len, size_t step, uint8_t *out, struct err *e)
{
	struct mem_stream *m = calloc(1, sizeof(*m));
	struct stream *s;
	const uint8_t *bytes;
	ssize_t n, total = 0;

	m->base.next = mem_next;
	m->base.close = mem_close;
	m->p = in;
	m->len = len;
	m->step = step;
	s = codec_by_name("lz4")->decode(&m->base, e);
	assert_non_null(s);
	while ((n = s->next(s, &bytes, e)) > 0) {
		if (out)
			memcpy(out + total, bytes, (size_t)n);
		total += n;
	}
	s->close(s);
	return n < 0 ? n : total;
}

enum { RAW = 3 << 20, ROOM = 9 << 20 };
static uint8_t raw[RAW], packed[ROOM], back[ROOM];

/* Text-like at first, then noise, then zeros, so that all kinds of blocks appear. */
static int setup(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < RAW; i++) {
		x = x * 1664525 + 1013904223;
		if (i < RAW / 3)
			raw[i] = "the quick brown fox, jumps"[(x >> 24) % 5 + i % 20];
		else if (i < RAW * 2 / 3)
			raw[i] = (uint8_t)(x >> 24);
	}
	return 0;
}

/*
 * Runs lz4(1) over len bytes of raw with the given options; returns the packed length, 0 without
 * lz4.
 */
static size_t lz4_tool(const char *options, size_t len)
{
	char in[32], cmd[128];
	int src = memfd_create("raw", 0), dst = memfd_create("packed", 0);
	ssize_t n;
	pid_t pid;
	int status;

	assert_int_equal(fd_write(src, raw, len), 0);
	snprintf(in, sizeof(in), "/proc/self/fd/%d", src);
	snprintf(cmd, sizeof(cmd), "exec lz4 -q %s -c <%s", options, in);
	pid = fork();
	if (pid == 0) {
		dup2(dst, 1);
		execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	lseek(dst, 0, SEEK_SET);
	n = fd_read(dst, packed, sizeof(packed));
	close(src);
	close(dst);
	return status == 0 && n > 0 ? (size_t)n : 0;
}

static void expect_raw(size_t packed_len, size_t len, size_t step)
{
	struct err e = { 0 };
	ssize_t n = decode(packed, packed_len, step, back, &e);

	if (n != (ssize_t)len)
		fail_msg("decoded %zd of %zu: %s", n, len, e.msg);
	assert_memory_equal(back, raw, len);
}

static void test_tool(void **state)
{
	static const char *const options[] = {
		"-1",
		"-B4",
		"-B4 -BD",
		"-B5 -BD",
		"-B6 -BD -BX",
		"-B7 -BD",
		"-9 -B4 -BX",
		"-B4 --no-frame-crc",
		"--content-size -B6",
		"-l",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t len = lz4_tool(options[i], RAW);

		if (!len)
			skip();
		expect_raw(len, RAW, 4096);
		expect_raw(len, RAW, 4001);
	}
}

static size_t encode(size_t len)
{
	int src = memfd_create("raw", 0), dst = memfd_create("packed", 0);
	struct err e = { 0 };
	ssize_t n;

	assert_int_equal(fd_write(src, raw, len), 0);
	lseek(src, 0, SEEK_SET);
	assert_int_equal(codec_by_name("lz4")->encode(src, dst, &e), 0);
	lseek(dst, 0, SEEK_SET);
	n = fd_read(dst, packed, sizeof(packed));
	close(src);
	close(dst);
	assert_true(n > 0);
	return (size_t)n;
}

static void test_encode(void **state)
{
	static const size_t lens[] = { 0, 1, 2, 65535, 65536, 65537, RAW };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		expect_raw(encode(lens[i]), lens[i], 1000);
}

static void test_encode_is_read_by_tool(void **state)
{
	char cmd[64];
	size_t len = encode(RAW);
	int fd = memfd_create("packed", 0);

	(void)state;
	if (system("command -v lz4 >/dev/null") != 0)
		skip();
	assert_int_equal(fd_write(fd, packed, len), 0);
	snprintf(cmd, sizeof(cmd), "lz4 -q -t </proc/%d/fd/%d", (int)getpid(), fd);
	assert_int_equal(system(cmd), 0);
	close(fd);
}

static void test_frames_in_a_row(void **state)
{
	uint8_t skip_frame[] = { 0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' };
	size_t one = encode(1000), len = one;

	(void)state;
	memcpy(packed + len, skip_frame, sizeof(skip_frame));
	len += sizeof(skip_frame);
	memcpy(packed + len, packed, one);
	len += one;
	assert_int_equal(decode(packed, len, 7, back, NULL), 2000);
	assert_memory_equal(back, raw, 1000);
	assert_memory_equal(back + 1000, raw, 1000);
	packed[len] = 0;
	assert_int_equal(decode(packed, len + 1, 4096, back, NULL), -EILSEQ);
}

static void test_legacy_then_frame(void **state)
{
	size_t legacy = lz4_tool("-l", 5000), frame;
	uint8_t *copy;

	(void)state;
	if (!legacy)
		skip();
	copy = malloc(legacy);
	memcpy(copy, packed, legacy);
	frame = encode(5000);
	memmove(packed + legacy, packed, frame);
	memcpy(packed, copy, legacy);
	free(copy);
	assert_int_equal(decode(packed, legacy + frame, 99, back, NULL), 10000);
}

/* Every truncation is an error, except where a legacy frame could end. */
static void test_truncated(void **state)
{
	size_t len = encode(70000);

	(void)state;
	for (size_t cut = 0; cut < len; cut += cut < 64 || len - cut < 64 ? 1 : 997) {
		struct err e = { 0 };

		assert_int_equal(decode(packed, cut, 4096, back, &e), -EILSEQ);
		assert_non_null(strstr(e.msg, "lz4: "));
	}
}

/* One flipped bit anywhere is found, by a checksum or by the format. */
static void test_flipped(void **state)
{
	size_t len = encode(3000);

	(void)state;
	for (size_t i = 0; i < len * 8; i++) {
		struct err e = { 0 };
		ssize_t n;

		packed[i / 8] ^= (uint8_t)(1U << i % 8);
		n = decode(packed, len, 4096, back, &e);
		/* A match may be found at another offset too: then the bytes are the same. */
		if (n >= 0 && (n != 3000 || memcmp(back, raw, 3000) != 0))
			fail_msg("bit %zu flipped and %zd other bytes came out", i, n);
		packed[i / 8] ^= (uint8_t)(1U << i % 8);
	}
}

static void test_lies(void **state)
{
	uint8_t h[] = { 0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82, 0xff, 0xff, 0xff, 0x7f };
	uint8_t dict[] = { 0x04, 0x22, 0x4D, 0x18, 0x61, 0x40, 1, 2, 3, 4, 0 };
	uint8_t size[] = {
		0x04, 0x22, 0x4D, 0x18, 0x68, 0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
	};
	uint8_t skip_frame[] = { 0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82, 0,	 0,   0,
				 0,    0x50, 0x2A, 0x4D, 0x18, 0xff, 0xff, 0xff, 0xff };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(decode(h, sizeof(h), 64, back, &e), -EILSEQ);
	assert_non_null(strstr(e.msg, "block longer"));
	assert_int_equal(decode(dict, sizeof(dict), 64, back, &e), -ENOTSUP);
	size[14] = xxh32(size + 4, 10) >> 8 & 0xff;
	assert_int_equal(decode(size, sizeof(size), 64, back, &e), -EILSEQ);
	assert_non_null(strstr(e.msg, "less content"));
	assert_int_equal(decode(skip_frame, sizeof(skip_frame), 64, back, &e), -EILSEQ);
	assert_int_equal(decode("", 0, 64, back, &e), -EILSEQ);
	assert_int_equal(decode("hello, world", 12, 64, back, &e), -EILSEQ);
}

static void test_find(void **state)
{
	(void)state;
	assert_null(codec_find((const uint8_t *)"hsqs", 4));
	assert_null(codec_find((const uint8_t *)"\x04\x22\x4d", 3));
	assert_non_null(codec_find((const uint8_t *)"\x04\x22\x4d\x18", 4));
	assert_null(codec_by_name("lz5"));
}

static void test_file_stream(void **state)
{
	int fd = memfd_create("raw", 0);
	struct err e = { 0 };
	struct stream *s = stream_of_fd(fd, "raw", &e);
	const uint8_t *bytes;
	ssize_t n, total = 0;

	(void)state;
	assert_int_equal(fd_write(fd, raw, RAW), 0);
	lseek(fd, 0, SEEK_SET);
	for (; (n = s->next(s, &bytes, &e)) > 0; total += n)
		assert_memory_equal(bytes, raw + total, (size_t)n);
	assert_int_equal(total, RAW);
	close(fd);
	assert_int_equal(s->next(s, &bytes, &e), -EBADF);
	assert_non_null(strstr(e.msg, "raw: cannot read"));
	s->close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tool),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_encode_is_read_by_tool),
		cmocka_unit_test(test_frames_in_a_row),
		cmocka_unit_test(test_legacy_then_frame),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_file_stream),
	};

	return cmocka_run_group_tests_name("lz4", tests, setup, NULL);
}
