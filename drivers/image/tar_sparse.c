/* SPDX-License-Identifier: MIT */
/*
 * Maps of sparse files in tar archives: old GNU headers and GNU's pax formats 0.0, 0.1 and 1.0. See
 * tar.h. A map is checked as a whole before a byte of the file is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/util.h"
#include "drivers/image/tar.h"

int tar_extent_add(struct tar_reader *r, uint64_t offset, uint64_t len, struct err *e)
{
	if (r->n_map == TAR_EXTENTS_MAX)
		return tar_bad(r, "sparse file with too many areas", e);
	if (r->n_map == r->map_room) {
		unsigned int room = r->map_room ? r->map_room * 2 : 32;
		struct tar_extent *bigger = realloc(r->map, room * sizeof(*bigger));

		if (!bigger)
			return err_set(e, ENOMEM, "tar: out of memory for a map of %u areas", room);
		r->map = bigger;
		r->map_room = room;
	}
	r->map[r->n_map++] = (struct tar_extent){ offset, len };
	return 0;
}

/* n descriptors of 24 bytes: offset and length. An empty one ends the list. */
static int tar_sparse_list(struct tar_reader *r, const uint8_t *p, int n, struct err *e)
{
	for (; n; n--, p += 24) {
		int64_t offset, len;
		int got;

		if (p[0] == '\0')
			return 0;
		if (tar_number(p, 12, &offset) < 0 || tar_number(p + 12, 12, &len) < 0 ||
		    offset < 0 || len < 0)
			return tar_bad(r, "bad sparse map", e);
		got = tar_extent_add(r, (uint64_t)offset, (uint64_t)len, e);
		if (got < 0)
			return got;
	}
	return 0;
}

int tar_sparse_gnu(struct tar_reader *r, const uint8_t block[TAR_BLOCK], struct err *e)
{
	uint8_t more[TAR_BLOCK];
	bool extended = block[482];
	int64_t real;
	int got;

	if (tar_number(block + 483, 12, &real) < 0 || real < 0)
		return tar_bad(r, "bad size of a sparse file", e);
	r->entry.sparse = true;
	r->entry.size = (uint64_t)real;
	r->n_map = 0;
	got = tar_sparse_list(r, block + 386, 4, e);
	while (got == 0 && extended) {
		got = tar_take(r, more, sizeof(more), e);
		if (got == 0)
			got = tar_sparse_list(r, more, 21, e);
		extended = more[504];
	}
	return got;
}

/* One decimal line of a 1.0 map, which is part of the entry's data. */
static int tar_sparse_line(struct tar_reader *r, uint64_t *stored, uint64_t *used, uint64_t *v,
			   struct err *e)
{
	char line[24];

	for (size_t i = 0; i < sizeof(line); i++) {
		int got = *stored ? tar_take(r, line + i, 1, e)
				  : tar_bad(r, "sparse map past the end of its file", e);

		if (got < 0)
			return got;
		*stored -= 1;
		*used += 1;
		if (line[i] == '\n')
			return tar_decimal(line, line + i, v) < 0 ? tar_bad(r, "bad sparse map", e)
								  : 0;
	}
	return tar_bad(r, "bad sparse map", e);
}

int tar_sparse_1(struct tar_reader *r, uint64_t *stored, struct err *e)
{
	uint64_t n, used = 0, offset, len, pad;
	int got = tar_sparse_line(r, stored, &used, &n, e);

	r->n_map = 0;
	if (got == 0 && n > TAR_EXTENTS_MAX)
		return tar_bad(r, "sparse file with too many areas", e);
	for (; got == 0 && n; n--) {
		got = tar_sparse_line(r, stored, &used, &offset, e);
		if (got == 0)
			got = tar_sparse_line(r, stored, &used, &len, e);
		if (got == 0)
			got = tar_extent_add(r, offset, len, e);
	}
	if (got < 0)
		return got;
	pad = -used % TAR_BLOCK;
	if (pad > *stored)
		return tar_bad(r, "sparse map past the end of its file", e);
	*stored -= pad;
	return tar_take(r, NULL, pad, e);
}

int tar_sparse_check(struct tar_reader *r, uint64_t stored, struct err *e)
{
	uint64_t end = 0, sum = 0;

	for (unsigned int i = 0; i < r->n_map; i++) {
		const struct tar_extent *x = &r->map[i];

		if (x->offset < end || x->offset > r->entry.size ||
		    x->len > r->entry.size - x->offset)
			return tar_bad(r, "sparse map that overlaps or goes past the end", e);
		end = x->offset + x->len;
		sum += x->len;
	}
	return sum == stored ? 0 : tar_bad(r, "sparse map that does not fit its data", e);
}
