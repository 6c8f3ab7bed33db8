/* SPDX-License-Identifier: MIT */
/*
 * PID 1 of the deterministic machine (icount.sh): there one executed instruction, user or kernel,
 * takes one nanosecond of guest time, so that reading the clock around a start counts its
 * instructions. Reads /cases, one line each:
 *     NAME RUNS PROGRAM ARGUMENTS...    the least of RUNS starts to exits
 *     NAME supervised RUNS PROGRAM...    starts and restarts under it, see icount_sup.h
 *     NAME boot COUNT PROGRAM ARGUMENTS...    becomes PROGRAM; ends when COUNT lines, the times of
 *                                             first instructions, have come through /out/first
 * and prints "icount NAME NUMBER" on the serial line. It must be the only thing that runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/icount_sup.h"

enum {
	MAX_ARGS = 32,
	PATIENCE_MS = 20000, /* of guest time */
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void leave(void)
{
	fflush(stdout);
	tcdrain(1);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	printf("icount error: %s: %s\n", what, strerror(errno));
	leave();
}

/* pivot_root does not leave the initramfs itself, so the root becomes a mount over it. */
static void machine_up(void)
{
	mkdir("/new", 0755);
	must(mount("/", "/new", NULL, MS_BIND, NULL), "bind root");
	must(chdir("/new"), "chdir");
	must(mount(".", "/", NULL, MS_MOVE, NULL), "move root");
	must(chroot("."), "chroot");
	must(mount("dev", "/dev", "devtmpfs", 0, NULL), "/dev");
	must(open("/dev/console", O_RDWR), "/dev/console");
	dup2(0, 1);
	dup2(0, 2);
	must(mount("proc", "/proc", "proc", 0, NULL), "/proc");
	must(mount("sysfs", "/sys", "sysfs", 0, NULL), "/sys");
	must(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL), "cgroup2");
	must(mkdir("/sys/fs/cgroup/bench", 0755), "cgroup");
}

static void machine_down(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys", "/proc" };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		umount2(mounts[i], MNT_DETACH);
}

static int64_t start(char **argv)
{
	int64_t begin = now();
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	must(waitpid(pid, &status, 0), argv[0]);
	if (status == 0)
		return now() - begin;
	printf("icount error: %s: wait status 0x%x\n", argv[0], (unsigned int)status);
	return -1;
}

/* Sleeping lets the kernel's threads take down the namespaces of the last run. */
static void least_of(const char *name, int runs, char **argv)
{
	int64_t least = -1;

	for (int i = 0; i < runs; i++) {
		int64_t took = start(argv);

		if (took < 0)
			return;
		if (least < 0 || took < least)
			least = took;
		usleep(20000);
	}
	printf("icount %s %lld\n", name, (long long)least);
	fflush(stdout);
}

static int64_t latest(int fd, int count)
{
	int64_t last = 0;
	char line[256];

	while (count > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, PATIENCE_MS) > 0 ? read(fd, line, sizeof(line) - 1) : -1;

		if (n <= 0)
			return -1;
		line[n] = '\0';
		for (char *word = strtok(line, "\n"); word; word = strtok(NULL, "\n"), count--)
			last = strtoll(word, NULL, 10) > last ? strtoll(word, NULL, 10) : last;
	}
	return last;
}

/* Sleeps in read() until the services write, which costs nothing meanwhile. */
static void watch(const char *name, int count, int console, int from)
{
	int fd = open("/out/first", O_RDWR);
	int64_t begin = 0, last;

	(void)!read(from, &begin, sizeof(begin));
	last = latest(fd, count);
	if (last < 0)
		dprintf(console, "icount error: %s: the services do not come up\n", name);
	else
		dprintf(console, "icount %s %lld\n", name, (long long)(last - begin));
	tcdrain(console);
	reboot(RB_AUTOBOOT);
}

static void become(const char *name, int count, char **argv)
{
	int console = dup(1);
	int64_t begin;
	int fds[2];

	fflush(stdout);
	machine_down();
	must(mkfifo("/out/first", 0622), "mkfifo");
	must(pipe2(fds, O_CLOEXEC), "pipe");
	if (fork() == 0) {
		watch(name, count, console, fds[0]);
		_exit(0);
	}
	usleep(20000);
	begin = now();
	(void)!write(fds[1], &begin, sizeof(begin));
	execv(argv[0], argv);
	must(-1, argv[0]);
}

static void run_case(char *line)
{
	char *argv[MAX_ARGS + 2] = { NULL };
	size_t n = 0;

	for (char *word = strtok(line, " \n"); word && n < MAX_ARGS; word = strtok(NULL, " \n"))
		argv[n++] = word;
	if (n < 3)
		return;
	if (strcmp(argv[1], "boot") == 0)
		become(argv[0], atoi(argv[2]), argv + 3);
	else if (strcmp(argv[1], "supervised") == 0)
		icount_supervised(atoi(argv[2]), argv + 3);
	else
		least_of(argv[0], atoi(argv[1]), argv + 2);
}

int main(void)
{
	char line[512];
	FILE *cases;

	machine_up();
	cases = fopen("/cases", "re");
	must(cases ? 0 : -1, "/cases");
	while (fgets(line, sizeof(line), cases))
		run_case(line);
	leave();
	return 0;
}
