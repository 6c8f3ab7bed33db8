/* SPDX-License-Identifier: MIT */
/*
 * An arena: memory that is taken piece by piece and given back as a whole.
 *
 * Used for things that are built once and then only read (struct spec, a parsed manifest). Blocks are
 * malloc'd; out of memory returns NULL, and remembers it in arena->failed so that a
 * builder may check once at its end.
 */
#ifndef CORE_LIB_ARENA_H
#define CORE_LIB_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *first;
	size_t total; /* bytes handed out */
	size_t limit; /* 0 for none; beyond it arena_alloc() fails */
	bool failed;
};

/* Zeroed memory aligned for any type, or NULL. Valid until arena_free(). */
void *arena_alloc(struct arena *a, size_t size);

/* Copies len bytes of s and a NUL. */
char *arena_strn(struct arena *a, const char *s, size_t len);
char *arena_str(struct arena *a, const char *s);

void arena_free(struct arena *a);

#endif
