/* SPDX-License-Identifier: MIT */
/*
 * The stripped static binary of each configuration, beside its budget. The Makefile builds them;
 * a configuration that is not there is said to be missing.
 */
#include <sys/stat.h>

#include "tests/bench/bench.h"

void section_sizes(struct bench *b)
{
	static const struct {
		const char *name;
		double budget;
	} boards[] = { { "tiny", 64 }, { "router", 192 }, { "full", 512 } };

	printf("\nbinary, stripped, static\n");
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		const char *what = bench_format("binary: %s", boards[i].name);
		const char *path =
			bench_format("%s/%s/myctr", b->sizes ? b->sizes : ".", boards[i].name);
		struct stat st;

		if (stat(path, &st) < 0) {
			goal_missing(b, what, boards[i].budget, "not built");
			continue;
		}
		printf("  %-24s %9.1f KiB\n", boards[i].name, (double)st.st_size / 1024);
		goal_add(b, what, boards[i].budget, (double)st.st_size / 1024, "KiB");
	}
}
