// SPDX-License-Identifier: MIT
/*
 * replay: real power cuts. Takes a disk as it was before a run and the log of all its writes, rebuilds
 * for each flush point what a power cut before the next flush could have left (all that was flushed,
 * and a random half of the rest, whole writes or parts of them), and runs a check on each such disk. Host
 * tool; writes only the image it is told to make.
 *
 * usage: replay [-s SEED] [-r ROUNDS] [-n MAX] [-t] BASE LOG WORK -- CHECK [ARG]...
 *   The check is run with WORK, the rebuilt disk, as its last argument; it may change WORK.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "tools/vm/writelog.h"

#define TORN_SECTOR 512

struct replay {
	struct writelog log;
	uint8_t *disk; /* all that was flushed, in memory */
	size_t size;
	const char *work;
	char **check;
	uint64_t random;
	unsigned int rounds, max, points, bad;
	bool tear; /* writes may also arrive in part */
};

/* xorshift64*: the same seed gives the same disks on every machine */
static uint32_t next_random(struct replay *r)
{
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return (uint32_t)((r->random * 0x2545f4914f6cdd1dULL) >> 32);
}

static int load_base(struct replay *r, const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "%s", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, errno, "%s: map", path);
	r->disk = map;
	r->size = (size_t)st.st_size;
	return 0;
}

static int apply(struct replay *r, uint8_t *to, const struct writelog_entry *w, bool half,
		 struct err *e)
{
	if (w->offset > r->size || w->len > r->size - w->offset)
		return err_set(e, EINVAL,
			       "log: a write past the end of the disk; is this its base?");
	if (!w->data)
		return 0; /* discarded blocks may keep their content */
	if (!half || (w->flags & WRITELOG_FUA)) {
		memcpy(to + w->offset, w->data, w->len);
		return 0;
	}
	if (!r->tear && (next_random(r) & 1))
		return 0;
	for (uint64_t at = 0; at < w->len; at += TORN_SECTOR)
		if (!r->tear || (next_random(r) & 1))
			memcpy(to + w->offset + at, w->data + at, TORN_SECTOR);
	return 0;
}

/* Writes the disk, leaving out what is zero. */
static int write_disk(const struct replay *r, const uint8_t *disk, struct err *e)
{
	static const uint8_t zero[65536];
	AUTO_FD int fd = open(r->work, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)r->size) < 0)
		return err_sys(e, errno, "%s", r->work);
	for (size_t at = 0; at < r->size; at += sizeof(zero)) {
		size_t n = r->size - at < sizeof(zero) ? r->size - at : sizeof(zero);

		if (memcmp(disk + at, zero, n) != 0 &&
		    pwrite(fd, disk + at, n, (off_t)at) != (ssize_t)n)
			return err_sys(e, errno, "%s: write", r->work);
	}
	return 0;
}

static int run_check(const struct replay *r)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(r->check[0], r->check);
		dprintf(2, "replay: %s: %s\n", r->check[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* One power cut: the writes of the log from its present place up to the next flush may be lost. */
static int cut(struct replay *r, struct err *e)
{
	struct writelog ahead = r->log;
	struct writelog_entry w;
	uint8_t *disk = malloc(r->size);
	int n, status = 0;

	if (!disk)
		return err_set(e, ENOMEM, "no memory for a disk of %zu bytes", r->size);
	memcpy(disk, r->disk, r->size);
	while ((n = writelog_next(&ahead, &w, e)) > 0 && !(w.flags & WRITELOG_FLUSH) && n > 0)
		n = apply(r, disk, &w, true, e);
	if (n >= 0)
		n = write_disk(r, disk, e);
	free(disk);
	if (n < 0)
		return n;
	status = run_check(r);
	if (status < 0)
		return err_set(e, -status, "check: %s", err_text(status));
	r->points++;
	if (status) {
		r->bad++;
		printf("replay: power cut %u (log byte %zu): check failed with status %d\n",
		       r->points, r->log.at, status);
	}
	return 0;
}

static int all_points(struct replay *r, struct err *e)
{
	struct writelog_entry w = { .flags = WRITELOG_FLUSH };
	int n = 1;

	while (n > 0 && r->points < r->max) {
		for (unsigned int i = 0; i < r->rounds && (w.flags & WRITELOG_FLUSH); i++)
			if (cut(r, e) < 0)
				return -e->code;
		n = writelog_next(&r->log, &w, e);
		if (n > 0 && apply(r, r->disk, &w, false, e) < 0)
			return -e->code;
	}
	return n;
}

static int usage(void)
{
	fputs("usage: replay [-s SEED] [-r ROUNDS] [-n MAX] [-t] BASE LOG WORK -- CHECK [ARG]...\n"
	      "  -s  seed of what is lost (1)   -r  disks per flush point (1)\n"
	      "  -n  stop after so many disks   -t  writes may also arrive in part, by sectors of 512\n",
	      stderr);
	return 2;
}

static int read_options(struct replay *r, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+s:r:n:t")) != -1) {
		if (c == 's')
			r->random = strtoull(optarg, NULL, 10);
		else if (c == 'r')
			r->rounds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'n')
			r->max = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 't')
			r->tear = true;
		else
			return -EINVAL;
	}
	if (argc - optind < 5 || strcmp(argv[optind + 3], "--") != 0 || !r->random)
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	struct replay r = { .random = 1, .rounds = 1, .max = ~0U };
	struct err e = { 0 };
	int n, words;

	if (read_options(&r, argc, argv) < 0)
		return usage();
	argv += optind;
	r.work = argv[2];
	words = argc - optind - 4;
	r.check = calloc((size_t)words + 2, sizeof(char *));
	if (!r.check)
		return 125;
	memcpy(r.check, argv + 4, (size_t)words * sizeof(char *));
	r.check[words] = argv[2];
	n = load_base(&r, argv[0], &e);
	if (n >= 0)
		n = writelog_open(&r.log, argv[1], &e);
	if (n >= 0)
		n = all_points(&r, &e);
	if (n < 0) {
		fprintf(stderr, "replay: %s\n", e.msg);
		return 125;
	}
	printf("replay: %u power cuts, %u bad\n", r.points, r.bad);
	return r.bad ? 1 : 0;
}
