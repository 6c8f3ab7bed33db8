/* SPDX-License-Identifier: MIT */
/*
 * LZ4 frames as a stream: standard, legacy and skippable ones, one after the other, with every
 * checksum verified. Only the block codec comes from liblz4. Memory is one compressed and one
 * decoded block plus 64 KiB of history, by the block size in the frame's header; nothing else
 * grows. Source: lz4_Frame_format.md 1.6.2 of the LZ4 project.
 */
#include <errno.h>
#include <inttypes.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "drivers/codec/xxh32.h"

#define LZ4_MAGIC 0x184D2204U
#define LZ4_MAGIC_LEGACY 0x184C2102U
#define LZ4_MAGIC_SKIP 0x184D2A50U /* and the 15 numbers after it */
#define LZ4_STORED 0x80000000U

enum {
	LZ4_HISTORY = 64 << 10,
	LZ4_LEGACY_BLOCK = 8 << 20,
	LZ4_ENCODE_BLOCK = 64 << 10,
	LZ4_SLACK = 256 << 10, /* decoded bytes kept before the history is moved down again */
};

enum lz4_place { LZ4_BETWEEN, LZ4_IN_FRAME, LZ4_IN_LEGACY };

struct lz4_stream {
	struct stream base;
	struct stream *in;
	const uint8_t *p; /* what in has lent us and is not used yet */
	size_t n;
	uint64_t at; /* offset of p in the compressed bytes, for messages */

	enum lz4_place place;
	bool any; /* a frame was seen */
	bool linked, block_sum, content_sum, content_size;
	uint64_t size, done; /* of this frame's content */
	struct xxh32 sum;

	size_t block_max;
	uint8_t *block; /* a compressed block that in lends in pieces */
	size_t block_room;
	uint8_t *out; /* history, then the decoded block */
	size_t out_room, out_used;
};

static int lz4_bad(const struct lz4_stream *s, const char *why, struct err *e)
{
	return err_set(e, EILSEQ, "lz4: %s at offset %" PRIu64, why, s->at);
}

/* Makes sure that at least one byte is at p. 1, or 0 at the end of the input. */
static int lz4_fill(struct lz4_stream *s, struct err *e)
{
	ssize_t n;

	if (s->n)
		return 1;
	n = s->in->next(s->in, &s->p, e);
	if (n <= 0)
		return (int)n;
	s->n = (size_t)n;
	return 1;
}

static void lz4_used(struct lz4_stream *s, size_t len)
{
	s->p += len;
	s->n -= len;
	s->at += len;
}

/* Copies len bytes to buf, or only skips them when buf is NULL. */
static int lz4_take(struct lz4_stream *s, void *buf, uint64_t len, struct err *e)
{
	uint8_t *to = buf;

	while (len) {
		int r = lz4_fill(s, e);
		size_t take = (size_t)min_u64(len, s->n);

		if (r < 0)
			return r;
		if (r == 0)
			return lz4_bad(s, "truncated, ends", e);
		if (to) {
			memcpy(to, s->p, take);
			to += take;
		}
		lz4_used(s, take);
		len -= take;
	}
	return 0;
}

static int lz4_take32(struct lz4_stream *s, uint32_t *v, struct err *e)
{
	uint8_t b[4];
	int r = lz4_take(s, b, sizeof(b), e);

	if (r == 0)
		*v = le_get32(b);
	return r;
}

static int lz4_grow(uint8_t **buf, size_t *room, size_t want, struct err *e)
{
	if (*room >= want)
		return 0;
	free(*buf);
	*buf = malloc(want);
	*room = *buf ? want : 0;
	return *buf ? 0 : err_set(e, ENOMEM, "lz4: out of memory for blocks of %zu bytes", want);
}

/* The len bytes of a block: where they already lie, if in one piece, else copied together. */
static int lz4_take_block(struct lz4_stream *s, size_t len, const uint8_t **block, struct err *e)
{
	int r = lz4_fill(s, e);

	if (r < 0)
		return r;
	if (s->n >= len) {
		*block = s->p;
		lz4_used(s, len);
		return 0;
	}
	r = lz4_grow(&s->block, &s->block_room, len > s->block_max ? len : s->block_max, e);
	if (r < 0)
		return r;
	*block = s->block;
	return lz4_take(s, s->block, len, e);
}

/* Room for one more decoded block after the history that it may refer to. */
static int lz4_make_room(struct lz4_stream *s, struct err *e)
{
	size_t want = s->linked
			      ? LZ4_HISTORY + (s->block_max > LZ4_SLACK ? s->block_max : LZ4_SLACK)
			      : s->block_max;

	if (!s->linked)
		s->out_used = 0;
	if (s->out_room >= want && s->out_room - s->out_used >= s->block_max)
		return 0;
	if (s->out_used > LZ4_HISTORY) {
		memmove(s->out, s->out + s->out_used - LZ4_HISTORY, LZ4_HISTORY);
		s->out_used = LZ4_HISTORY;
	}
	/* A new frame begins without history, so growing never loses any. */
	return lz4_grow(&s->out, &s->out_room, want, e);
}

