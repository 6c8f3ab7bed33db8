/* SPDX-License-Identifier: MIT */
/*
 * The container's first process, from its birth to execve(2). Shared by the child_*.c files only.
 *
 * The old root is left as soon as the new one is mounted. Only where something of the host is to be bound
 * into the container it stays reachable through one O_PATH fd until the mounts are done; until then no procfs
 * is visible in the new root, so no link in an image can lead to that fd, and every path resolves inside the
 * new root by construction.
 */
#ifndef CORE_CHILD_H
#define CORE_CHILD_H

#include <stdbool.h>

#include "core/ids.h"
#include "core/launch.h"

struct child {
	struct launch *l;
	int sock;     /* to the parent */
	int old_root; /* the host's root while it is needed, else -1 */
	int exit;     /* what `run` should return when a step fails */
	bool joins;   /* a container that runs already */
	struct ids ids;
	char **env;
};

/* Runs the table in child.c and executes the program, or reports and exits. */
NORETURN void child_main(struct launch *l, int sock, bool wait_for_go);

/* The same for a process that joins a running container, see join.h. */
NORETURN void child_join(struct launch *l, int sock, bool wait_for_go);

/* Image and storage, mounted at <run>/mnt/root in the mount namespace of the caller. */
int child_root(struct launch *l, struct err *e);

/* child_mount.c: each is one row of the table in child.c. */
int child_own_mounts(struct child *c, struct err *e);
int child_enter_root(struct child *c, struct err *e);
int child_sys(struct child *c, struct err *e);
int child_user_mounts(struct child *c, struct err *e);
int child_proc(struct child *c, struct err *e);
int child_hide(struct child *c, struct err *e);
int child_leave_old_root(struct child *c, struct err *e);

/*
 * Mounts a new file system of type at dst, an absolute path in the new root, making the folder when it
 * is missing.
 */
int child_mount(const char *type, const char *dst, unsigned long flags, const char *data,
		struct err *e);

/* Binds src, a path below the old root, at dst, which must exist. */
int child_bind(const struct child *c, const char *src, const char *dst, bool recursive,
	       struct err *e);

/* child_dev.c */
int child_dev(struct child *c, struct err *e);
int child_terminal(struct child *c, struct err *e);

/* child_exec.c */
int child_program(struct child *c, struct err *e);
int child_env(struct child *c, struct err *e);

#endif
