// SPDX-License-Identifier: MIT
/*
 * Plans the search tree of one architecture: from the smallest parts to the whole, the fewest instructions, and of
 * those the least deep. Runs on the build machine. What comes of it is checked number by number by its caller.
 */
#include "tools/seccomp/plan.h"

#include <limits.h>

/* Numbers asked for one by one, one after the other, in a row. */
#define MAX_ALONE 4

static struct plan plans[PLAN_MAX][PLAN_MAX];

/* How many numbers have another answer than range m; more than MAX_ALONE when there are too many. */
static int count_alone(const uint32_t *first, const int *answer, int i, int j, int m)
{
	uint32_t n = 0;

	for (int k = i; k <= j && n <= MAX_ALONE; k++) {
		if (answer[k] == answer[m])
			continue;
		if (first[k + 1] - first[k] > MAX_ALONE)
			return MAX_ALONE + 1;
		n += first[k + 1] - first[k];
	}
	return (int)n;
}

static void better(struct plan *best, int insns, int depth, int split, int most)
{
	if (best->insns < insns || (best->insns == insns && best->depth <= depth))
		return;
	*best = (struct plan){ insns, depth, split, most };
}

static void plan_part(const uint32_t *first, const int *answer, int i, int j)
{
	struct plan *p = &plans[i][j];

	*p = (struct plan){ i == j ? 0 : INT_MAX, 0, 0, i };
	for (int m = i; i < j && m <= j; m++) {
		int n = count_alone(first, answer, i, j, m);

		if (n <= MAX_ALONE)
			better(p, n, n, 0, m);
	}
	for (int k = i + 1; k <= j; k++) {
		const struct plan *low = &plans[i][k - 1], *high = &plans[k][j];
		int depth = low->depth > high->depth ? low->depth : high->depth;

		better(p, 1 + low->insns + high->insns, 1 + depth, k, 0);
	}
}

void plan_all(const uint32_t *first, const int *answer, int n)
{
	for (int length = 1; length <= n; length++)
		for (int i = 0; i + length <= n; i++)
			plan_part(first, answer, i, i + length - 1);
}

const struct plan *plan_of(int i, int j)
{
	return &plans[i][j];
}
