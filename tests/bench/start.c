/* SPDX-License-Identifier: MIT */
/*
 * Start to exit of a static `true` in a fully isolated container: the floor, its variants, myctr
 * and the runtimes this machine has, one run of each after the other so that whatever the machine
 * does meanwhile hits all of them. Ratios are taken within a round, then their median.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define BENCH_CGROUP "/sys/fs/cgroup/myctr-bench"
#define RANGE_FIRST "2000000"
#define CRUN_USER "/tmp/myctr-bench-crun" /* its state, for whom this folder is not */

enum {
	SETTLE_US = 4000, /* lets the kernel's threads take down the namespaces of the last run */
};

static struct row *row_add(struct bench *b, const char *name, const char *note,
			   const char *const *argv)
{
	struct row *row = &b->rows[b->nrows];

	if (b->nrows + 1 < MAX_ROWS)
		b->nrows++;
	row->name = name;
	row->note = note;
	command_set(&row->command, argv);
	row->failed = access(argv[0], X_OK) != 0;
	return row;
}

static void rows_floor(struct bench *b)
{
	const char *floor = bench_path(b, "floor");
	const char *image = bench_path(b, "root.sqfs");

	row_add(b, "floor", NULL, (const char *[]){ floor, b->rootfs, "/true", NULL });
	row_add(b, "bare process", "no container: fork, exec, wait",
		(const char *[]){ floor, "-b", "/", bench_path(b, "true"), NULL });
	if (mkdir(BENCH_CGROUP, 0755) == 0 || errno == EEXIST)
		row_add(b, "floor, own cgroup", "more: born in a cgroup v2",
			(const char *[]){ floor, "-c", BENCH_CGROUP, b->rootfs, "/true", NULL });
	if (access(image, R_OK) == 0)
		row_add(b, "floor, squashfs+overlay", "more: new loop device, squashfs, overlay",
			(const char *[]){ floor, "-s", image, "/true", NULL });
	row_add(b, "floor, rootless", "user namespace, one id",
		(const char *[]){ floor, "-r", b->rootfs, "/true", NULL })
		->command.unprivileged = true;
}

/* A runtime that exits 0 without having run anything is fast: its payload has to have spoken. */
static void row_myctr(struct bench *b, const char *name, const char *note,
		      const struct command *who)
{
	const char *const argv[] = { bench_path(b, "myctr"),
				     "run",
				     "--rm",
				     "--read-only",
				     "--net",
				     "none",
				     b->rootfs,
				     NULL };
	struct command check = *who;
	char said[64];
	struct row *row = row_add(b, name, note, argv);

	row->command.unprivileged = who->unprivileged;
	row->command.ranges = who->ranges;
	command_add(&row->command, "/true");
	command_set(&check, argv);
	command_set(&check, (const char *[]){ "/stamp", "-x", NULL });
	if (row->failed || command_capture(&check, said, sizeof(said)) != 0 || atoll(said) <= 0) {
		fprintf(stderr, "bench: %s: its payload did not run (BENCH_VERBOSE=1 shows why)\n",
			name);
		row->failed = true;
	}
}

/* Ranges of ids for one user, which this process and what it starts alone see. */
static bool ranges_give(const struct bench *b)
{
	const char *path = bench_format("%s/subids", b->out);
	FILE *f = fopen(path, "we");

	if (!f)
		return false;
	fputs("daemon:" RANGE_FIRST ":65536\n", f);
	fclose(f);
	return access("/usr/bin/newuidmap", X_OK) == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount(path, "/etc/subuid", NULL, MS_BIND, NULL) == 0 &&
	       mount(path, "/etc/subgid", NULL, MS_BIND, NULL) == 0;
}

static bool rows_ranges(struct bench *b)
{
	bool has = ranges_give(b);

	if (has)
		row_add(b, "floor, ranges", "user namespace, newuidmap and newgidmap",
			(const char *[]){ bench_path(b, "floor"), "-R", RANGE_FIRST, b->rootfs,
					  "/true", NULL })
			->command.ranges = true;
	return has;
}

static void rows_myctr(struct bench *b)
{
	row_myctr(b, "myctr run", NULL, &(struct command){ 0 });
	row_myctr(b, "myctr run, rootless", "user namespace, one id",
		  &(struct command){ .unprivileged = true });
	if (rows_ranges(b))
		row_myctr(b, "myctr run, ranges", "the same", &(struct command){ .ranges = true });
}

