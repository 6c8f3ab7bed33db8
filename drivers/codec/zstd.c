/* SPDX-License-Identifier: MIT */
/*
 * Zstandard files as a stream: one frame after the other, checksums verified by libzstd where the
 * file has them. Runs in launchers and the CLI on bytes that nobody vouches for; memory is the window
 * the frame asks for, refused above ZSTD_WINDOW, and one buffer. Source: RFC 8878.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>

#include "core/driver.h"
#include "core/lib/le.h"

/* Eight MiB: what RFC 8878 asks every reader to support, and all that common levels use. */
enum { ZSTD_BUFFER = 128 << 10, ZSTD_WINDOW_LOG = 23 };

struct zstd_stream {
	struct stream base;
	struct stream *in;
	ZSTD_DStream *z;
	ZSTD_inBuffer from;
	uint64_t at;	/* compressed bytes that were given to libzstd */
	bool in_frame;	/* a frame has begun and not ended */
	bool any, more; /* a frame was seen; libzstd holds more than fitted into out */
	uint8_t out[ZSTD_BUFFER];
};

static int zstd_bad(const struct zstd_stream *s, const char *why, struct err *e)
{
	return err_set(e, EILSEQ, "zstd: %s at offset %" PRIu64, why,
		       s->at - (s->from.size - s->from.pos));
}

/* 1 when there is something to give to libzstd, 0 at the end of the input. */
static int zstd_fill(struct zstd_stream *s, struct err *e)
{
	const uint8_t *bytes;
	ssize_t n;

	if (s->from.pos < s->from.size || s->more)
		return 1;
	n = s->in->next(s->in, &bytes, e);
	if (n <= 0)
		return (int)n;
	s->from = (ZSTD_inBuffer){ bytes, (size_t)n, 0 };
	s->at += (uint64_t)n;
	return 1;
}

static ssize_t zstd_next(struct stream *base, const uint8_t **bytes, struct err *e)
{
	struct zstd_stream *s = container_of(base, struct zstd_stream, base);
	ZSTD_outBuffer to = { s->out, sizeof(s->out), 0 };

	while (to.pos == 0) {
		int r = zstd_fill(s, e);
		size_t hint;

		if (r < 0)
			return r;
		if (r == 0)
			return s->in_frame || !s->any ? zstd_bad(s, "truncated, ends", e) : 0;
		hint = ZSTD_decompressStream(s->z, &to, &s->from);
		if (ZSTD_isError(hint))
			return zstd_bad(s, "damaged, or a window above 8 MiB,", e);
		s->any = true;
		s->in_frame = hint != 0;
		s->more = hint && to.pos == to.size;
	}
	*bytes = s->out;
	return (ssize_t)to.pos;
}

static void zstd_close(struct stream *base)
{
	struct zstd_stream *s = container_of(base, struct zstd_stream, base);

	s->in->close(s->in);
	ZSTD_freeDStream(s->z);
	free(s);
}

static struct stream *zstd_decode(struct stream *in, struct err *e)
{
	struct zstd_stream *s = calloc(1, sizeof(*s));

	if (s)
		s->z = ZSTD_createDStream();
	if (!s || !s->z ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG))) {
		err_set(e, ENOMEM, "zstd: out of memory");
		in->close(in);
		if (s)
			ZSTD_freeDStream(s->z);
		free(s);
		return NULL;
	}
	s->base.next = zstd_next;
	s->base.close = zstd_close;
	s->in = in;
	return &s->base;
}

static bool zstd_match(const uint8_t *head, size_t len)
{
	return len >= 4 && le_get32(head) == 0xFD2FB528;
}

DRIVER(codec, zstd) = {
	.name = "zstd",
	.about = "Zstandard files, read",
	.suffix = ".zst",
	.match = zstd_match,
	.decode = zstd_decode,
};
