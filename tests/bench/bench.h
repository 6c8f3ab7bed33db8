/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the bench share. The bench is a host program of the tests: it may use stdio
 * and floating point, keeps its results in one struct bench, and never fails because something
 * was slow: only because something did not run.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/bench/sample.h"

enum {
	MAX_ARGS = 64,
	MAX_ROWS = 24,
	MAX_GOALS = 48,
	MAX_RUNS = 1000,
};

/* How to start one program; all strings live as long as the bench. */
struct command {
	const char *argv[MAX_ARGS];
	const char *input; /* file opened as standard input, NULL: /dev/null */
	bool unprivileged; /* run as nobody */
	bool ranges;	   /* run as daemon, who has ranges of ids here */
};

/* What is counted rather than timed. */
struct cost {
	long syscalls;
	long peak_kb; /* largest resident set of one process */
};

/* One bar of the chart: one way to start the payload, and what was measured. */
struct row {
	const char *name;
	const char *note; /* what it does less or more than the floor, NULL: the same */
	struct command command;
	struct sample *samples; /* one per run; NULL: not there, not measured */
	double us;		/* median */
	double cpu;		/* median over the runs of processor time against the base row */
	double ratio;		/* median over the runs of (this / the base row of the same run) */
	struct cost cost;
	long faults; /* median */
	bool failed;
};

/* A number to reach, from the table of goals. */
struct goal {
	const char *what;
	double limit;
	double value;
	const char *unit;
	bool measured;
	const char *why_not; /* when not measured */
};

struct bench {
	const char *out;    /* folder for results and charts */
	const char *parts;  /* folder with floor, once, payloads, profile */
	const char *myctr;  /* the binary under test */
	const char *sizes;  /* folder with tiny, router, full binaries, NULL: none */
	const char *only;   /* comma-separated sections, NULL: all */
	const char *work;   /* private tmpfs */
	const char *once;   /* in it: the program that measures one start */
	const char *rootfs; /* in it: the payload's root directory */
	int runs;
	struct row rows[MAX_ROWS];
	size_t nrows;
	struct goal goals[MAX_GOALS];
	size_t ngoals;
};

/* sys.c: helpers that end the bench with a sentence when the machine does not play along. */
_Noreturn void bench_die(const char *what, const char *name);
void bench_dir(const char *path);
void bench_copy(const char *from, const char *to, mode_t mode);
void bench_write(const char *path, const char *text);
/* Reads at most size-1 bytes, always terminates; returns the length or -errno. */
ssize_t bench_read(const char *path, char *buf, size_t size);
/* A path in the private tmpfs; the string is never freed. */
const char *bench_path(const struct bench *b, const char *name);
const char *bench_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool bench_has(const struct bench *b, const char *section);
double bench_now_us(void);
double bench_median(double *values, size_t n);
/* Adds an argument to the end of a command. */
void command_add(struct command *c, const char *arg);
void command_set(struct command *c, const char *const *argv);
/* In a child: executes with exactly descriptors 0, 1, 2 and, when result >= 0, that one as 3. */
_Noreturn void command_exec(const struct command *c, int out, int result);
/* Forks and executes; output goes to /dev/null or, when out >= 0, to that descriptor. */
pid_t command_spawn(const struct command *c, int out);
/* Its exit status as a shell shows it. */
int command_wait(pid_t pid);
/* command_spawn() and wait; returns the exit status. */
int command_run(const struct command *c, int out);
/* Runs, gathers output (always terminated), returns exit status. */
int command_capture(const struct command *c, char *buf, size_t size);
/* One run through `once`; returns 0 or -errno, result in *s. */
int command_sample(const struct bench *b, const struct command *c, struct sample *s);
/* The same up to the first instruction of the payload, which is `stamp -x`. */
int command_first(const struct bench *b, const struct command *c, struct sample *s);
/* Median wall time of successful runs; negative when one did not succeed. */
double command_median_us(const struct bench *b, const struct command *c, int runs);
/* count.c: what the whole process tree did, through ptrace; 0 or -errno when it cannot. */
int command_cost(const struct command *c, struct cost *cost);

/* goals.c */
void goal_add(struct bench *b, const char *what, double limit, double value, const char *unit);
void goal_missing(struct bench *b, const char *what, double limit, const char *why);
void goals_print(const struct bench *b, FILE *to);

/* chart.c: horizontal bars of the rows measured, as SVG. */
int chart_write(const struct bench *b, const char *path, const char *title);

/* One section each; they print their own table and add goals. */
void section_start(struct bench *b);	  /* start.c, with the OCI bundles of oci.c */
void section_ps(struct bench *b);	  /* ps.c */
void section_sizes(struct bench *b);	  /* sizes.c */
void section_memory(struct bench *b);	  /* memory.c */
void section_supervised(struct bench *b); /* supervised.c */
void section_durable(struct bench *b);	  /* durable.c */
void section_unpack(struct bench *b);	  /* unpack.c */
void section_rebuild(struct bench *b);	  /* rebuild.c */
void section_net(struct bench *b);	  /* net.c */

/* oci.c: writes a bundle equal in isolation to the floor; returns its path. */
const char *oci_bundle(const struct bench *b);
const char *oci_user_bundle(const struct bench *b); /* for nobody, in a user namespace */

#endif
