/* SPDX-License-Identifier: MIT */
/*
 * Memory of the supervisor with 1, 10 and 100 running containers (its
 * proportional set), the number of helper processes, and the kernel memory of a
 * container against the floor with its waiting parent: the difference in
 * /proc/meminfo over 50 of each. The latter is an estimate, good to some
 * kilobytes.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/daemon.h"

enum { MANY = 50, SETTLE_US = 300000 };

/* Sums "name: N kB" lines of a /proc file. */
static long sum_kb(const char *path, const char *const *names)
{
	static char text[16384];
	long sum = 0;

	if (bench_read(path, text, sizeof(text)) <= 0)
		return -1;
	for (; *names; names++) {
		const char *line = strstr(text, *names);

		if (line)
			sum += strtol(line + strlen(*names), NULL, 10);
	}
	return sum;
}

static long kernel_kb(void)
{
	static const char *const names[] = { "\nSUnreclaim:", "\nSReclaimable:", "\nKernelStack:",
					     "\nPageTables:", "\nPercpu:",	 NULL };

	usleep(SETTLE_US);
	return sum_kb("/proc/meminfo", names);
}

static long pss_kb(pid_t pid)
{
	static const char *const names[] = { "\nPss:", NULL };

	return sum_kb(bench_format("/proc/%d/smaps_rollup", (int)pid), names);
}

/* Processes whose program is ours, by inode: the supervisor runs through a mount of its own. */
static long helpers(const struct bench *b)
{
	struct stat ours, st;
	long n = 0;

	if (stat(bench_path(b, "myctr"), &ours) < 0)
		return -1;
	for (int pid = 2; pid < 32768; pid++) {
		char path[32];

		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		n += stat(path, &st) == 0 && st.st_ino == ours.st_ino && st.st_dev == ours.st_dev;
	}
	return n - 1;
}

static double floor_kernel_kb(const struct bench *b)
{
	struct command floor = { .argv = { bench_path(b, "floor"), b->rootfs, "/stamp", "-q" } };
	pid_t pids[MANY];
	long before = kernel_kb(), after;

	for (int i = 0; i < MANY; i++)
		pids[i] = command_spawn(&floor, -1);
	after = kernel_kb();
	daemon_kill_payloads(b);
	for (int i = 0; i < MANY; i++)
		command_wait(pids[i]);
	return (double)(after - before) / MANY;
}

/* Containers from..to-1; false when one does not start. */
static bool start_many(const struct bench *b, int from, int to)
{
	for (int i = from; i < to; i++)
		if (daemon_run(b, bench_format("m%d", i), "-q") != 0)
			return false;
	return true;
}

static void measure(struct bench *b, pid_t pid)
{
	static const int steps[] = { 1, 10, 100 };
	long kernel[4] = { kernel_kb() }, pss[4] = { pss_kb(pid) };
	double floor_kb = floor_kernel_kb(b), each_kb, grown;
	int running = 0;

	printf("\nsupervisor            PSS KB  kernel KB (all)  helpers\n"
	       "  %4d containers  %8ld %16s\n",
	       0, pss[0], "-");
	kernel[0] = kernel_kb();
	for (size_t i = 0; i < 3; i++) {
		if (!start_many(b, running, steps[i])) {
			goal_missing(b, "supervisor PSS", 120, "containers do not start");
			return;
		}
		running = steps[i];
		kernel[i + 1] = kernel_kb();
		pss[i + 1] = pss_kb(pid);
		printf("  %4d containers  %8ld %16ld %8ld\n", running, pss[i + 1],
		       kernel[i + 1] - kernel[0], helpers(b));
	}
	each_kb = (double)(kernel[3] - kernel[1]) / 99;
	grown = (double)(pss[3] - pss[1]) / 99;
	printf("  kernel memory per container: %.0f KB, floor with its parent %.0f KB\n", each_kb,
	       floor_kb);
	goal_add(b, "supervisor PSS, 1 container", 120, (double)pss[1], "KB");
	goal_add(b, "supervisor growth per container (with its log ring)", 1, grown, "KB");
	goal_add(b, "helper processes", 0, (double)helpers(b), "");
	goal_add(b, "kernel memory per container / floor", 1.05, each_kb / floor_kb, "x");
}

void section_memory(struct bench *b)
{
	pid_t pid = daemon_start(b);

	if (pid < 0) {
		goal_missing(b, "supervisor PSS", 120, "myctr daemon does not start");
		return;
	}
	measure(b, pid);
	daemon_stop(b, pid);
}
