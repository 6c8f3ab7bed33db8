/* SPDX-License-Identifier: MIT */
/*
 * The floor: the fewest honest system calls that start a program in a container with every
 * namespace, /proc, /sys, /dev, masked and read-only paths, dropped capabilities, no_new_privs
 * and a seccomp filter, wait for it and exit with its status. It knows no names, keeps no
 * records, reads no configuration and takes down nothing: whatever a real runtime needs on top
 * of this is what a real runtime costs. Read main(), parent(), then inside[] from top to bottom.
 * It runs only under the bench, as root or (with -r) as any user; it must never be used to
 * contain anything hostile, because it trusts every path it is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/loop.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <grp.h>
#include <unistd.h>

#include "floor_filter.h" /* made by profile.c: static const struct sock_filter floor_filter[] */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SCRATCH "/tmp" /* any directory of the host: hidden by a tmpfs in our own namespace */

/* The capabilities kept, those Docker keeps, as a bit mask. */
#define KEPT 0x00000000a80425fbULL

struct floor {
	const char *root;   /* directory, or with -s a squashfs file */
	const char *cgroup; /* -c DIR: born in this cgroup (cgroup v2) */
	bool bare;	    /* -b: no container at all, for reference */
	bool squashfs;	    /* -s: squashfs over a new loop device, overlay over it */
	bool rootless;	    /* -r: user namespace with one id mapped */
	const char *range; /* -R FIRST: with that one and 65536 from FIRST on, through the helpers */
	unsigned int uid;  /* the ids to map */
	unsigned int gid;
	int go; /* with -R: readable when they are mapped */
	char *const *argv;
};

/* Nothing here can be mended: name the step and leave. */
static void die(const char *step)
{
	const char *why = strerror(errno);

	(void)!write(2, "floor: ", 7);
	(void)!write(2, step, strlen(step));
	(void)!write(2, ": ", 2);
	(void)!write(2, why, strlen(why));
	(void)!write(2, "\n", 1);
	_exit(125);
}

static void must(long result, const char *step)
{
	if (result < 0)
		die(step);
}

static void put(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd, path);
	must(write(fd, text, len), path);
	close(fd);
}

/* "0 <id> 1", without the pages of printf. */
static size_t map_line(char *buf, unsigned int id)
{
	char digits[12];
	size_t n = 0, len = 2;

	memcpy(buf, "0 ", 2);
	do {
		digits[n++] = (char)('0' + id % 10);
		id /= 10;
	} while (id);
	while (n)
		buf[len++] = digits[--n];
	memcpy(buf + len, " 1", 2);
	return len + 2;
}

/* A single id may be mapped by the process itself: no helper, no handshake with the parent. */
static void ids_map(const struct floor *f)
{
	char line[24];

	if (f->range) {
		(void)!read(f->go, line, 1);
		return;
	}
	if (!f->rootless)
		return;
	put("/proc/self/setgroups", "deny", 4);
	put("/proc/self/uid_map", line, map_line(line, f->uid));
	put("/proc/self/gid_map", line, map_line(line, f->gid));
}

/* 12 calls instead of 2: what an image file costs when nobody shares its loop device. */
static void root_squashfs(const struct floor *f)
{
	struct loop_config config = {
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
	};
	char node[24] = "/dev/loop";
	size_t at = strlen(node);
	int control, loop, image, n;

	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	must(control, "open loop-control");
	n = ioctl(control, LOOP_CTL_GET_FREE);
	must(n, "free loop device");
	if (n >= 100)
		node[at++] = (char)('0' + n / 100 % 10);
	if (n >= 10)
		node[at++] = (char)('0' + n / 10 % 10);
	node[at] = (char)('0' + n % 10);
	loop = open(node, O_RDONLY | O_CLOEXEC);
	must(loop, node);
	image = open(f->root, O_RDONLY | O_CLOEXEC);
	must(image, f->root);
	config.fd = (unsigned int)image;
	must(ioctl(loop, LOOP_CONFIGURE, &config), "configure loop");
	must(mount("tmpfs", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, NULL), "mount scratch");
	must(mkdir(SCRATCH "/lower", 0755), "mkdir lower");
	must(mkdir(SCRATCH "/upper", 0755), "mkdir upper");
	must(mkdir(SCRATCH "/work", 0755), "mkdir work");
	must(mkdir(SCRATCH "/root", 0755), "mkdir root");
	must(mount(node, SCRATCH "/lower", "squashfs", MS_RDONLY | MS_NODEV, NULL), "squashfs");
	must(mount("overlay", SCRATCH "/root", "overlay", 0,
		   "lowerdir=" SCRATCH "/lower,upperdir=" SCRATCH "/upper,workdir=" SCRATCH
		   "/work"),
	     "mount overlay");
	must(chdir(SCRATCH "/root"), "chdir root");
}

