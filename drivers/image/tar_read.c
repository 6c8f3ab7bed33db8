/* SPDX-License-Identifier: MIT */
/*
 * The tar reader: blocks from the stream, one entry after the other, its data. See tar.h. Runs in
 * launchers on archives that nobody vouches for; must never trust a length before it is checked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/driver.h"
#include "drivers/image/tar.h"

int tar_bad(const struct tar_reader *r, const char *why, struct err *e)
{
	return err_set(e, EILSEQ, "tar: %s at offset %" PRIu64, why, r->header_at);
}

/* Makes sure that at least one byte is at p. 1, or 0 at the end. */
static int tar_fill(struct tar_reader *r, struct err *e)
{
	ssize_t n;

	if (r->n)
		return 1;
	n = r->in->next(r->in, &r->p, e);
	if (n <= 0)
		return (int)n;
	r->n = (size_t)n;
	return 1;
}

static void tar_used(struct tar_reader *r, size_t len)
{
	r->p += len;
	r->n -= len;
	r->at += len;
}

int tar_take(struct tar_reader *r, void *buf, uint64_t len, struct err *e)
{
	uint8_t *to = buf;

	while (len) {
		int got = tar_fill(r, e);
		size_t take = (size_t)min_u64(len, r->n);

		if (got < 0)
			return got;
		if (got == 0)
			return err_set(e, EILSEQ, "tar: truncated, ends at offset %" PRIu64, r->at);
		if (to) {
			memcpy(to, r->p, take);
			to += take;
		}
		tar_used(r, take);
		len -= take;
	}
	return 0;
}

struct tar_reader *tar_open(struct stream *in, struct err *e)
{
	struct tar_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(e, ENOMEM, "tar: out of memory");
		in->close(in);
		return NULL;
	}
	r->in = in;
	return r;
}

void tar_close(struct tar_reader *r)
{
	r->in->close(r->in);
	free(r->pax);
	free(r->map);
	free(r);
}

static unsigned int tar_padding(uint64_t size)
{
	return (unsigned int)(-size % TAR_BLOCK);
}

static int tar_skip_rest(struct tar_reader *r, struct err *e)
{
	int got = tar_take(r, NULL, r->left, e);

	if (got == 0)
		got = tar_take(r, NULL, r->pad, e);
	r->left = 0;
	r->pad = 0;
	return got;
}

/* Reads what follows the end mark, so that a codec gets to its last checksum. */
static int tar_drain(struct tar_reader *r, struct err *e)
{
	int got;

	while ((got = tar_fill(r, e)) > 0)
		tar_used(r, r->n);
	return got;
}

/* The name in a GNU 'L' or 'K' entry. */
static int tar_long_name(struct tar_reader *r, char to[PATH_MAX], uint64_t size, struct err *e)
{
	int got;

	/* Its NUL is part of the size. */
	if (size > PATH_MAX)
		return tar_bad(r, "name longer than a path can be", e);
	got = tar_take(r, to, size, e);
	if (got == 0)
		got = tar_take(r, NULL, tar_padding(size), e);
	if (got < 0)
		return got;
	if (size == PATH_MAX && to[PATH_MAX - 1] != '\0')
		return tar_bad(r, "name longer than a path can be", e);
	if (size < PATH_MAX)
		to[size] = '\0';
	return 0;
}

/* Reads an extended header into r->pax. */
static int tar_pax_text(struct tar_reader *r, uint64_t size, struct err *e)
{
	int got;

	if (size > TAR_PAX_MAX)
		return tar_bad(r, "extended header of more than 1 MiB", e);
	if (size > r->pax_room) {
		free(r->pax);
		r->pax_len = 0;
		r->pax = malloc((size_t)size);
		r->pax_room = r->pax ? (size_t)size : 0;
		if (!r->pax)
			return err_set(e, ENOMEM,
				       "tar: out of memory for an extended header of %" PRIu64
				       " bytes",
				       size);
	}
	got = tar_take(r, r->pax, size, e);
	r->pax_len = (size_t)size;
	return got < 0 ? got : tar_take(r, NULL, tar_padding(size), e);
}

static int tar_global(struct tar_reader *r, uint64_t size, struct err *e)
{
	int got = tar_pax_text(r, size, e);

	if (got == 0)
		got = tar_pax(r, &r->global, r->pax, r->pax_len, e);
	r->pax_len = 0;
	r->global.said &= TAR_PATH | TAR_LINK | TAR_SIZE | TAR_UID | TAR_GID | TAR_MTIME;
	r->n_map = 0;
	return got;
}

