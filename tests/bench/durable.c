/* SPDX-License-Identifier: MIT */
/*
 * What one durable state change writes to the device: the writer of myctr on an ext4 of its own,
 * in a loop device over a file, whose /sys/block statistics are read before and after.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define CHANGES "50"

struct written {
	double writes, kib, flushes;
};

/* Documentation/admin-guide/iostats.rst: field 5 writes, 7 sectors written, 16 flushes. */
static int read_stat(const char *path, struct written *w)
{
	unsigned long long f[17] = { 0 };
	char line[512], *at = line;

	if (bench_read(path, line, sizeof(line)) <= 0)
		return -1;
	for (size_t i = 0; i < 17 && *at; i++)
		f[i] = strtoull(at, &at, 10);
	w->writes = (double)f[4];
	w->kib = (double)f[6] / 2;
	w->flushes = (double)f[15];
	return 0;
}

/* Makes and mounts the file system; returns the name of its loop device or NULL. */
static const char *make_disk(const struct bench *b, const char *mounted)
{
	const char *image = bench_path(b, "disk.ext4");
	struct command mkfs = { .argv = { "/sbin/mkfs.ext4", "-q", "-F", image, "32M" } };
	struct command loop = { .argv = { "/sbin/losetup", "-f", "--show", image } };
	static char name[64];

	bench_dir(mounted);
	if (command_run(&mkfs, -1) != 0 || command_capture(&loop, name, sizeof(name)) != 0)
		return NULL;
	name[strcspn(name, "\n")] = '\0';
	return mount(name, mounted, "ext4", 0, NULL) == 0 ? name : NULL;
}

static void measure(struct bench *b, const char *mounted, const char *device)
{
	const char *stat = bench_format("/sys/block/%s/stat", device + strlen("/dev/"));
	const char *state = bench_format("%s/state", mounted);
	struct command prepare = { .argv = { bench_path(b, "fill"), state, "20" } };
	struct command change = { .argv = { bench_path(b, "fill"), state, "20", CHANGES } };
	struct written before, after;
	double n = atof(CHANGES);
	int status;

	status = command_run(&prepare, -1);
	sync();
	if (status != 0 || read_stat(stat, &before) < 0 || command_run(&change, -1) != 0 ||
	    read_stat(stat, &after) < 0) {
		goal_missing(b, "written per durable state change, KiB", 1, "did not run");
		return;
	}
	n += 20; /* fill writes its 20 records once more, durable as well */
	printf("\none durable state change on ext4\n"
	       "  %.2f KiB in %.2f writes, %.2f flushes\n",
	       (after.kib - before.kib) / n, (after.writes - before.writes) / n,
	       (after.flushes - before.flushes) / n);
	goal_add(b, "written per durable state change, KiB", 1, (after.kib - before.kib) / n,
		 "KiB");
	goal_add(b, "flushes per durable state change", 1, (after.flushes - before.flushes) / n,
		 "");
}

void section_durable(struct bench *b)
{
	const char *mounted = bench_path(b, "disk");
	const char *device = make_disk(b, mounted);
	struct command detach = { .argv = { "/sbin/losetup", "-d", device } };

	if (!device) {
		goal_missing(b, "written per durable state change, KiB", 1, "no loop device");
		return;
	}
	measure(b, mounted, device);
	umount(mounted);
	command_run(&detach, -1);
}
