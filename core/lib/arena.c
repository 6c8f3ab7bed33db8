// SPDX-License-Identifier: MIT
/*
 * The arena of arena.h: a chain of malloc'd blocks, the newest first. Small things share a block,
 * a large thing gets one of its own. Never shrinks before arena_free().
 */
#include "core/lib/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/util.h"

/* Small on purpose, the first ones more so: a supervisor keeps one arena per container. */
#define ARENA_FIRST 112
#define ARENA_BLOCK 496

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	max_align_t data[];
};

static struct arena_block *arena_grow(struct arena *a, size_t size)
{
	size_t block = a->first ? min_u64(2 * a->first->size, ARENA_BLOCK) : ARENA_FIRST;
	size_t room = size > block ? size : block;
	struct arena_block *b = calloc(1, sizeof(*b) + room);

	if (!b)
		return NULL;
	b->size = room;
	/* A large block goes behind the first one, whose rest stays in use. */
	if (a->first && size > ARENA_BLOCK / 2) {
		b->next = a->first->next;
		a->first->next = b;
	} else {
		b->next = a->first;
		a->first = b;
	}
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = sizeof(void *) > 8 ? sizeof(void *) : 8;
	struct arena_block *b = a->first;
	void *p;

	if (size > SIZE_MAX / 2 || (a->limit && (size > a->limit || a->total > a->limit - size)))
		goto full;
	size = (size + align - 1) & ~(align - 1);
	if (!b || b->size - b->used < size)
		b = arena_grow(a, size);
	if (!b)
		goto full;
	p = (char *)b->data + b->used;
	b->used += size;
	a->total += size;
	return p;
full:
	a->failed = true;
	return NULL;
}

char *arena_strn(struct arena *a, const char *s, size_t len)
{
	char *p = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (p && len)
		memcpy(p, s, len);
	return p;
}

char *arena_str(struct arena *a, const char *s)
{
	return arena_strn(a, s, strlen(s));
}

void arena_free(struct arena *a)
{
	struct arena_block *b = a->first, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	a->first = NULL;
	a->total = 0;
	a->failed = false;
}
