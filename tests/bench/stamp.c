/* SPDX-License-Identifier: MIT */
/*
 * A payload that says when its first instructions ran: writes CLOCK_MONOTONIC in nanoseconds as
 * one line to standard output, or to the file named as argument, then sleeps until it is told to
 * go. With -q it sleeps without a word, for
 * measuring memory; with -x it exits as soon as it has written.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void leave(int sig)
{
	(void)sig;
	_exit(0);
}

static void write_number(int fd, uint64_t value)
{
	char line[24];
	size_t at = sizeof(line);

	line[--at] = '\n';
	do {
		line[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	(void)!write(fd, line + at, sizeof(line) - at);
}

int main(int argc, char **argv)
{
	struct timespec t;
	const char *to = argc > 1 ? argv[1] : "";
	int fd = 1;

	clock_gettime(CLOCK_MONOTONIC, &t);
	signal(SIGTERM, leave);
	if (to[0] == '/')
		fd = open(to, O_WRONLY | O_CLOEXEC);
	else if (strcmp(to, "-q") == 0)
		fd = -1;
	if (fd >= 0)
		write_number(fd, (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec);
	while (strcmp(to, "-x") != 0)
		pause();
	return 0;
}
