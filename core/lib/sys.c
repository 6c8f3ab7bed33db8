/* SPDX-License-Identifier: MIT */
/*
 * System calls without a libc wrapper, newest form first, with the older form remembered. See sys.h.
 * The numbers come from the kernel headers the program is built with.
 */
#include "core/lib/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"

/* From linux/sched.h, whose struct is not there in old headers. */
struct sys_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
} __attribute__((aligned(8)));

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* What this kernel was found not to have. Set once, never cleared. */
static struct {
	bool clone3, close_range, mount_setattr;
} sys_absent;

static pid_t sys_clone_old(struct sys_clone *c)
{
	int pidfd = -1;
	unsigned long flags = (unsigned long)(c->flags & 0xffffffff) |
			      (unsigned long)c->exit_signal;
	long pid;

	if (c->want_pidfd)
		flags |= CLONE_PIDFD;
	pid = syscall(SYS_clone, flags, NULL, &pidfd, NULL, 0UL);
	if (pid < 0)
		return -errno;
	c->pidfd = pidfd;
	c->in_cgroup = false;
	return (pid_t)pid;
}

pid_t sys_clone(struct sys_clone *c)
{
	int pidfd = -1;
	struct sys_clone_args a = {
		.flags = c->flags,
		/* A sibling has its creator's signal; clone3(2) refuses another, clone(2) ignores it. */
		.exit_signal = c->flags & CLONE_PARENT ? 0 : (uint64_t)c->exit_signal,
	};
	long pid;

	c->pidfd = -1;
	c->in_cgroup = c->cgroup < 0;
	if (SYS_OLD_KERNELS && sys_absent.clone3)
		return sys_clone_old(c);
	if (c->want_pidfd) {
		a.flags |= CLONE_PIDFD;
		a.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (c->cgroup >= 0) {
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (uint64_t)c->cgroup;
	}
	/* Before Linux 5.7 the struct ends before .cgroup. */
	pid = syscall(SYS_clone3, &a,
		      c->cgroup >= 0 ? sizeof(a) : offsetof(struct sys_clone_args, set_tid));
	if (SYS_OLD_KERNELS && pid < 0 &&
	    (errno == ENOSYS || (c->cgroup >= 0 && (errno == E2BIG || errno == EINVAL)))) {
		if (errno == ENOSYS)
			sys_absent.clone3 = true;
		return sys_clone_old(c);
	}
	if (pid < 0)
		return -errno;
	c->pidfd = pidfd;
	c->in_cgroup = true;
	return (pid_t)pid;
}

int sys_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int sys_pidfd_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* The line of a process, see proc_pid_stat(5). */
static int sys_stat_line(const char *path, char *buf, size_t size)
{
	AUTO_FD int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* One read gets all of it: procfs makes the line for the first one. */
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* A field after the second one; that is the command in brackets and may hold anything, brackets too. */
static int sys_stat_field(const char *line, int number, uint64_t *value)
{
	const char *p = strrchr(line, ')');

	for (int field = 2; p && field < number; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -ESRCH;
	*value = strtoull(p + 1, NULL, 10);
	return 0;
}

int sys_start_time(pid_t pid, uint64_t *ticks)
{
	char path[32], line[512];
	int r;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	r = sys_stat_line(path, line, sizeof(line));
	return r < 0 ? r : sys_stat_field(line, 22, ticks);
}

void sys_self(struct sys_self *self)
{
	char line[512];

	*self = (struct sys_self){ .ignored = UINT64_MAX };
	if (sys_stat_line("/proc/self/stat", line, sizeof(line)) == 0 &&
	    sys_stat_field(line, 22, &self->ticks) == 0 &&
	    sys_stat_field(line, 33, &self->ignored) == 0) {
		self->pid = (pid_t)strtol(line, NULL, 10);
		/* It says so of the first 31 alone. The next two are libc's; the rest nobody ignores by habit. */
		self->ignored |= 3ULL << 31;
	} else {
		self->pid = getpid();
	}
}

int sys_pidfd_of(pid_t pid, uint64_t ticks)
{
	AUTO_FD int fd = -1;
	uint64_t now;
	int r;

	if (pid <= 0)
		return -ESRCH;
	fd = sys_pidfd_open(pid);
	if (fd < 0)
		return fd;
	/* Opened first, compared second: the pid cannot have been reused in between unseen. */
	r = sys_start_time(pid, &now);
	if (r < 0)
		return r;
	if (now != ticks)
		return -ESRCH;
	return fd_take(&fd);
}

int sys_pidfd_exit(int pidfd, int *status)
{
	/* struct pidfd_info of Linux 6.15, first 64 bytes, and PIDFD_GET_INFO for that size. */
	struct {
		uint64_t mask, cgroupid;
		uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
		int32_t exit_code;
	} info = { .mask = 1U << 3 };

	if (ioctl(pidfd, _IOC(_IOC_READ | _IOC_WRITE, 0xFF, 11, sizeof(info)), &info) < 0)
		return errno == ENOTTY || errno == EINVAL ? -ENOTSUP : -errno;
	if (!(info.mask & (1U << 3)))
		return -ENOTSUP;
	*status = info.exit_code;
	return 0;
}

static int sys_close_by_hand(int first, bool cloexec_only)
{
	AUTO_DIR DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name);

		if (fd < first || fd == dirfd(d))
			continue;
		if (!cloexec_only)
			close(fd);
		else if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	}
	return 0;
}

int sys_close_range(int first, bool cloexec_only)
{
	if (!sys_absent.close_range) {
		if (syscall(SYS_close_range, (unsigned int)first, ~0U, cloexec_only ? 4U : 0U) == 0)
			return 0;
		if (!SYS_OLD_KERNELS || (errno != ENOSYS && errno != EINVAL))
			return -errno;
		sys_absent.close_range = true;
	}
	return sys_close_by_hand(first, cloexec_only);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return syscall(SYS_pivot_root, new_root, put_old) < 0 ? -errno : 0;
}

int sys_open_tree(int dirfd, const char *path, bool recursive)
{
	/* OPEN_TREE_CLONE is 1, OPEN_TREE_CLOEXEC is O_CLOEXEC. */
	long fd = syscall(SYS_open_tree, dirfd, path,
			  1U | O_CLOEXEC | (recursive ? AT_RECURSIVE : 0U));

	return fd < 0 ? -errno : (int)fd;
}

int sys_move_mount(int tree, const char *dst)
{
	/* MOVE_MOUNT_F_EMPTY_PATH is 4, MOVE_MOUNT_T_SYMLINKS is 0x10: links are followed, as by mount(2). */
	return syscall(SYS_move_mount, tree, "", AT_FDCWD, dst, 0x14U) < 0 ? -errno : 0;
}

struct sys_mount_attr {
	uint64_t set, clear, propagation, userns_fd;
};

int sys_move_mount_to(int tree, int target)
{
	/* MOVE_MOUNT_F_EMPTY_PATH is 4, MOVE_MOUNT_T_EMPTY_PATH is 0x40. */
	return syscall(SYS_move_mount, tree, "", target, "", 0x44U) < 0 ? -errno : 0;
}

static int sys_tree_change(int tree, bool recursive, const struct sys_mount_attr *a)
{
	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
		       a, sizeof(*a)) < 0
		       ? -errno
		       : 0;
}

