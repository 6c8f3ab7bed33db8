/* SPDX-License-Identifier: MIT */
/*
 * Building again what has been built: the same Containerfile of a dozen steps over the same root file system by `myctr
 * build` and by buildah, nothing changed since, so that each has to find out just that. The first build of both, in
 * which all is done, is not measured.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { ROUNDS = 7 };

static const char containerfile[] = "FROM bench-base\n"
				    "ENV A=1 B=2\n"
				    "WORKDIR /app\n"
				    "COPY src /app/src\n"
				    "RUN true one\n"
				    "RUN true two\n"
				    "COPY src/d7 /app/again\n"
				    "RUN true three\n"
				    "LABEL what=bench\n"
				    "EXPOSE 80\n"
				    "USER 1000\n"
				    "CMD [\"true\"]\n";

static int shell(const char *line)
{
	struct command c = { .argv = { "/bin/sh", "-c", line } };

	return command_run(&c, -1);
}

/* A base of busybox, and 20 MB in 640 files to copy. */
static bool make_context(const char *base, const char *context)
{
	bench_dir(context);
	bench_write(bench_format("%s/Containerfile", context), containerfile);
	return shell(bench_format(
		       "set -e; mkdir -p %s/bin %s/etc %s/tmp; cp $(command -v busybox) %s/bin/busybox; "
		       "for tool in sh true; do ln -sf busybox %s/bin/$tool; done; cd %s; "
		       "for d in 0 1 2 3 4 5 6 7; do mkdir -p src/d$d; "
		       "for f in $(seq 80); do head -c 32768 /dev/urandom >src/d$d/$f; done; done",
		       base, base, base, base, base, context)) == 0;
}

static double median_ms(const struct bench *b, const struct command *c)
{
	double values[ROUNDS];
	struct sample s;

	/* The first one fills what is kept. */
	for (int i = -1; i < ROUNDS; i++) {
		if (command_sample(b, c, &s) < 0 || s.status != 0)
			return -1;
		if (i >= 0)
			values[i] = (double)s.ns / 1e6;
	}
	return bench_median(values, ROUNDS);
}

static double buildah(const struct bench *b, const char *base, const char *context)
{
	const char *root = bench_path(b, "buildah");
	const char *program = bench_format(
		"buildah --storage-driver overlay --root %s/root --runroot %s/run", root, root);
	struct command c = { .argv = { "/usr/bin/buildah", "--storage-driver", "overlay", "--root",
				       bench_format("%s/root", root), "--runroot",
				       bench_format("%s/run", root), "bud", "--layers",
				       "--isolation", "chroot", "--pull-never", "-q", "-t",
				       "bench:1", context } };

	if (access(c.argv[0], X_OK) < 0)
		return -1;
	bench_dir(root);
	if (shell(bench_format(
		    "c=$(%s from scratch) && %s copy -q $c %s / && %s commit -q $c bench-base",
		    program, program, base, program)) != 0)
		return -1;
	return median_ms(b, &c);
}

void section_rebuild(struct bench *b)
{
	static const char what[] = "build again what was built / buildah";
	const char *base = bench_path(b, "build-base"), *context = bench_path(b, "context");
	struct command ours = { .argv = { bench_path(b, "myctr"), "build", "-q", "-t", "bench:1",
					  "--network", "none", "--build-image",
					  bench_format("bench-base=%s", base), context } };
	double ours_ms, buildah_ms;

	if (!make_context(base, context)) {
		goal_missing(b, what, 1, "the context could not be made");
		return;
	}
	buildah_ms = buildah(b, base, context);
	ours_ms = median_ms(b, &ours);
	printf("\nbuilding again what was built, median of %d: buildah %.0f ms, myctr build %.0f ms\n",
	       ROUNDS, buildah_ms, ours_ms);
	if (buildah_ms > 0 && ours_ms > 0)
		goal_add(b, what, 1, ours_ms / buildah_ms, "x");
	else
		goal_missing(b, what, 1,
			     buildah_ms > 0 ? "did not run (is CMD_BUILD in this build?)"
					    : "no buildah, or it did not run");
}
