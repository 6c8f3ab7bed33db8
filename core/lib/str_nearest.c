// SPDX-License-Identifier: MIT
/*
 * "Did you mean ...?": the nearest word by the number of letters to add, drop, change or swap. Only for
 * messages; small fixed tables, no allocation.
 */
#include "core/lib/str.h"

#include <string.h>

#define NEAREST_MAX 32 /* longer words are not compared */

static unsigned int nearest_min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance. */
static unsigned int nearest_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned char row[3][NEAREST_MAX + 1];
	unsigned char *before = row[0], *last = row[1], *now = row[2], *old;

	if (n > NEAREST_MAX || m > NEAREST_MAX)
		return NEAREST_MAX;
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned char)j;
	memset(before, 0, m + 1);
	for (size_t i = 1; i <= n; i++) {
		now[0] = (unsigned char)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned int d = last[j - 1] + (a[i - 1] != b[j - 1]);

			d = nearest_min(d, nearest_min(last[j], now[j - 1]) + 1U);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = nearest_min(d, before[j - 2] + 1U);
			now[j] = (unsigned char)d;
		}
		old = before;
		before = last;
		last = now;
		now = old;
	}
	return last[m];
}

const char *str_nearest_more(const char *word, const char *candidate, unsigned int *best,
			     const char *found)
{
	unsigned int d;

	if (!candidate)
		return found;
	d = nearest_distance(word, candidate);
	if (d >= *best || d >= strlen(candidate))
		return found;
	*best = d;
	return candidate;
}

unsigned int str_nearest_begin(const char *word)
{
	size_t n = strlen(word);

	return n <= 3 ? 2 : n <= 6 ? 3 : 4;
}

const char *str_nearest(const char *word, const char *const *candidates, size_t n)
{
	unsigned int best = str_nearest_begin(word);
	const char *found = NULL;

	for (size_t i = 0; i < n; i++)
		found = str_nearest_more(word, candidates[i], &best, found);
	return found;
}