/* Headers that are about the entry after them. 1: it was one; 0: an entry of its own. */
static int tar_prefix(struct tar_reader *r, char type, const uint8_t *block, struct err *e)
{
	int64_t size;
	int got = 0;

	if (type == '\0' || !strchr("xXgLK", type))
		return 0;
	if (tar_number(block + 124, 12, &size) < 0 || size < 0)
		return tar_bad(r, "bad size", e);
	switch (type) {
	case 'g':
		got = tar_global(r, (uint64_t)size, e);
		break;
	case 'L':
		got = tar_long_name(r, r->local.path, (uint64_t)size, e);
		r->local.said |= TAR_PATH;
		break;
	case 'K':
		got = tar_long_name(r, r->local.link, (uint64_t)size, e);
		r->local.said |= TAR_LINK;
		break;
	default:
		r->n_map = 0;
		got = tar_pax_text(r, (uint64_t)size, e);
		if (got == 0)
			got = tar_pax(r, &r->local, r->pax, r->pax_len, e);
	}
	return got < 0 ? got : 1;
}

/* Entries that are bookkeeping of some tar program: not for us, but their data is in the way. */
static bool tar_is_foreign(char type)
{
	return type >= 'A' && type <= 'Z' && type != 'D' && type != 'S';
}

static void tar_forget_entry(struct tar_reader *r)
{
	r->local.said = 0;
	r->pax_len = 0;
	r->n_map = 0;
	r->in_map = 0;
	r->file_pos = 0;
}

/* The header in block is an entry's own: fills r->entry, and the map when it is sparse. */
static int tar_entry_begin(struct tar_reader *r, const uint8_t *block, struct err *e)
{
	uint64_t stored;
	int got = tar_header(r, block, &stored, e);

	if (got < 0)
		return got;
	if (r->entry.type == TAR_FILE && block[156] == 'S')
		got = tar_sparse_gnu(r, block, e);
	r->pad = tar_padding(stored);
	if (got == 0 && r->entry.type == TAR_FILE && r->local.said & TAR_SPARSE_1)
		got = tar_sparse_1(r, &stored, e);
	if (got == 0 && r->entry.sparse)
		got = tar_sparse_check(r, stored, e);
	r->left = stored;
	return got;
}

/* One header block. 1: r->entry is ready; 0: go on; 2: the end mark. */
static int tar_step(struct tar_reader *r, struct err *e)
{
	uint8_t block[TAR_BLOCK];
	char type;
	int got;

	r->header_at = r->at;
	got = tar_take(r, block, sizeof(block), e);
	if (got < 0)
		return got;
	if (tar_is_zero(block))
		return 2;
	if (!tar_checksum_ok(block))
		return tar_bad(r,
			       r->header_at ? "wrong header checksum"
					    : "not a tar archive, wrong header checksum",
			       e);
	type = (char)block[156];
	got = tar_prefix(r, type, block, e);
	if (got)
		return got < 0 ? got : 0;
	if (type == 'M')
		return tar_bad(r, "continued from another volume, which is not supported", e);
	got = tar_entry_begin(r, block, e);
	if (got < 0)
		return got;
	if (!tar_is_foreign(type))
		return 1;
	got = tar_skip_rest(r, e);
	tar_forget_entry(r);
	return got;
}

int tar_next(struct tar_reader *r, struct err *e)
{
	int got = tar_skip_rest(r, e);

	tar_forget_entry(r);
	while (got == 0)
		got = tar_step(r, e);
	return got == 2 ? tar_drain(r, e) : got;
}

/* How much of the data at hand belongs to one place of the file, and to where. */
static uint64_t tar_data_span(struct tar_reader *r, uint64_t *at)
{
	const struct tar_extent *x;

	if (!r->entry.sparse) {
		*at = r->file_pos;
		return r->left;
	}
	while (r->in_map < r->n_map && r->file_pos == r->map[r->in_map].len) {
		r->in_map++;
		r->file_pos = 0;
	}
	if (r->in_map == r->n_map)
		return 0;
	x = &r->map[r->in_map];
	*at = x->offset + r->file_pos;
	return x->len - r->file_pos;
}

ssize_t tar_data(struct tar_reader *r, uint64_t *at, const uint8_t **bytes, struct err *e)
{
	uint64_t span = r->left ? tar_data_span(r, at) : 0;
	size_t n;
	int got;

	if (span == 0)
		return 0;
	got = tar_fill(r, e);
	if (got < 0)
		return got;
	if (got == 0)
		return err_set(e, EILSEQ, "tar: truncated, ends at offset %" PRIu64, r->at);
	n = (size_t)min_u64(min_u64(span, r->left), r->n);
	*bytes = r->p;
	tar_used(r, n);
	r->left -= n;
	r->file_pos += n;
	return (ssize_t)n;
}
