/* SPDX-License-Identifier: MIT */
/*
 * Unpacking a generated root file system of some 160 MB, plain and as lz4, to tmpfs: the first
 * `myctr run` from the archive with an empty store (so a container's start and the check of the
 * content are in it) against GNU tar and bsdtar; and the same as a Docker archive into the store,
 * against podman.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { DIRS = 300, FILES_IN_DIR = 16, ROUNDS = 5, LARGEST = 128 << 10 };

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Half of every 64 bytes is noise, so that lz4 has the work it has with programs. */
static void fill_noise(uint8_t *buf, size_t len, uint32_t *seed)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = i % 64 < 32 ? (uint8_t)next(seed) : (uint8_t)i;
}

static void make_file(const char *path, uint32_t *seed)
{
	static uint8_t buf[LARGEST];
	size_t len = next(seed) % 16 == 0 ? LARGEST : next(seed) % (56 << 10);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	fill_noise(buf, len, seed);
	if (fd < 0 || write(fd, buf, len) != (ssize_t)len)
		bench_die("write", path);
	close(fd);
}

static void make_tree(const struct bench *b, const char *tree)
{
	static const char *const mount_points[] = { "proc", "sys", "dev", "tmp" };
	uint32_t seed = 1;

	bench_dir(tree);
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++)
		bench_dir(bench_format("%s/%s", tree, mount_points[i]));
	bench_copy(bench_path(b, "stamp"), bench_format("%s/stamp", tree), 0755);
	for (int d = 0; d < DIRS; d++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/dir%03d", tree, d);
		bench_dir(path);
		for (int f = 0; f < FILES_IN_DIR; f++) {
			snprintf(path, sizeof(path), "%s/dir%03d/file%02d", tree, d, f);
			make_file(path, &seed);
		}
		snprintf(path, sizeof(path), "%s/dir%03d/link", tree, d);
		if (symlink("file00", path) < 0 && errno != EEXIST)
			bench_die("symlink", path);
	}
}

static int shell(const char *line)
{
	struct command c = { .argv = { "/bin/sh", "-c", line } };

	return command_run(&c, -1);
}

/* Median ms of ROUNDS runs, a fresh tmpfs at `into` each time; negative when one failed. */
static double unpack_ms(const struct bench *b, const char *into, const struct command *c)
{
	double values[ROUNDS];
	struct sample s;

	for (int i = 0; i < ROUNDS; i++) {
		bench_dir(into);
		if (mount("unpack", into, "tmpfs", 0, NULL) < 0)
			bench_die("mount tmpfs", into);
		if (command_sample(b, c, &s) < 0)
			s.status = 1;
		umount2(into, MNT_DETACH);
		if (s.status != 0)
			return -1;
		values[i] = (double)s.ns / 1e6;
	}
	return bench_median(values, ROUNDS);
}

static double peer(const struct bench *b, const char *program, const char *archive, bool lz4)
{
	const char *into = bench_path(b, "unpacked");
	struct command c = { .argv = { program } };

	if (access(program, X_OK) < 0)
		return -1;
	if (lz4 && strstr(program, "bsdtar") == NULL)
		command_set(&c, (const char *[]){ "-I", "lz4", NULL });
	command_set(&c, (const char *[]){ "-xf", archive, "-C", into, NULL });
	return unpack_ms(b, into, &c);
}

static void compare(struct bench *b, const char *name, const char *archive, bool lz4)
{
	struct command run = { .argv = { bench_path(b, "myctr"), "run", "--rm", "--read-only",
					 "--net", "none", archive, "/stamp", "-x" } };
	char said[64];
	const char *what = bench_format("unpack %s / fastest of GNU tar, bsdtar", name);
	double gnu = peer(b, "/usr/bin/tar", archive, lz4);
	double bsd = peer(b, "/usr/bin/bsdtar", archive, lz4);
	double ours = command_capture(&run, said, sizeof(said)) == 0 && atoll(said) > 0
			      ? unpack_ms(b, "/var/lib/myctr", &run)
			      : -1;
	double best = gnu < 0 || (bsd > 0 && bsd < gnu) ? bsd : gnu;

	printf("  %-10s GNU tar %6.0f ms   bsdtar %6.0f ms   first myctr run %6.0f ms\n", name, gnu,
	       bsd, ours);
	if (ours > 0 && best > 0)
		goal_add(b, what, 0.75, ours / best, "x");
	else
		goal_missing(b, what, 0.75, "did not run");
}

/* The tar as the one layer of a Docker archive; true when that worked. */
static bool make_docker(const char *tar, const char *docker)
{
	return shell(bench_format(
		       "d=%s.d; mkdir -p $d && ln -f %s $d/layer.tar && cd $d && "
		       "case $(uname -m) in x86_64) a=amd64 ;; aarch64) a=arm64 ;; *) a=$(uname -m) ;; esac && "
		       "printf '{\"architecture\":\"%%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":"
		       "\"layers\",\"diff_ids\":[\"sha256:%%s\"]}}' $a $(sha256sum layer.tar | cut -d ' ' -f 1) "
		       ">c.json && printf '[{\"Config\":\"c.json\",\"RepoTags\":[\"bench:1\"],\"Layers\":["
		       "\"layer.tar\"]}]' >manifest.json && tar -cf %s c.json layer.tar manifest.json && rm -rf $d",
		       docker, tar, docker)) == 0;
}

/* Both check the digest of the layer, unpack it and put the image into an empty store. */
static void compare_docker(struct bench *b, const char *docker)
{
	static const char what[] = "load a Docker archive / podman load";
	const char *into = bench_path(b, "unpacked");
	struct command ours = { .argv = { bench_path(b, "myctr"), "image", "load", "-t", "bench:1",
					  "--format", "tar", docker } };
	struct command podman = { .argv = { "/usr/bin/podman", "--storage-driver", "overlay",
					    "--root", bench_format("%s/root", into), "--runroot",
					    bench_format("%s/run", into), "load", "-q", "-i",
					    docker } };
	double podman_ms = access(podman.argv[0], X_OK) == 0 ? unpack_ms(b, into, &podman) : -1;
	double ours_ms = unpack_ms(b, "/var/lib/myctr", &ours);

	printf("  %-10s podman  %6.0f ms   myctr image load %6.0f ms\n", "docker", podman_ms,
	       ours_ms);
	if (podman_ms > 0 && ours_ms > 0)
		goal_add(b, what, 1, ours_ms / podman_ms, "x");
	else
		goal_missing(b, what, 1,
			     podman_ms > 0 ? "did not run" : "no podman, or it did not run");
}

void section_unpack(struct bench *b)
{
	const char *tree = bench_path(b, "tree"), *tar = bench_path(b, "tree.tar");
	const char *lz4 = bench_path(b, "tree.tar.lz4"), *docker = bench_path(b, "docker.tar");

	make_tree(b, tree);
	if (shell(bench_format("tar --sort=name --mtime=@0 --owner=0 --group=0 -cf %s -C %s . && "
			       "lz4 -q -f %s %s && rm -rf %s",
			       tar, tree, tar, lz4, tree)) != 0) {
		goal_missing(b, "unpack", 0.75, "the archive could not be made");
		return;
	}
	printf("\nunpacking to tmpfs, median of %d\n", ROUNDS);
	compare(b, "tar", tar, false);
	compare(b, "tar.lz4", lz4, true);
	if (make_docker(tar, docker))
		compare_docker(b, docker);
}