static void root_dir(const struct floor *f)
{
	unsigned long locked = f->rootless ? MS_NOSUID | MS_NODEV : 0;

	must(mount(f->root, f->root, NULL, MS_BIND, NULL), "bind root");
	must(mount(NULL, f->root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | locked, NULL),
	     "make root read-only");
	must(chdir(f->root), "chdir root");
}

static void root(const struct floor *f)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
	if (f->squashfs)
		root_squashfs(f);
	else
		root_dir(f);
}

static void proc_and_sys(const struct floor *f)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	(void)f;
	must(mount("proc", "proc", "proc", flags, NULL), "mount proc");
	must(mount("sysfs", "sys", "sysfs", flags | MS_RDONLY, NULL), "mount sys");
}

/* Rootless cannot mknod, so the host's devices are bound over empty files. */
static void device(const struct floor *f, const char *path, unsigned int minor_nr)
{
	static const char *const host[] = {
		[3] = "/dev/null",   [5] = "/dev/zero",	   [7] = "/dev/full",
		[8] = "/dev/random", [9] = "/dev/urandom", [0] = "/dev/tty"
	};

	if (!f->rootless) {
		must(mknod(path, S_IFCHR | 0666, makedev(minor_nr ? 1 : 5, minor_nr)), path);
		return;
	}
	must(mknod(path, S_IFREG | 0666, 0), path);
	must(mount(host[minor_nr], path, NULL, MS_BIND, NULL), path);
}

static void dev(const struct floor *f)
{
	umask(0);
	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64k"), "mount dev");
	device(f, "dev/null", 3);
	device(f, "dev/zero", 5);
	device(f, "dev/full", 7);
	device(f, "dev/random", 8);
	device(f, "dev/urandom", 9);
	device(f, "dev/tty", 0);
	must(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
	must(symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
	must(symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
	must(symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
	must(symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
	must(mkdir("dev/pts", 0755), "mkdir dev/pts");
	must(mkdir("dev/shm", 0755), "mkdir dev/shm");
	must(mkdir("dev/mqueue", 0755), "mkdir dev/mqueue");
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		   "newinstance,ptmxmode=0666,mode=0620"),
	     "mount dev/pts");
	must(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		   "mode=1777,size=65536k"),
	     "mount dev/shm");
	must(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL),
	     "mount dev/mqueue");
	umask(022);
}

/* What this kernel does not have needs no mask. */
static void maybe(long result, const char *step)
{
	if (result < 0 && errno != ENOENT)
		die(step);
}

static void masks(const struct floor *f)
{
	static const char *const files[] = { "proc/kcore",	   "proc/keys",
					     "proc/latency_stats", "proc/timer_list",
					     "proc/timer_stats",   "proc/sched_debug" };
	static const char *const dirs[] = { "proc/acpi", "proc/asound", "proc/scsi", "sys/firmware",
					    "sys/devices/virtual/powercap" };
	static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
						"proc/sysrq-trigger" };
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	(void)f;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		maybe(mount("dev/null", files[i], NULL, MS_BIND, NULL), files[i]);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		maybe(mount("tmpfs", dirs[i], "tmpfs", flags | MS_RDONLY, NULL), dirs[i]);
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND, NULL) < 0 && errno == ENOENT)
			continue;
		must(mount(NULL, readonly[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | flags, NULL),
		     readonly[i]);
	}
}

static void pivot(const struct floor *f)
{
	(void)f;
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "unmount old root");
	must(chdir("/"), "chdir /");
}

static void lo_up(const struct floor *f)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)f;
	must(fd, "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &lo), "lo up");
}

