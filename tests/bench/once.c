/* SPDX-License-Identifier: MIT */
/*
 * Starts one program, waits for it, and writes one struct sample (sample.h) to descriptor 3: wall
 * time and minor page faults. It is a process of its own, and tiny, because the fork of a large
 * process would be timed and counted with what it executes. Standard input, output and error are
 * the started program's; with -f its output is read instead, as the time stamp its payload writes
 * at its first instruction (stamp.c), and the wall time ends there.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

static pid_t start(char **argv, int out)
{
	pid_t pid = vfork();

	if (pid == 0) {
		if (out >= 0)
			dup2(out, 1);
		close(3);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int64_t read_stamp(int fd)
{
	char line[32] = "";

	return read(fd, line, sizeof(line) - 1) > 0 ? strtoll(line, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	struct sample s = { 0 };
	struct rusage usage;
	int status = 0, out[2] = { -1, -1 };
	int64_t begin, end;
	bool first;
	pid_t pid;

	first = argc > 1 && strcmp(argv[1], "-f") == 0;
	if (argc < 2 + first || (first && pipe2(out, O_CLOEXEC) < 0))
		return 2;
	begin = now();
	pid = start(argv + 1 + first, out[1]);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 1;
	end = now();
	if (first)
		end = read_stamp(out[0]);
	s.ns = end - begin;
	s.cpu_ns = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
		   (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
	s.faults = usage.ru_minflt;
	s.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return write(3, &s, sizeof(s)) == (ssize_t)sizeof(s) ? 0 : 1;
}
