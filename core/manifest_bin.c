// SPDX-License-Identifier: MIT
/*
 * The compiled form of a manifest: made on the build machine or the device, linked into the program or kept as
 * a file. Reads any bytes safely.
 *
 * Little-endian:
 *	 0  4  magic "mman"
 *	 4  2  version      6  2  number of containers
 *	 8  4  length of everything, header included
 *	12  4  CRC32C of bytes 0..11 and 16..end
 *	16 16  numbers of sections, 2 each, in the order of enum section_kind; the rest 0
 * then [system], each of these and each container: 4 length, the struct's binary form (encode.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/manifest.h"

#define BIN_VERSION 3
#define BIN_KINDS 8
#define BIN_HEADER (16 + 2 * BIN_KINDS)
#define BIN_SUMMED 16 /* the second part of what the checksum covers begins here */
#define BIN_MAX (64U << 20)

static const uint8_t bin_magic[4] = "mman";
_Static_assert((int)SECTION_N <= BIN_KINDS, "the header has room for BIN_KINDS numbers");

static uint32_t bin_crc(const uint8_t *p, size_t len)
{
	return hash_crc32c(hash_crc32c(0, p, 12), p + BIN_SUMMED, len - BIN_SUMMED);
}

/* Appends one piece and its length to the growing *out. */
static int bin_append(uint8_t **out, size_t *len, const uint8_t *piece, size_t n, struct err *e)
{
	uint8_t *more = *len + n + 4 <= BIN_MAX ? realloc(*out, *len + n + 4) : NULL;

	if (!more)
		return err_set(e, ENOMEM, "out of memory");
	le_put32(more + *len, (uint32_t)n);
	memcpy(more + *len + 4, piece, n);
	*out = more;
	*len += n + 4;
	return 0;
}

static int bin_append_fields(uint8_t **out, size_t *len, const struct fields *t, const char *name,
			     struct err *e)
{
	AUTO_FREE uint8_t *piece = NULL;
	size_t n;
	int ret = encode_fields(t, name, &piece, &n, e);

	return ret < 0 ? ret : bin_append(out, len, piece, n, e);
}

/* All of them, and how many into the header. */
static int bin_append_sections(uint8_t **out, size_t *len, const struct manifest *m, struct err *e)
{
	for (unsigned int k = 0; k < SECTION_N; k++) {
		uint16_t n = 0;

		for (struct section *s = m->sections[k]; s; s = s->next, n++) {
			struct fields t = manifest_section_fields(s, k);
			int ret = n < UINT16_MAX ? bin_append_fields(out, len, &t, s->name, e)
						 : err_set(e, E2BIG, "too many sections");

			if (ret < 0)
				return ret;
		}
		le_put16(*out + BIN_SUMMED + 2 * k, n);
	}
	return 0;
}

int manifest_encode(const struct manifest *m, uint8_t **out, size_t *len, struct err *e)
{
	struct fields t = SYSTEM_FIELDS((struct system_spec *)(uintptr_t)&m->system);
	AUTO_FREE uint8_t *p = calloc(1, BIN_HEADER);
	size_t n = BIN_HEADER;
	int ret;

	if (!p)
		return err_set(e, ENOMEM, "out of memory");
	ret = bin_append_fields(&p, &n, &t, NULL, e);
	if (ret >= 0 && IS_ENABLED(CONFIG_NETWORK))
		ret = bin_append_sections(&p, &n, m, e);
	for (unsigned int i = 0; ret >= 0 && i < m->n; i++) {
		t = SPEC_FIELDS(m->containers[i]);
		ret = bin_append_fields(&p, &n, &t, m->containers[i]->name, e);
	}
	if (ret < 0)
		return ret;
	memcpy(p, bin_magic, sizeof(bin_magic));
	le_put16(p + 4, BIN_VERSION);
	le_put16(p + 6, (uint16_t)m->n);
	le_put32(p + 8, (uint32_t)n);
	le_put32(p + 12, bin_crc(p, n));
	*out = p;
	*len = n;
	p = NULL;
	return 0;
}