static int lz4_decode_block(struct lz4_stream *s, const uint8_t *block, size_t len, bool stored,
			    struct err *e)
{
	size_t history = s->out_used < LZ4_HISTORY ? s->out_used : LZ4_HISTORY;
	uint8_t *to = s->out + s->out_used;
	int n;

	if (stored) {
		memcpy(to, block, len);
		return (int)len;
	}
	n = LZ4_decompress_safe_usingDict((const char *)block, (char *)to, (int)len,
					  (int)s->block_max, (const char *)to - history,
					  (int)history);
	return n < 0 ? lz4_bad(s, "damaged block ends", e) : n;
}

static int lz4_check_sum(struct lz4_stream *s, uint32_t want, const char *what, struct err *e)
{
	uint32_t got;
	int r = lz4_take32(s, &got, e);

	return r < 0 || got == want ? r : lz4_bad(s, what, e);
}

/* One block into *bytes: its length, which may be 0. */
static int lz4_block(struct lz4_stream *s, size_t len, bool stored, const uint8_t **bytes,
		     struct err *e)
{
	const uint8_t *block = NULL;
	uint32_t sum;
	int n, r = lz4_make_room(s, e);

	if (r == 0)
		r = lz4_take_block(s, len, &block, e);
	if (r < 0)
		return r;
	/* The block may lie in memory that in takes back when its checksum is read. */
	sum = s->block_sum ? xxh32(block, len) : 0;
	n = lz4_decode_block(s, block, len, stored, e);
	if (n < 0)
		return n;
	r = s->block_sum ? lz4_check_sum(s, sum, "wrong block checksum", e) : 0;
	if (r < 0)
		return r;
	*bytes = s->out + s->out_used;
	s->out_used += (size_t)n;
	s->done += (uint64_t)n;
	if (s->content_size && s->done > s->size)
		return lz4_bad(s, "more content than the header says", e);
	if (s->content_sum)
		xxh32_add(&s->sum, *bytes, (size_t)n);
	return n;
}

static int lz4_end_of_frame(struct lz4_stream *s, struct err *e)
{
	s->place = LZ4_BETWEEN;
	if (s->content_size && s->done != s->size)
		return lz4_bad(s, "less content than the header says", e);
	return s->content_sum ? lz4_check_sum(s, xxh32_end(&s->sum), "wrong content checksum", e)
			      : 0;
}

/* 1 and *bytes, *n: a block; 0: the frame ended. */
static int lz4_in_frame(struct lz4_stream *s, const uint8_t **bytes, int *n, struct err *e)
{
	uint32_t word;
	int r = lz4_take32(s, &word, e);

	if (r < 0)
		return r;
	if (word == 0)
		return lz4_end_of_frame(s, e);
	if ((word & ~LZ4_STORED) > s->block_max)
		return lz4_bad(s, "block longer than the header allows", e);
	*n = lz4_block(s, word & ~LZ4_STORED, word & LZ4_STORED, bytes, e);
	return *n < 0 ? *n : 1;
}

static int lz4_begin_frame(struct lz4_stream *s, struct err *e)
{
	uint8_t d[2 + 8 + 1];
	size_t len = 2;
	int r = lz4_take(s, d, 2, e);

	if (r < 0)
		return r;
	if (d[0] >> 6 != 1 || d[0] & 2 || d[1] & 0x8f || d[1] >> 4 < 4)
		return lz4_bad(s, "unknown frame header", e);
	if (d[0] & 1)
		return err_set(
			e, ENOTSUP,
			"lz4: needs a dictionary, which is not supported; compress without -D");
	s->linked = !(d[0] & 0x20);
	s->block_sum = d[0] & 0x10;
	s->content_size = d[0] & 8;
	s->content_sum = d[0] & 4;
	s->block_max = (size_t)1 << (8 + 2 * (d[1] >> 4));
	len += s->content_size ? 8 : 0;
	r = lz4_take(s, d + 2, len - 2 + 1, e);
	if (r < 0)
		return r;
	if (d[len] != (xxh32(d, len) >> 8 & 0xff))
		return lz4_bad(s, "wrong header checksum", e);
	s->size = s->content_size ? le_get64(d + 2) : 0;
	s->done = 0;
	s->out_used = 0;
	s->place = LZ4_IN_FRAME;
	xxh32_init(&s->sum);
	return 0;
}

static void lz4_begin_legacy(struct lz4_stream *s)
{
	s->linked = s->block_sum = s->content_sum = s->content_size = false;
	s->block_max = LZ4_LEGACY_BLOCK;
	s->out_used = 0;
	s->place = LZ4_IN_LEGACY;
}

static int lz4_begin(struct lz4_stream *s, uint32_t magic, struct err *e)
{
	uint32_t len;
	int r;

	s->any = true;
	if (magic == LZ4_MAGIC)
		return lz4_begin_frame(s, e);
	s->place = LZ4_BETWEEN;
	if (magic == LZ4_MAGIC_LEGACY) {
		lz4_begin_legacy(s);
		return 0;
	}
	if ((magic & ~15U) != LZ4_MAGIC_SKIP)
		return lz4_bad(s, "not an lz4 frame, ends", e);
	r = lz4_take32(s, &len, e);
	return r < 0 ? r : lz4_take(s, NULL, len, e);
}