/* The bits of mount_setattr(2). */
static uint64_t sys_restrictions(bool rdonly, bool nosuid, bool nodev, bool noexec)
{
	return (rdonly ? 1U : 0) | (nosuid ? 2U : 0) | (nodev ? 4U : 0) | (noexec ? 8U : 0);
}

int sys_tree_restrict(int tree, bool recursive, bool rdonly, bool nosuid, bool nodev, bool noexec)
{
	struct sys_mount_attr a = { .set = sys_restrictions(rdonly, nosuid, nodev, noexec) };

	return a.set ? sys_tree_change(tree, recursive, &a) : 0;
}

int sys_tree_propagate(int tree, bool recursive, unsigned long how)
{
	struct sys_mount_attr a = { .propagation = how };

	return how ? sys_tree_change(tree, recursive, &a) : 0;
}

/* .set and .clear are MOUNT_ATTR_*: RDONLY 1, NOSUID 2, NODEV 4, NOEXEC 8. */
static int sys_mount_change(int dir, const char *path, struct sys_mount_attr a)
{
	return syscall(SYS_mount_setattr, dir, path, AT_EMPTY_PATH, &a, sizeof(a)) < 0 ? -errno : 0;
}

int sys_mount_read_only(int tree)
{
	return sys_mount_change(tree, "", (struct sys_mount_attr){ .set = 1 });
}

int sys_mount_idmap(const char *path, int userns)
{
	struct sys_mount_attr a = { .set = 0x100000, .userns_fd = (uint64_t)userns };
	int tree = sys_open_tree(AT_FDCWD, path, false), r;

	if (tree < 0)
		return tree;
	r = sys_mount_change(tree, "", a);
	if (r == 0)
		r = sys_move_mount(tree, path);
	close(tree);
	return r;
}

int sys_mount_private(int tree)
{
	return sys_mount_change(tree, "",
				(struct sys_mount_attr){ .set = 1 | 4, .propagation = MS_PRIVATE });
}

int sys_mount_devices(int tree)
{
	return sys_mount_change(tree, "", (struct sys_mount_attr){ .set = 1 | 2 | 8, .clear = 4 });
}

int sys_mount_writable(const char *path, bool writable)
{
	return sys_mount_change(
		AT_FDCWD, path,
		(struct sys_mount_attr){ .set = writable ? 0 : 1, .clear = writable ? 1 : 0 });
}

