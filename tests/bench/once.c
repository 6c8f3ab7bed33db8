/* SPDX-License-Identifier: MIT */
/*
 * Starts one program, waits for it, and writes one struct sample (sample.h) to descriptor 3: wall
 * time and minor page faults. It is a process of its own, and tiny, because the fork of a large
 * process would be timed and counted with what it executes. Standard input, output and error are
 * the started program's.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/sample.h"

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static pid_t start(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		close(3);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	struct sample s = { 0 };
	struct rusage usage;
	int status = 0;
	pid_t pid;

	if (argc < 2)
		return 2;
	s.ns = now();
	pid = start(argv + 1);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 1;
	s.ns = now() - s.ns;
	s.faults = usage.ru_minflt;
	s.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return write(3, &s, sizeof(s)) == (ssize_t)sizeof(s) ? 0 : 1;
}
