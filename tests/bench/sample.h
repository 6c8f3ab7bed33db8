/* SPDX-License-Identifier: MIT */
/* What one start of one program cost. */
#ifndef TESTS_BENCH_SAMPLE_H
#define TESTS_BENCH_SAMPLE_H

#include <stdint.h>

struct sample {
	int64_t ns;	/* from before the fork to after the wait */
	int64_t cpu_ns; /* user and system time of all processes that were waited for */
	int64_t faults; /* minor page faults, all processes that were waited for */
	int64_t status; /* exit status as a shell shows it */
};

#endif
