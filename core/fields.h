/* SPDX-License-Identifier: MIT */
/*
 * A struct with a table of its fields: struct spec or struct system_spec. What the manifest parser and
 * the binary form need of either.
 */
#ifndef CORE_FIELDS_H
#define CORE_FIELDS_H

#include "core/spec.h"

struct fields {
	void *base;
	struct arena *arena; /* owns the strings */
	uint64_t *set;	     /* bit per row */
	const struct spec_field *rows;
	unsigned int n;
};

#define SPEC_FIELDS(s)                          \
	((struct fields){ .base = (s),          \
			  .arena = &(s)->arena, \
			  .set = (s)->set,      \
			  .rows = spec_fields,  \
			  .n = spec_n_fields })

/* Where field f of the struct at base is. */
static inline void *spec_member(const void *base, const struct spec_field *f)
{
	return (char *)(uintptr_t)base + f->offset;
}

static inline void *fields_member(const struct fields *t, const struct spec_field *f)
{
	return spec_member(t->base, f);
}

static inline bool fields_is_set(const struct fields *t, const struct spec_field *f)
{
	size_t i = (size_t)(f - t->rows);

	return t->set[i / 64] >> (i % 64) & 1;
}

static inline void fields_mark(struct fields *t, const struct spec_field *f)
{
	size_t i = (size_t)(f - t->rows);

	t->set[i / 64] |= UINT64_C(1) << (i % 64);
}

/*
 * The fields that were set as id/length/value with a header and checksum, see encode.c. name may be
 * NULL. *out is malloc'd and the caller's.
 */
int encode_fields(const struct fields *t, const char *name, uint8_t **out, size_t *len,
		  struct err *e);

/* Any bytes into *t; *name (which may be NULL when there must be none) into its arena. */
int decode_fields(struct fields *t, const char **name, const uint8_t *in, size_t len,
		  struct err *e);

#endif
