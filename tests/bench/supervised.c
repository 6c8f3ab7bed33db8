/* SPDX-License-Identifier: MIT */
/*
 * From a request at the supervisor's socket to the first instruction of the
 * payload, which writes the time: a start of a container that is down, and a
 * restart of one that runs (with its stop), against the floor program up to the
 * first instruction of the same payload.
 */
#include <time.h>
#include <unistd.h>

#include "core/ctl.h"
#include "tests/bench/bench.h"
#include "tests/bench/daemon.h"

#define NAME "latency"

enum { SETTLE_US = 20000 };

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Microseconds to the first instruction after this request, negative when it
 * did not happen. */
static double ask_and_see(const struct bench *b, int op)
{
	int64_t asked, seen;

	usleep(SETTLE_US);
	asked = now();
	if (daemon_ask(op, NAME) < 0)
		return -1;
	seen = daemon_stamp(b, NAME, asked);
	return seen < 0 ? -1 : (double)(seen - asked) / 1000;
}

static double floor_first(const struct bench *b)
{
	struct command c = { .argv = { bench_path(b, "floor"), b->rootfs, "/stamp", "-x" } };
	struct sample s;

	usleep(SETTLE_US);
	return command_first(b, &c, &s) < 0 || s.status != 0 ? -1 : (double)s.ns / 1000;
}

struct latency {
	double floor[MAX_RUNS], start[MAX_RUNS], restart[MAX_RUNS];
};

static bool measure(const struct bench *b, struct latency *l)
{
	if (daemon_run(b, NAME, NULL) != 0)
		return false;
	for (int i = 0; i < b->runs; i++) {
		l->floor[i] = floor_first(b);
		l->restart[i] = ask_and_see(b, CTL_RESTART);
		if (daemon_ask(CTL_STOP, NAME) < 0)
			return false;
		l->start[i] = ask_and_see(b, CTL_START);
		if (l->floor[i] < 0 || l->restart[i] < 0 || l->start[i] < 0)
			return false;
	}
	return true;
}

static void report(struct bench *b, struct latency *l)
{
	size_t n = (size_t)b->runs;
	double floor_us = bench_median(l->floor, n), start = bench_median(l->start, n),
	       restart = bench_median(l->restart, n);

	printf("\nto the payload's first instruction         us  x floor\n"
	       "  floor                             %9.0f %8.2f\n"
	       "  supervised start, from request    %9.0f %8.2f\n"
	       "  supervised restart, with the stop %9.0f %8.2f\n",
	       floor_us, 1.0, start, start / floor_us, restart, restart / floor_us);
	goal_add(b, "supervised start / floor", 0.7, start / floor_us, "x");
	goal_add(b, "supervised restart / floor", 0.4, restart / floor_us, "x");
}

void section_supervised(struct bench *b)
{
	static struct latency l;
	pid_t pid = daemon_start(b);
	bool ok = pid >= 0 && measure(b, &l);

	if (ok)
		report(b, &l);
	else
		goal_missing(b, "supervised start / floor", 0.7,
			     pid < 0 ? "myctr daemon does not start" : "requests fail");
	if (pid >= 0)
		daemon_stop(b, pid);
}
