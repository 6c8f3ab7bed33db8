/* SPDX-License-Identifier: MIT */
/* The smallest search tree over ranges of system call numbers; a part of compile.c. */
#ifndef TOOLS_SECCOMP_PLAN_H
#define TOOLS_SECCOMP_PLAN_H

#include <stdint.h>

#define PLAN_MAX 512 /* ranges */

/* For the ranges i to j: how many instructions and how deep, and what the root of their tree does. */
struct plan {
	int insns, depth;
	int split; /* the first range of its upper half; 0: the rest is asked for one by one */
	int most;  /* then: the range whose answer all others get */
};

/* n ranges: where each begins, and with first[n] ends, and a number for its answer. */
void plan_all(const uint32_t *first, const int *answer, int n);

/* What plan_all() has found for a part of them. */
const struct plan *plan_of(int i, int j);

#endif
