/* SPDX-License-Identifier: MIT */
/*
 * gzip files as a stream: one member after the other, zeros as padding after the last, every checksum
 * verified by zlib. Runs in launchers and the CLI on bytes that nobody vouches for; memory is zlib's
 * window and one buffer, whatever the file holds. Source: RFC 1952.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

#include "core/driver.h"

enum {
	GZIP_BUFFER = 64 << 10,
	GZIP_WINDOW = 15 + 16 /* the largest there is, and gzip's header */
};

struct gzip_stream {
	struct stream base;
	struct stream *in;
	z_stream z;
	uint64_t at; /* compressed bytes that were given to zlib */
	bool ended;  /* a member ended, and no other has begun */
	uint8_t out[GZIP_BUFFER];
};

static int gzip_bad(const struct gzip_stream *s, const char *why, struct err *e)
{
	return err_set(e, EILSEQ, "gzip: %s at offset %" PRIu64, why, s->at - s->z.avail_in);
}

/* Makes sure that zlib has a byte. 1, or 0 at the end of the input. */
static int gzip_fill(struct gzip_stream *s, struct err *e)
{
	const uint8_t *bytes;
	ssize_t n;

	if (s->z.avail_in)
		return 1;
	n = s->in->next(s->in, &bytes, e);
	if (n <= 0)
		return (int)n;
	/* zlib wants a pointer to non-const, and only reads. */
	s->z.next_in = (Bytef *)(uintptr_t)bytes;
	s->z.avail_in = (uInt)n;
	s->at += (uint64_t)n;
	return 1;
}

/* Between members: what follows is another one, or zeros to the end. */
static int gzip_begin(struct gzip_stream *s, struct err *e)
{
	int r;

	while ((r = gzip_fill(s, e)) > 0 && *s->z.next_in == 0) {
		s->z.next_in++;
		s->z.avail_in--;
	}
	if (r <= 0)
		return r;
	if (*s->z.next_in != 0x1f)
		return gzip_bad(s, "something else after the end", e);
	s->ended = false;
	return inflateReset(&s->z) == Z_OK ? 1 : gzip_bad(s, "cannot go on", e);
}

static int gzip_inflate(struct gzip_stream *s, struct err *e)
{
	int r = gzip_fill(s, e);

	if (r < 0)
		return r;
	if (r == 0)
		return gzip_bad(s, "truncated, ends", e);
	switch (inflate(&s->z, Z_NO_FLUSH)) {
	case Z_OK:
		return 0;
	case Z_STREAM_END:
		s->ended = true;
		return 0;
	case Z_MEM_ERROR:
		return err_set(e, ENOMEM, "gzip: out of memory");
	default:
		return gzip_bad(s, s->z.msg ? s->z.msg : "damaged", e);
	}
}

static ssize_t gzip_next(struct stream *base, const uint8_t **bytes, struct err *e)
{
	struct gzip_stream *s = container_of(base, struct gzip_stream, base);
	int r;

	s->z.next_out = s->out;
	s->z.avail_out = sizeof(s->out);
	while (s->z.avail_out) {
		r = s->ended ? gzip_begin(s, e) : 1;
		if (r == 0)
			break;
		if (r > 0)
			r = gzip_inflate(s, e);
		if (r < 0)
			return r;
	}
	*bytes = s->out;
	return (ssize_t)(sizeof(s->out) - s->z.avail_out);
}

static void gzip_close(struct stream *base)
{
	struct gzip_stream *s = container_of(base, struct gzip_stream, base);

	s->in->close(s->in);
	inflateEnd(&s->z);
	free(s);
}

static struct stream *gzip_decode(struct stream *in, struct err *e)
{
	struct gzip_stream *s = calloc(1, sizeof(*s));

	if (!s || inflateInit2(&s->z, GZIP_WINDOW) != Z_OK) {
		err_set(e, ENOMEM, "gzip: out of memory");
		in->close(in);
		free(s);
		return NULL;
	}
	s->base.next = gzip_next;
	s->base.close = gzip_close;
	s->in = in;
	return &s->base;
}

/* The two bytes of its magic, and deflate, the only method there is. */
static bool gzip_match(const uint8_t *head, size_t len)
{
	return len >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8;
}

DRIVER(codec, gzip) = {
	.name = "gzip",
	.about = "gzip files, read",
	.suffix = ".gz",
	.match = gzip_match,
	.decode = gzip_decode,
};