static int bin_header(const uint8_t *in, size_t len, struct err *e)
{
	if (len < BIN_HEADER || memcmp(in, bin_magic, sizeof(bin_magic)) != 0)
		return err_set(e, EBADMSG, "not a compiled manifest");
	if (le_get16(in + 4) != BIN_VERSION)
		return err_set(e, ENOTSUP,
			       "compiled manifest of version %u, this program reads version %d",
			       le_get16(in + 4), BIN_VERSION);
	if (le_get32(in + 8) != len || le_get32(in + 12) != bin_crc(in, len))
		return err_set(e, EBADMSG, "compiled manifest is damaged");
	return 0;
}

/* The next piece at *at, within len. */
static int bin_piece(const uint8_t *in, size_t len, size_t *at, const uint8_t **piece, size_t *n,
		     struct err *e)
{
	if (len - *at < 4 || le_get32(in + *at) > len - *at - 4)
		return err_set(e, EBADMSG, "compiled manifest is cut");
	*n = le_get32(in + *at);
	*piece = in + *at + 4;
	*at += 4 + *n;
	return 0;
}

static int bin_container(struct manifest *m, const uint8_t *piece, size_t n, struct err *e)
{
	struct spec *s;
	int ret = spec_decode(piece, n, &s, e);

	return ret < 0 ? ret : manifest_add(m, s, e);
}

static int bin_section(struct manifest *m, enum section_kind kind, const uint8_t *piece, size_t n,
		       struct err *e)
{
	struct section *s = section_new(kind);
	struct fields t;
	int ret;

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	t = manifest_section_fields(s, kind);
	ret = decode_fields(&t, &s->name, piece, n, e);
	if (ret >= 0 && (!s->name || !section_tables[kind].is_name(s->name) ||
			 section_find(m->sections[kind], s->name)))
		ret = err_set(e, EBADMSG,
			      "compiled manifest has a section without a name of its own");
	if (ret < 0) {
		section_free(s);
		return ret;
	}
	section_append(&m->sections[kind], s);
	return 0;
}

static int bin_sections(struct manifest *m, const uint8_t *in, size_t len, size_t *at,
			struct err *e)
{
	const uint8_t *piece;
	size_t n;

	for (unsigned int k = 0; k < BIN_KINDS; k++) {
		for (unsigned int i = le_get16(in + BIN_SUMMED + 2 * k); i; i--) {
			if (!IS_ENABLED(CONFIG_NETWORK) || k >= SECTION_N)
				return err_set(e, ENOTSUP, "this build has no such sections");
			if (bin_piece(in, len, at, &piece, &n, e) < 0 ||
			    bin_section(m, k, piece, n, e) < 0)
				return -e->code;
		}
	}
	return 0;
}

int manifest_decode(struct manifest *m, const uint8_t *in, size_t len, struct err *e)
{
	struct fields t = SYSTEM_FIELDS(&m->system);
	size_t at = BIN_HEADER, n = 0;
	const uint8_t *piece = NULL;
	int ret = bin_header(in, len, e);

	if (ret >= 0)
		ret = bin_piece(in, len, &at, &piece, &n, e);
	if (ret >= 0)
		ret = decode_fields(&t, NULL, piece, n, e);
	if (ret >= 0)
		ret = bin_sections(m, in, len, &at, e);
	for (unsigned int i = le_get16(len >= BIN_HEADER ? in + 6 : bin_magic); ret >= 0 && i;
	     i--) {
		ret = bin_piece(in, len, &at, &piece, &n, e);
		if (ret >= 0)
			ret = bin_container(m, piece, n, e);
	}
	if (ret >= 0 && at != len)
		return err_set(e, EBADMSG, "compiled manifest has bytes after its end");
	return ret < 0 ? ret : 0;
}
