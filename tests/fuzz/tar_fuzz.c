/* SPDX-License-Identifier: MIT */
/* The tar reader over any bytes: entries, data and attributes are read, nothing is written. */
#include <stdint.h>
#include <stdlib.h>

#include "drivers/image/tar.h"
#include "tests/fuzz/tar_fix.h"
#include "tests/unit/drivers/image/tar_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_data(struct tar_reader *r, struct err *e)
{
	const uint8_t *bytes;
	uint64_t at, end = 0;
	ssize_t n;

	while ((n = tar_data(r, &at, &bytes, e)) > 0) {
		/* In order, without overlap, within the size. */
		if (at < end || at + (uint64_t)n > r->entry.size)
			abort();
		end = at + (uint64_t)n;
	}
}

static void read_xattrs(const struct tar_reader *r)
{
	struct tar_xattr x;
	size_t cursor = 0;
	volatile char sum = 0;

	while (tar_xattr(r, &cursor, &x))
		for (size_t i = 0; i < x.len; i++)
			sum = (char)(sum + x.value[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	uint8_t *fixed = tar_fix(data, size);
	struct tar_reader *r = tar_open(tar_make_stream(fixed, size, 1 + size % 1000), &e);
	int got;

	while ((got = tar_next(r, &e)) == 1) {
		if (!r->entry.path[0] || strlen(r->entry.path) >= sizeof(r->entry.path))
			abort();
		read_xattrs(r);
		if (r->at % 3)
			read_data(r, &e);
		if (e.code)
			break;
	}
	if (got < 0 && !e.code)
		abort();
	tar_close(r);
	free(fixed);
	return 0;
}
