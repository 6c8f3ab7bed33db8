// SPDX-License-Identifier: MIT
/*
 * malloc() and its family in little code: one list of free blocks in the order of their addresses, first fit,
 * neighbours joined when freed. For a program of one thread that allocates little and seldom: a start that
 * needs no more than the first few KiB asks the kernel for nothing, and a block costs 16 bytes more than it
 * holds. Only large blocks are given back to the kernel. A block that is freed twice, or whose head was
 * written over, ends the program. Must never be used in a signal handler.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define SMALL_UNIT 16		      /* sizes and addresses are multiples of it */
#define SMALL_GROW ((size_t)64 << 10) /* asked of the kernel at once */
#define SMALL_LARGE SMALL_GROW	      /* a block of its own from the kernel, from here on */
#define SMALL_FIRST 6144	      /* part of the program's own memory */

struct small_block {
	_Alignas(SMALL_UNIT) size_t size; /* of the whole block, this header included */
	struct small_block *next;	  /* of a free one; else small_mark() of itself */
};

static struct small_block *small_list;
static _Alignas(SMALL_UNIT) char small_first[SMALL_FIRST];
static size_t small_secret; /* 0 until the first block is asked for */

/* What a block in use has in .next: never the address of a block, and different in every process. */
static struct small_block *small_mark(const struct small_block *b, bool large)
{
	return (struct small_block *)(((uintptr_t)b ^ small_secret) | 1U | (large ? 2U : 0));
}

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

static struct small_block *small_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool small_grow(void)
{
	struct small_block *b = small_map(SMALL_GROW);

	if (!b)
		return false;
	b->size = SMALL_GROW;
	small_insert(b);
	return true;
}

static void small_begin(void)
{
	const char *random = (const char *)getauxval(AT_RANDOM); /* 16 bytes */
	struct small_block *b = (struct small_block *)(void *)small_first;

	if (random)
		memcpy(&small_secret, random + 8, sizeof(small_secret));
	small_secret = (small_secret | 4U) & ~(size_t)3;
	b->size = SMALL_FIRST;
	small_insert(b);
}

/* Cuts need bytes off the first free block that has them, from its front: what lies behind stays untouched. */
static struct small_block *small_take(size_t need)
{
	for (struct small_block **at = &small_list; *at; at = &(*at)->next) {
		struct small_block *b = *at, *rest;

		if (b->size < need)
			continue;
		if (b->size - need < 2 * sizeof(*b)) {
			*at = b->next;
			return b;
		}
		rest = (struct small_block *)(void *)((char *)b + need);
		rest->size = b->size - need;
		rest->next = b->next;
		*at = rest;
		b->size = need;
		return b;
	}
	return NULL;
}

static struct small_block *small_new(size_t need, bool large)
{
	struct small_block *b;

	if (!small_secret)
		small_begin();
	if (large) {
		need = (need + SMALL_LARGE - 1) & ~(SMALL_LARGE - 1);
		b = small_map(need);
		if (b)
			b->size = need;
		return b;
	}
	b = small_take(need);
	return b || !small_grow() ? b : small_take(need);
}

void *malloc(size_t size)
{
	size_t need = (size + sizeof(struct small_block) + SMALL_UNIT - 1) &
		      ~(size_t)(SMALL_UNIT - 1);
	bool large = need >= SMALL_LARGE;
	struct small_block *b = size < PTRDIFF_MAX / 2 ? small_new(need, large) : NULL;

	if (!b) {
		errno = ENOMEM;
		return NULL;
	}
	b->next = small_mark(b, large);
	return b + 1;
}

void free(void *p)
{
	struct small_block *b;

	if (!p)
		return;
	b = (struct small_block *)p - 1;
	if (b->next == small_mark(b, true))
		munmap(b, b->size);
	else if (b->next == small_mark(b, false))
		small_insert(b);
	else
		__builtin_trap();
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
