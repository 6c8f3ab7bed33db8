/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the manifest share; the contract is in core/system.h.
 */
#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

#include "core/fields.h"
#include "core/lib/out.h"
#include "core/system.h"

#define SYSTEM_FIELDS(s)                         \
	((struct fields){ .base = (s),           \
			  .arena = &(s)->arena,  \
			  .set = (s)->set,       \
			  .rows = system_fields, \
			  .n = system_n_fields })

/* The fields of a named section. */
struct fields manifest_section_fields(struct section *s, enum section_kind kind);

/* Adds a container, which m owns from then on, also when this fails. */
int manifest_add(struct manifest *m, struct spec *s, struct err *e);

/*
 * Reads the text of an image's configuration (core/image_config.h) into s: one section [image] with those
 * keys that allows() is true for.
 */
int manifest_parse_image(struct spec *s, const char *name, const char *text, size_t len,
			 bool (*allows)(const char *key), struct err *e);

/* Index of the container of this name, or -ENOENT. */
int manifest_index(const struct manifest *m, const char *name);

/* Manifest text of every field of t that was set, one "key = value" line each. */
void manifest_print_fields(struct out *o, const struct fields *t);

/* A whole manifest as text which manifest_parse() reads back. */
void manifest_print(struct out *o, const struct manifest *m);

/* The compiled form that was linked into this program (manifest_builtin.c), or NULL. */
extern const uint8_t manifest_builtin[] __attribute__((weak));
extern const uint32_t manifest_builtin_size __attribute__((weak));

#endif