/* The same as a user: bwrap as it is, crun with a bundle that has a user namespace, in a folder of its own. */
static void rows_rootless(struct bench *b, const struct row *bwrap)
{
	struct row *row = row_add(b, "bwrap, rootless", "less: host's /sys, fewer masks",
				  bwrap->command.argv);

	row->command.input = bwrap->command.input;
	row->command.unprivileged = true;
	row = row_add(b, "crun, rootless", "less: no cgroup; seccomp from its cache",
		      (const char *[]){ "/usr/bin/crun", "--root", CRUN_USER,
					"--cgroup-manager=disabled", "run", "-b",
					oci_user_bundle(b), "bench-user", NULL });
	row->command.unprivileged = true;
}

static void rows_peers(struct bench *b)
{
	const char *bundle = oci_bundle(b);
	const char *filter = bench_path(b, "filter.bpf");
	struct row *row;

	row_add(b, "crun (Debian)", "less: no cgroup; seccomp from its cache",
		(const char *[]){ "/usr/bin/crun", "--cgroup-manager=disabled", "run", "-b", bundle,
				  "bench", NULL });
	row_add(b, "runc (Debian)", "more: makes cgroups",
		(const char *[]){ "/usr/sbin/runc", "run", "-b", bundle, "bench", NULL });
	row = row_add(b, "bwrap (Debian)", "less: host's /sys, fewer masks, no records",
		      (const char *[]){ "/usr/bin/bwrap",
					"--as-pid-1",
					"--unshare-pid",
					"--unshare-uts",
					"--unshare-ipc",
					"--unshare-net",
					"--unshare-cgroup",
					"--hostname",
					"floor",
					"--new-session",
					"--ro-bind",
					b->rootfs,
					"/",
					"--proc",
					"/proc",
					"--dev",
					"/dev",
					"--ro-bind",
					"/sys",
					"/sys",
					"--mqueue",
					"/dev/mqueue",
					"--tmpfs",
					"/dev/shm",
					"--ro-bind",
					"/dev/null",
					"/proc/keys",
					"--ro-bind",
					"/dev/null",
					"/proc/timer_list",
					"--tmpfs",
					"/proc/acpi",
					"--tmpfs",
					"/sys/firmware",
					"--seccomp",
					"0",
					"/true",
					NULL });
	row->command.input = filter;
	rows_rootless(b, row);
	row_add(b, "crun (static musl)", "less: no cgroup; seccomp from its cache",
		(const char *[]){ getenv("BENCH_CRUN_STATIC") ? getenv("BENCH_CRUN_STATIC") : "",
				  "--cgroup-manager=disabled", "run", "-b", bundle, "bench",
				  NULL });
}

static int measure_once(struct bench *b, struct row *row, int run)
{
	struct sample *s = &row->samples[run];
	int err = command_sample(b, &row->command, s);

	usleep(SETTLE_US);
	if (err == 0 && s->status == 0)
		return 0;
	fprintf(stderr, "bench: %s: run %d ended with %ld (set BENCH_VERBOSE=1 to see why)\n",
		row->name, run, err ? (long)err : (long)s->status);
	row->failed = true;
	return -EIO;
}

static void measure(struct bench *b)
{
	for (size_t i = 0; i < b->nrows; i++)
		b->rows[i].samples = calloc((size_t)b->runs, sizeof(struct sample));
	for (int run = -1; run < b->runs; run++) /* the first round only warms caches */
		for (size_t i = 0; i < b->nrows; i++)
			if (!b->rows[i].failed)
				measure_once(b, &b->rows[i], run < 0 ? 0 : run);
	for (size_t i = 0; i < b->nrows; i++)
		if (!b->rows[i].failed)
			command_cost(&b->rows[i].command, &b->rows[i].cost);
}

static void summarise(const struct bench *b, struct row *row)
{
	const struct row *floor = &b->rows[0];
	double values[MAX_RUNS];

	for (int i = 0; i < b->runs; i++)
		values[i] = (double)row->samples[i].ns / 1000;
	row->us = bench_median(values, (size_t)b->runs);
	for (int i = 0; i < b->runs; i++)
		values[i] = (double)row->samples[i].ns / (double)floor->samples[i].ns;
	row->ratio = bench_median(values, (size_t)b->runs);
	for (int i = 0; i < b->runs; i++)
		values[i] = (double)row->samples[i].cpu_ns / (double)floor->samples[i].cpu_ns;
	row->cpu = bench_median(values, (size_t)b->runs);
	for (int i = 0; i < b->runs; i++)
		values[i] = (double)row->samples[i].faults;
	row->faults = (long)bench_median(values, (size_t)b->runs);
}

