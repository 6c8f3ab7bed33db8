/* SPDX-License-Identifier: MIT */
/* What the tests of the reading codecs share: a whole decode of bytes in memory. */
#ifndef TESTS_UNIT_DRIVERS_CODEC_CODEC_READ_H
#define TESTS_UNIT_DRIVERS_CODEC_CODEC_READ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/driver.h"
#include "tests/unit/drivers/image/tar_make.h"

struct codec_read {
	uint8_t *p; /* decoded; free with codec_read_free() */
	size_t len;
	struct err e;
};

/* Decodes len bytes that come in pieces of step. Bytes, or -errno with out->e. */
static inline ssize_t codec_read(const char *codec, const void *packed, size_t len, size_t step,
				 struct codec_read *out)
{
	const struct codec_driver *d = codec_by_name(codec);
	const uint8_t *bytes;
	struct stream *s;
	ssize_t n;

	assert_non_null(d);
	free(out->p);
	*out = (struct codec_read){ 0 };
	s = d->decode(tar_make_stream(packed, len, step), &out->e);
	assert_non_null(s);
	while ((n = s->next(s, &bytes, &out->e)) > 0) {
		out->p = realloc(out->p, out->len + (size_t)n);
		assert_non_null(out->p);
		memcpy(out->p + out->len, bytes, (size_t)n);
		out->len += (size_t)n;
	}
	s->close(s);
	if (n < 0)
		assert_int_equal(n, -out->e.code);
	return n < 0 ? n : (ssize_t)out->len;
}

static inline void codec_read_free(struct codec_read *out)
{
	free(out->p);
	out->p = NULL;
}

/* Text that packs well, with bytes in it that do not. */
static inline uint8_t *codec_sample(size_t len)
{
	uint8_t *p = malloc(len + 1);
	uint32_t x = 1;

	assert_non_null(p);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = i % 7 ? (uint8_t)("a quick fox jumps "[i % 18]) : (uint8_t)(x >> 24);
	}
	return p;
}

#endif