/* A remount replaces all flags of a mount, so those it has are read first. */
static int sys_remount(const char *path, unsigned long flags)
{
	struct statfs st;

	if (statfs(path, &st) < 0)
		return -errno;
	flags |= (st.f_flags & ST_RDONLY ? MS_RDONLY : 0) |
		 (st.f_flags & ST_NOSUID ? MS_NOSUID : 0) | (st.f_flags & ST_NODEV ? MS_NODEV : 0) |
		 (st.f_flags & ST_NOEXEC ? MS_NOEXEC : 0) |
		 (st.f_flags & ST_RELATIME ? MS_RELATIME : 0) |
		 (st.f_flags & ST_NOATIME ? MS_NOATIME : 0);
	return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0 ? -errno : 0;
}

/* Field 5 of /proc/self/mountinfo is the mount point, with octal escapes that our paths do not need. */
static int sys_remount_tree(int root, const char *path, unsigned long flags)
{
	AUTO_FREE char *text = NULL;
	size_t len, plen = strlen(path);
	int r = fd_slurp(root, root < 0 ? "/proc/self/mountinfo" : "proc/self/mountinfo", 16 << 20,
			 &text, &len);
	char *line = text, *next;

	if (r < 0)
		return r;
	for (; r >= 0 && line && *line; line = next) {
		char *p = line, *end;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		for (int field = 1; p && field < 5; field++) {
			p = strchr(p, ' ');
			p = p ? p + 1 : NULL;
		}
		end = p ? strchr(p, ' ') : NULL;
		if (!end)
			continue;
		*end = '\0';
		if (strncmp(p, path, plen) == 0 && (p[plen] == '/' || p[plen] == '\0'))
			r = sys_remount(p, flags);
	}
	return r;
}

int sys_mount_restrict(int root, const char *path, bool recursive, bool rdonly, bool nosuid,
		       bool nodev, bool noexec)
{
	struct sys_mount_attr a = { .set = sys_restrictions(rdonly, nosuid, nodev, noexec) };
	unsigned long flags = (rdonly ? MS_RDONLY : 0) | (nosuid ? MS_NOSUID : 0) |
			      (nodev ? MS_NODEV : 0) | (noexec ? MS_NOEXEC : 0);

	if (!a.set)
		return 0;
	if (!sys_absent.mount_setattr) {
		if (syscall(SYS_mount_setattr, AT_FDCWD, path, recursive ? AT_RECURSIVE : 0, &a,
			    sizeof(a)) == 0)
			return 0;
		if (!SYS_OLD_KERNELS || errno != ENOSYS)
			return -errno;
		sys_absent.mount_setattr = true;
	}
	return recursive ? sys_remount_tree(root, path, flags) : sys_remount(path, flags);
}

static int sys_fsconfig(int fs, unsigned int command, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, command, key, value, 0) < 0 ? -errno : 0;
}

int sys_mount_new(const char *type, const char *source)
{
	/* FSOPEN_CLOEXEC is 1; FSCONFIG_SET_FLAG 0, SET_STRING 1, CMD_CREATE 6. */
	AUTO_FD int fs = (int)syscall(SYS_fsopen, type, 1);
	int r = fs < 0 ? -errno : sys_fsconfig(fs, 1, "source", source);

	if (r == 0)
		r = sys_fsconfig(fs, 0, "ro", NULL);
	if (r == 0)
		r = sys_fsconfig(fs, 6, NULL, NULL);
	if (r < 0)
		return r;
	/* FSMOUNT_CLOEXEC; MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV. */
	r = (int)syscall(SYS_fsmount, fs, 1, 1 | 4);
	return r < 0 ? -errno : r;
}

int sys_mount_place(int mount, const char *target)
{
	/* MOVE_MOUNT_F_EMPTY_PATH */
	return syscall(SYS_move_mount, mount, "", AT_FDCWD, target, 4) < 0 ? -errno : 0;
}

void sys_files_as(uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	syscall(SYS_setfsgid, gid);
	syscall(SYS_setfsuid, uid);
	/* The kernel takes those over files away with the 0. */
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	syscall(SYS_capset, &header, data);
}

int sys_memfd(const char *name, bool exec)
{
	unsigned int flags = 1U | 2U; /* MFD_CLOEXEC | MFD_ALLOW_SEALING */
	long fd = syscall(SYS_memfd_create, name, flags | (exec ? 16U : 8U));

	/* MFD_EXEC and MFD_NOEXEC_SEAL came with Linux 6.3. */
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_memfd_create, name, flags);
	return fd < 0 ? -errno : (int)fd;
}

int sys_random(void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		long n = syscall(SYS_getrandom, (char *)buf + done, len - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

bool sys_kernel_at_least(int major, int minor)
{
	struct utsname u;
	char *end;
	long a, b;

	if (uname(&u) < 0)
		return false;
	a = strtol(u.release, &end, 10);
	b = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return a > major || (a == major && b >= minor);
}
