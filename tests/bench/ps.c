/* SPDX-License-Identifier: MIT */
/*
 * `myctr ps` as a whole process with 100 and 1,000 records in the state file and no supervisor,
 * against a static program that does nothing.
 */
#include <stdlib.h>

#include "tests/bench/bench.h"

static long count_lines(const char *text)
{
	long n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static bool lists(const struct command *ps, long records)
{
	static char text[256 << 10];

	return command_capture(ps, text, sizeof(text)) == 0 && count_lines(text) >= records;
}

static void with_records(struct bench *b, const char *records, double limit, double bare)
{
	const char *run = bench_path(b, bench_format("ps%s", records));
	const char *state = bench_format("%s/state", run);
	const char *what = bench_format("ps with %s records / bare process", records);
	struct command fill = { .argv = { bench_path(b, "fill"), state, records } };
	struct command ps = { .argv = { bench_path(b, "myctr"), "ps", "-a" } };
	struct cost cost;
	double us;

	bench_dir(run);
	if (command_run(&fill, -1) != 0) {
		goal_missing(b, what, limit, "the records could not be written");
		return;
	}
	setenv("MYCTR_RUN", run, 1);
	us = lists(&ps, atol(records)) ? command_median_us(b, &ps, b->runs) : -1;
	command_cost(&ps, &cost);
	unsetenv("MYCTR_RUN");
	if (us < 0) {
		goal_missing(b, what, limit, "ps did not list them");
		return;
	}
	printf("  %-24s %9.0f %8.2f %9ld %8ld\n", bench_format("ps, %s records", records), us,
	       us / bare, cost.syscalls, cost.peak_kb);
	goal_add(b, what, limit, us / bare, "x");
}

void section_ps(struct bench *b)
{
	struct command nothing = { .argv = { bench_path(b, "nothing") } };
	double bare = command_median_us(b, &nothing, b->runs);

	printf("\nlisting, whole process\n"
	       "                                  us   x bare  syscalls  peak KB\n"
	       "  %-24s %9.0f %8.2f\n",
	       "bare process", bare, 1.0);
	with_records(b, "100", 1.5, bare);
	with_records(b, "1000", 2.5, bare);
}