static void print(const struct bench *b, FILE *to, const char *format, const char *head)
{
	fputs(head, to);
	for (size_t i = 0; i < b->nrows; i++) {
		const struct row *r = &b->rows[i];

		if (!r->failed)
			fprintf(to, format, r->name, r->us, r->ratio, r->cpu, r->cost.syscalls,
				r->faults, r->cost.peak_kb, r->note ? r->note : "");
	}
}

static const struct row *find(const struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->nrows; i++)
		if (strcmp(b->rows[i].name, name) == 0 && !b->rows[i].failed)
			return &b->rows[i];
	return NULL;
}

/* Median over the runs of one row's time by another's. */
static double pair_ratio(const struct bench *b, const struct row *x, const struct row *y)
{
	double values[MAX_RUNS];

	for (int i = 0; i < b->runs; i++)
		values[i] = (double)x->samples[i].ns / (double)y->samples[i].ns;
	return bench_median(values, (size_t)b->runs);
}

static void goal_against(struct bench *b, const char *what, double limit, const char *name,
			 const char *other)
{
	const struct row *x = find(b, name), *y = find(b, other);

	if (x && y)
		goal_add(b, what, limit, pair_ratio(b, x, y), "x");
	else
		goal_missing(b, what, limit,
			     x ? "the other is not on this machine" : "did not run");
}

static void goals(struct bench *b)
{
	const struct row *run = find(b, "myctr run");

	goal_against(b, "run / floor, wall", 1.15, "myctr run", "floor");
	goal_against(b, "run / static crun, wall", 0.4, "myctr run", "crun (static musl)");
	goal_against(b, "run / Debian crun, wall", 0.1, "myctr run", "crun (Debian)");
	goal_against(b, "run / runc, wall", 0.05, "myctr run", "runc (Debian)");
	goal_against(b, "rootless run / rootless floor, wall", 1.15, "myctr run, rootless",
		     "floor, rootless");
	goal_against(b, "run with ranges / floor with ranges, wall", 1.15, "myctr run, ranges",
		     "floor, ranges");
	goal_against(b, "rootless run / rootless crun, wall", 0.2, "myctr run, rootless",
		     "crun, rootless");
	goal_against(b, "rootless run / rootless bwrap, wall", 1, "myctr run, rootless",
		     "bwrap, rootless");
	if (!run)
		return;
	goal_add(b, "run: system calls", 137, (double)run->cost.syscalls, "");
	goal_add(b, "run: page faults", 35, (double)run->faults, "");
	goal_add(b, "run: peak memory", 160, (double)run->cost.peak_kb, "KB");
}

/* Grace periods of the kernel wait for every busy CPU: ratios hold, microseconds do not. */
static void load_print(void)
{
	double load[1];

	if (getloadavg(load, 1) == 1 && load[0] > 1)
		printf("\n(this machine is busy, load %.1f: its microseconds mean little)\n",
		       load[0]);
}

void section_start(struct bench *b)
{
	FILE *tsv;

	rows_floor(b);
	rows_myctr(b);
	rows_peers(b);
	measure(b);
	rmdir(BENCH_CGROUP);
	rmdir(CRUN_USER);
	for (size_t i = 0; i < b->nrows; i++)
		summarise(b, &b->rows[i]);
	load_print();
	printf("\nstart to exit of a static true, whole process, median of %d interleaved runs\n",
	       b->runs);
	print(b, stdout, "  %-24s %9.0f %8.2f %8.2f %9ld %7ld %8ld  %s\n",
	      "  runtime                         us  x floor    x cpu  syscalls  faults  peak KB  note\n");
	goals(b);
	tsv = fopen(bench_format("%s/start.tsv", b->out), "we");
	if (tsv) {
		print(b, tsv, "%s\t%.1f\t%.3f\t%.3f\t%ld\t%ld\t%ld\t%s\n",
		      "runtime\tus\tx_floor\tx_cpu\tsyscalls\tfaults\tpeak_kb\tnote\n");
		fclose(tsv);
	}
	if (chart_write(b, bench_format("%s/start.svg", b->out),
			"Start to exit of a static true in a full container") < 0)
		fprintf(stderr, "bench: %s/start.svg: cannot write\n", b->out);
}