/* Legacy frames have no end: the next word is a block's length, or the magic of another frame. */
static int lz4_in_legacy(struct lz4_stream *s, const uint8_t **bytes, int *n, struct err *e)
{
	uint32_t word;
	int r = lz4_take32(s, &word, e);

	if (r < 0)
		return r;
	if (word == LZ4_MAGIC || word == LZ4_MAGIC_LEGACY || (word & ~15U) == LZ4_MAGIC_SKIP)
		return lz4_begin(s, word, e);
	if (word > LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK))
		return lz4_bad(s, "block longer than its format allows", e);
	*n = lz4_block(s, word, false, bytes, e);
	return *n < 0 ? *n : 1;
}

/* What comes next, by where we are. 0: go on; 1: *n bytes; 2: the end of everything. */
static int lz4_step(struct lz4_stream *s, const uint8_t **bytes, int *n, struct err *e)
{
	uint32_t magic;
	int r;

	if (s->place == LZ4_IN_FRAME)
		return lz4_in_frame(s, bytes, n, e);
	r = lz4_fill(s, e);
	if (r < 0)
		return r;
	if (r == 0)
		return s->any ? 2 : lz4_bad(s, "empty", e);
	if (s->place == LZ4_IN_LEGACY)
		return lz4_in_legacy(s, bytes, n, e);
	r = lz4_take32(s, &magic, e);
	return r < 0 ? r : lz4_begin(s, magic, e);
}

static ssize_t lz4_next(struct stream *base, const uint8_t **bytes, struct err *e)
{
	struct lz4_stream *s = container_of(base, struct lz4_stream, base);
	int n = 0, r;

	do {
		r = lz4_step(s, bytes, &n, e);
	} while (r == 0 || (r == 1 && n == 0));
	if (r == 2)
		return 0;
	return r < 0 ? r : n;
}

static void lz4_close(struct stream *base)
{
	struct lz4_stream *s = container_of(base, struct lz4_stream, base);

	s->in->close(s->in);
	free(s->block);
	free(s->out);
	free(s);
}

static struct stream *lz4_decode(struct stream *in, struct err *e)
{
	struct lz4_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(e, ENOMEM, "lz4: out of memory");
		in->close(in);
		return NULL;
	}
	s->base.next = lz4_next;
	s->base.close = lz4_close;
	s->in = in;
	return &s->base;
}

static bool lz4_match(const uint8_t *head, size_t len)
{
	return len >= 4 && (le_get32(head) == LZ4_MAGIC || le_get32(head) == LZ4_MAGIC_LEGACY);
}

/* One block of the file as a block of the frame, stored as it is when it does not get smaller. */
static int lz4_encode_block(int out, const uint8_t *raw, size_t len, uint8_t *packed)
{
	int n = LZ4_compress_default((const char *)raw, (char *)packed + 4, (int)len, (int)len - 1);

	if (n > 0) {
		le_put32(packed, (uint32_t)n);
		return fd_write(out, packed, (size_t)n + 4);
	}
	le_put32(packed, (uint32_t)len | LZ4_STORED);
	memcpy(packed + 4, raw, len);
	return fd_write(out, packed, len + 4);
}

static int lz4_encode_all(int in, int out, uint8_t *raw, uint8_t *packed)
{
	/* Version 1, independent blocks of 64 KiB, content checksum. */
	uint8_t head[7] = { 0, 0, 0, 0, 0x64, 0x40 }, tail[8] = { 0 };
	struct xxh32 sum;
	ssize_t n;
	int r;

	le_put32(head, LZ4_MAGIC);
	head[6] = xxh32(head + 4, 2) >> 8 & 0xff;
	xxh32_init(&sum);
	r = fd_write(out, head, sizeof(head));
	while (r == 0 && (n = fd_read(in, raw, LZ4_ENCODE_BLOCK)) != 0) {
		if (n < 0)
			return (int)n;
		xxh32_add(&sum, raw, (size_t)n);
		r = lz4_encode_block(out, raw, (size_t)n, packed);
	}
	le_put32(tail + 4, xxh32_end(&sum));
	return r < 0 ? r : fd_write(out, tail, sizeof(tail));
}

static int lz4_encode(int in, int out, struct err *e)
{
	AUTO_FREE uint8_t *raw = malloc(2 * LZ4_ENCODE_BLOCK + 4);
	int r;

	if (!raw)
		return err_set(e, ENOMEM, "lz4: out of memory");
	r = lz4_encode_all(in, out, raw, raw + LZ4_ENCODE_BLOCK);
	return r < 0 ? err_sys(e, r, "lz4: cannot compress") : 0;
}

DRIVER(codec, lz4) = {
	.name = "lz4",
	.about = "LZ4 frames, read and written",
	.suffix = ".lz4",
	.match = lz4_match,
	.decode = lz4_decode,
	.encode = lz4_encode,
};
