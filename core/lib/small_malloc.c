// SPDX-License-Identifier: MIT
/*
 * malloc() and its family in little code: one list of free blocks in the order of their addresses, first fit,
 * neighbours joined when freed. For a program of one thread that allocates little and seldom; memory
 * is not given back to the kernel. Must never be used in a signal handler.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SMALL_UNIT 16		      /* sizes and addresses are multiples of it */
#define SMALL_GROW ((size_t)64 << 10) /* asked of the kernel at once */

struct small_block {
	_Alignas(SMALL_UNIT) size_t size; /* of the whole block, this header included */
	struct small_block *next;	  /* of a free one */
};

static struct small_block *small_list;

static char *small_end(struct small_block *b)
{
	return (char *)b + b->size;
}

/* Puts b in its place and joins it with what lies next to it. */
static void small_insert(struct small_block *b)
{
	struct small_block **at = &small_list, *before = NULL;

	while (*at && *at < b) {
		before = *at;
		at = &before->next;
	}
	b->next = *at;
	*at = b;
	if (b->next && small_end(b) == (char *)b->next) {
		b->size += b->next->size;
		b->next = b->next->next;
	}
	if (before && small_end(before) == (char *)b) {
		before->size += b->size;
		before->next = b->next;
	}
}

static bool small_grow(size_t need)
{
	size_t len = need > SMALL_GROW ? (need + 65535) & ~(size_t)65535 : SMALL_GROW;
	struct small_block *b =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		return false;
	b->size = len;
	small_insert(b);
	return true;
}

/* Cuts need bytes off the first free block that has them, from its end. */
static struct small_block *small_take(size_t need)
{
	for (struct small_block **at = &small_list; *at; at = &(*at)->next) {
		struct small_block *b = *at;

		if (b->size < need)
			continue;
		if (b->size - need < 2 * sizeof(*b)) {
			*at = b->next;
			return b;
		}
		b->size -= need;
		b = (struct small_block *)(void *)small_end(b);
		b->size = need;
		return b;
	}
	return NULL;
}

void *malloc(size_t size)
{
	size_t need = (size + sizeof(struct small_block) + SMALL_UNIT - 1) &
		      ~(size_t)(SMALL_UNIT - 1);
	struct small_block *b = NULL;

	if (size < PTRDIFF_MAX / 2) {
		b = small_take(need);
		if (!b && small_grow(need))
			b = small_take(need);
	}
	if (!b)
		errno = ENOMEM;
	return b ? b + 1 : NULL;
}

void free(void *p)
{
	if (p)
		small_insert((struct small_block *)p - 1);
}

void *calloc(size_t n, size_t size)
{
	size_t all;
	void *p;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(all);
	if (p)
		memset(p, 0, all);
	return p;
}

void *realloc(void *old, size_t size)
{
	size_t had = old ? ((struct small_block *)old)[-1].size - sizeof(struct small_block) : 0;
	void *p;

	if (old && size <= had)
		return old;
	p = malloc(size);
	if (p && old) {
		memcpy(p, old, had);
		free(old);
	}
	return p;
}
