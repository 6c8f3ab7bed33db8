/* SPDX-License-Identifier: MIT */
/*
 * Starts and restarts under a supervisor in the deterministic machine; part of icount_init.c. A request is
 * written to the socket as the CLI does, and the payload tells the time of its first instruction through the
 * container's log. The sleeps before each let the supervisor do what it does when nobody asks.
 */
#include "tests/bench/icount_sup.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/ctl.h"
#include "core/lib/le.h"

#define NAME "latency"

enum { SETTLE_US = 50000, TRIES = 200, MAX_RUNS = 40 };

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t failed(const char *what)
{
	printf("icount error: supervised: %s\n", what);
	return -1;
}

static pid_t spawn(char *const *argv, int out)
{
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(out, 1);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* The last line that this program writes, as a number. */
static int64_t number_of(char *const *argv)
{
	char text[4096];
	int64_t last = -1;
	size_t used = 0;
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	pid = spawn(argv, fds[1]);
	close(fds[1]);
	while ((n = read(fds[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	text[used] = '\0';
	for (char *word = strtok(text, "\n"); word; word = strtok(NULL, "\n"))
		last = strtoll(word, NULL, 10);
	return last;
}

static int run(char *const *argv)
{
	int status = -1;

	waitpid(spawn(argv, 1), &status, 0);
	return status;
}

static int ask(int op)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/myctr/ctl" };
	uint8_t buf[CTL_REQUEST] = { 0 }, reply[CTL_REPLY];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int code = -1;

	le_put32(buf, sizeof(buf));
	le_put16(buf + 4, CTL_VERSION);
	le_put16(buf + 6, (uint16_t)op);
	le_put32(buf + 12, CTL_NO_TIMEOUT);
	memcpy(buf + 16, NAME, sizeof(NAME));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    write(fd, buf, sizeof(buf)) == sizeof(buf) &&
	    read(fd, reply, sizeof(reply)) == sizeof(reply))
		code = le_get16(reply + 6);
	close(fd);
	return code;
}

/* From the request to the payload's first instruction. */
static int64_t ask_and_see(const char *myctr, int op)
{
	char *const logs[] = { (char *)(uintptr_t)myctr, "logs", "-n", "1", NAME, NULL };
	int64_t asked, seen;

	usleep(SETTLE_US);
	asked = now();
	if (ask(op) != 0)
		return failed("a request fails");
	for (int i = 0; i < TRIES; i++) {
		seen = number_of(logs);
		if (seen > asked)
			return seen - asked;
		usleep(10000);
	}
	return failed("the payload does not come up");
}

static int64_t floor_first(void)
{
	char *const argv[] = { "/floor", "/c", "/stamp", "-x", NULL };
	int64_t begin, seen;

	usleep(SETTLE_US);
	begin = now();
	seen = number_of(argv);
	return seen < begin ? failed("the floor says nothing") : seen - begin;
}

static int start_daemon(char **argv)
{
	char *const container[] = { argv[0], "run",  "-d", "--name", NAME, "--read-only",
				    "--net", "none", "/c", "/stamp", NULL };

	if (fork() == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	for (int i = 0; i < TRIES && ask(CTL_PING) != 0; i++)
		usleep(10000);
	return run(container) == 0 ? 0 : (int)failed("run -d fails");
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The kernel keeps things of one start for the next, or not: no single one of them is typical. */
static void median(const char *name, int64_t *took, int n)
{
	qsort(took, (size_t)n, sizeof(*took), by_size);
	if (took[0] >= 0)
		printf("icount %s %lld\n", name, (long long)took[n / 2]);
	fflush(stdout);
}

void icount_supervised(int runs, char **argv)
{
	int64_t first[MAX_RUNS], start[MAX_RUNS], restart[MAX_RUNS];

	runs = runs < MAX_RUNS ? runs : MAX_RUNS;
	if (start_daemon(argv) < 0)
		return;
	for (int i = 0; i < runs; i++) {
		first[i] = floor_first();
		ask_and_see(argv[0], CTL_RESTART);
		restart[i] = ask_and_see(argv[0], CTL_RESTART);
		usleep(SETTLE_US);
		if (ask(CTL_STOP) != 0)
			failed("a stop fails");
		start[i] = ask_and_see(argv[0], CTL_START);
	}
	median("floor-first", first, runs);
	median("sup-start", start, runs);
	median("sup-restart", restart, runs);
}