static void identity(const struct floor *f)
{
	must(sethostname("floor", 5), "sethostname");
	must(setsid(), "setsid");
	if (!f->rootless)
		must(setgroups(0, NULL), "setgroups");
	must(syscall(SYS_setresgid, 0, 0, 0), "setresgid");
	must(syscall(SYS_setresuid, 0, 0, 0), "setresuid");
}

static void capabilities(const struct floor *f)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)KEPT, .permitted = (uint32_t)KEPT },
		{ .effective = (uint32_t)(KEPT >> 32), .permitted = (uint32_t)(KEPT >> 32) },
	};

	(void)f;
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(KEPT >> cap & 1))
			must(prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L), "drop capability");
	must(syscall(SYS_capset, &header, data), "capset");
}

static void filter(const struct floor *f)
{
	struct sock_fprog program = {
		.len = ARRAY_SIZE(floor_filter),
		.filter = (struct sock_filter *)(uintptr_t)floor_filter,
	};

	(void)f;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L), "no_new_privs");
	must(syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void run(const struct floor *f)
{
	char *const env[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };

	execve(f->argv[0], f->argv, env);
	die("execve");
}

/* What happens inside the container, in this order. */
static void (*const inside[])(const struct floor *f) = {
	ids_map, root, proc_and_sys, dev, masks, pivot, lo_up, identity, capabilities, filter, run,
};

static int wait_for(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t map_helper(const struct floor *f, const char *path, const char *pid, unsigned int id)
{
	char own[24];
	char *argv[] = { (char *)(uintptr_t)path,
			 (char *)(uintptr_t)pid,
			 (char[]){ "0" },
			 own + 2,
			 (char[]){ "1" },
			 (char[]){ "1" },
			 (char *)(uintptr_t)f->range,
			 (char[]){ "65536" },
			 NULL };
	pid_t child = vfork();

	must(child, "vfork");
	if (child == 0) {
		own[map_line(own, id) - 2] = '\0';
		execve(path, argv, &argv[8]);
		die(path);
	}
	return child;
}

/* newuidmap and newgidmap, both at once. */
static void map_ranges(const struct floor *f, long child, int tell)
{
	char line[24];
	pid_t uid, gid;

	if (!f->range)
		return;
	line[map_line(line, (unsigned int)child) - 2] = '\0';
	uid = map_helper(f, "/usr/bin/newuidmap", line + 2, f->uid);
	gid = map_helper(f, "/usr/bin/newgidmap", line + 2, f->gid);
	if (wait_for(uid) || wait_for(gid)) {
		errno = EPERM;
		die("newuidmap");
	}
	must(write(tell, "", 1), "pipe");
}

static int parent(struct floor *f)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int pipes[2] = { -1, -1 };
	long pid;

	if (f->rootless)
		args.flags |= CLONE_NEWUSER;
	if (f->range)
		must(pipe2(pipes, O_CLOEXEC), "pipe");
	f->go = pipes[0];
	if (f->cgroup) {
		int fd = open(f->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);

		must(fd, f->cgroup);
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	must(pid, "clone3");
	if (pid == 0)
		for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
			inside[i](f);
	map_ranges(f, pid, pipes[1]);
	return wait_for((pid_t)pid);
}

static int bare(char *const *argv)
{
	pid_t pid = fork();

	must(pid, "fork");
	if (pid == 0) {
		execve(argv[0], argv, NULL);
		die("execve");
	}
	return wait_for(pid);
}

int main(int argc, char **argv)
{
	struct floor f = { 0 };
	int opt;

	while ((opt = getopt(argc, argv, "+bc:rR:s")) != -1) {
		switch (opt) {
		case 'b':
			f.bare = true;
			break;
		case 'c':
			f.cgroup = optarg;
			break;
		case 'R':
			f.range = optarg;
			/* fall through */
		case 'r':
			f.rootless = true;
			f.uid = (unsigned int)geteuid();
			f.gid = (unsigned int)getegid();
			break;
		case 's':
			f.squashfs = true;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind < 2) {
		static const char usage[] =
			"usage: floor [-b] [-c CGROUP] [-r | -R FIRST] [-s] ROOT CMD...\n";

		(void)!write(2, usage, sizeof(usage) - 1);
		return 2;
	}
	f.root = argv[optind];
	f.argv = argv + optind + 1;
	return f.bare ? bare(f.argv) : parent(&f);
}
