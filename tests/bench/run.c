/* SPDX-License-Identifier: MIT */
/*
 * `make bench`: measures this build of myctr beside the floor program and the container runtimes
 * of this machine, prints tables and ratios, writes a chart. Runs as root in a mount namespace of
 * its own with a fresh tmpfs over /run and /var/lib, so it neither sees nor touches the host's
 * containers. Timings never make it fail.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static void usage(void)
{
	fputs("usage: run [-n RUNS] [-s SECTIONS] -p PARTS -m MYCTR -o OUT [-z SIZES]\n"
	      "sections: start,ps,sizes,memory,supervised,durable,unpack,net\n",
	      stderr);
	exit(2);
}

static void parse(struct bench *b, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:s:p:m:o:z:")) != -1) {
		switch (opt) {
		case 'n':
			b->runs = atoi(optarg);
			break;
		case 's':
			b->only = optarg;
			break;
		case 'p':
			b->parts = optarg;
			break;
		case 'm':
			b->myctr = optarg;
			break;
		case 'o':
			b->out = optarg;
			break;
		case 'z':
			b->sizes = optarg;
			break;
		default:
			usage();
		}
	}
	if (!b->parts || !b->myctr || !b->out || b->runs < 1 || b->runs > MAX_RUNS)
		usage();
}

static void cover(const char *path)
{
	if (mount("bench", path, "tmpfs", MS_NOSUID, "mode=755") < 0)
		bench_die("mount tmpfs", path);
}

/* A process namespace too: whatever a section leaves running ends with the bench. */
static void private_processes(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0 || (pid = fork()) < 0)
		bench_die("process namespace", "bench");
	if (pid == 0)
		return;
	signal(SIGINT, SIG_IGN);
	if (waitpid(pid, &status, 0) < 0)
		bench_die("wait", "bench");
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Everything measured lies on one tmpfs that goes away with this process. */
static void private_place(struct bench *b)
{
	if (geteuid() != 0) {
		fputs("bench: needs root: run it with sudo\n", stderr);
		exit(2);
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		bench_die("private mounts", "bench");
	private_processes();
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		bench_die("mount", "/proc");
	/* Where the host still has cgroup v1, everybody sees the v2 tree alone: crun refuses both. */
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	cover("/run");
	cover("/var/lib");
	b->work = "/run/bench";
	bench_dir(b->work);
}

static void place_parts(struct bench *b)
{
	static const char *const names[] = { "floor",	"once", "true",	     "stamp",
					     "nothing", "fill", "filter.bpf" };
	static const char *const dirs[] = { "", "/proc", "/sys", "/dev", "/tmp" };
	struct command image = { .argv = { "/usr/bin/mksquashfs" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bench_copy(bench_format("%s/%s", b->parts, names[i]), bench_path(b, names[i]),
			   0755);
	if (access(b->myctr, R_OK) == 0)
		bench_copy(b->myctr, bench_path(b, "myctr"), 0755);
	b->once = bench_path(b, "once");
	b->rootfs = bench_path(b, "rootfs");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		bench_dir(bench_format("%s%s", b->rootfs, dirs[i]));
	bench_copy(bench_path(b, "true"), bench_format("%s/true", b->rootfs), 0755);
	bench_copy(bench_path(b, "stamp"), bench_format("%s/stamp", b->rootfs), 0755);
	command_set(&image, (const char *[]){ b->rootfs, bench_path(b, "root.sqfs"), "-quiet",
					      "-no-progress", NULL });
	if (access(image.argv[0], X_OK) == 0)
		command_run(&image, -1);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct bench *b);
	} sections[] = {
		{ "sizes", section_sizes },
		{ "start", section_start },
		{ "ps", section_ps },
		{ "memory", section_memory },
		{ "supervised", section_supervised },
		{ "net", section_net },
		{ "durable", section_durable },
		{ "unpack", section_unpack },
		{ "rebuild", section_rebuild },
	};
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		bench_die("memory", "bench");
	b->runs = 40;
	parse(b, argc, argv);
	private_place(b);
	place_parts(b);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (bench_has(b, sections[i].name))
			sections[i].run(b);
	goals_print(b, stdout);
	return 0;
}
