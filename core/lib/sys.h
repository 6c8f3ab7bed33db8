/* SPDX-License-Identifier: MIT */
/*
 * System calls that libc has no wrapper for, newest form first.
 *
 * Where a kernel answers ENOSYS (or EINVAL for a new flag) the older form is used and remembered for
 * the life of the process. All functions return 0 or more on success and -errno on failure.
 * Sources: the man page of each call; Documentation/admin-guide/cgroup-v2.rst for into_cgroup.
 */
#ifndef CORE_LIB_SYS_H
#define CORE_LIB_SYS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/lib/config.h"

/* False in a build for kernels that have all of the calls below: no older form is tried. */
#define SYS_OLD_KERNELS IS_ENABLED(CONFIG_OLD_KERNELS)

struct sys_clone {
	uint64_t flags;	 /* CLONE_NEW*, CLONE_PARENT, CLONE_VFORK is not allowed */
	int exit_signal; /* SIGCHLD */
	int cgroup;	 /* fd of a cgroup v2 folder to be born in, or -1 */
	int pidfd;	 /* out: pidfd of the child in the parent, or -1 when not to be had */
	bool want_pidfd;
	bool in_cgroup; /* out: false when the caller must still write cgroup.procs */
};

/* clone3(2), falling back to clone(2). Returns the pid in the parent, 0 in the child. */
pid_t sys_clone(struct sys_clone *c);

/* pidfd_open(2), pidfd_send_signal(2). No fallback here: -ENOSYS on kernels before 5.3. */
int sys_pidfd_open(pid_t pid);
int sys_pidfd_signal(int pidfd, int sig);

/* Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat). -ESRCH when gone. */
int sys_start_time(pid_t pid, uint64_t *ticks);

/* This process: its pid, its start time as above, and bit n - 1 set for each signal n it may ignore. */
struct sys_self {
	pid_t pid;
	uint64_t ticks, ignored;
};

/* Where /proc does not say: ticks 0, and every signal may be ignored. */
void sys_self(struct sys_self *self);

/* A pidfd of pid only if its start time is the given one, so never of a stranger. -ESRCH otherwise. */
int sys_pidfd_of(pid_t pid, uint64_t ticks);

/* Exit status (wait(2) form) of a dead process that is not our child; -ENOTSUP before Linux 6.15. */
int sys_pidfd_exit(int pidfd, int *status);

/* Sets close-on-exec on, or closes, every fd from first on. */
int sys_close_range(int first, bool cloexec_only);

int sys_pivot_root(const char *new_root, const char *put_old);

/* A detached copy of the mount at path, or of the tree of them. -ENOSYS before Linux 5.2. */
int sys_open_tree(int dirfd, const char *path, bool recursive);

/* Attaches what sys_open_tree() made at dst. */
int sys_move_mount(int tree, const char *dst);

/* The same, but exactly over what target, an O_PATH fd, stands for. */
int sys_move_mount_to(int tree, int target);

/*
 * Restrictions of a tree that sys_open_tree() made, and how it propagates (MS_SHARED and the like, or 0).
 * -ENOSYS before Linux 5.12.
 */
int sys_tree_restrict(int tree, bool recursive, bool rdonly, bool nosuid, bool nodev, bool noexec);
int sys_tree_propagate(int tree, bool recursive, unsigned long how);

/* Makes a detached mount read-only. -ENOSYS before Linux 5.12. */
int sys_mount_read_only(int tree);

/*
 * Shows what is at path, in this mount namespace from now on, with the ids of the user namespace: MOUNT_ATTR_IDMAP of
 * mount_setattr(2). -EINVAL where the file system cannot (Linux 5.12, later for many).
 */
int sys_mount_idmap(const char *path, int userns);

/* The same, without devices, and whatever it is a copy of: private. */
int sys_mount_private(int tree);

/* Read-only, without set-user-id and programs, and with devices. */
int sys_mount_devices(int tree);

/* Takes from the mount at path that it is read-only, or makes it so. -ENOSYS before Linux 5.12. */
int sys_mount_writable(const char *path, bool writable);

/*
 * Applies MS_* style restrictions to a whole mount tree: mount_setattr(2), or remounts one by one. For the
 * latter a recursive one needs to read the mounts: from the proc of root, or from /proc where that is -1.
 */
int sys_mount_restrict(int root, const char *path, bool recursive, bool rdonly, bool nosuid,
		       bool nodev, bool noexec);

/*
 * A read-only mount without devices of what source holds, attached nowhere yet: fsopen(2), fsmount(2).
 * Goes away when its fd is closed unplaced. -ENOSYS before Linux 5.2.
 */
int sys_mount_new(const char *type, const char *source);

/* Puts it at target, in whatever mount namespace the caller is now: move_mount(2). */
int sys_mount_place(int mount, const char *target);

/* From now on files are made with these owners, with all rights of root that we have. setfsuid(2), capset(2). */
void sys_files_as(uid_t uid, gid_t gid);

int sys_memfd(const char *name, bool exec);

/* Fills buf with random bytes: getrandom(2). */
int sys_random(void *buf, size_t len);

/* True when the running kernel is at least major.minor. */
bool sys_kernel_at_least(int major, int minor);

#endif
