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
#include "core/lib/config.h"

struct child {
	struct launch *l;
	int sock;	/* to the parent */
	int old_root;	/* the host's root while it is needed, else -1 */
	int exit;	/* what `run` should return when a step fails */
	bool joins;	/* a container that runs already */
	int dev_tree;	/* a /dev made ahead, nowhere attached yet; or -1 */
	bool dev_ready; /* it is attached */
	bool named;	/* nothing is to be done to the files of /etc */
	struct ids ids;
	char **env;
};

/* Runs the table in child.c and executes the program, or reports and exits. */
NORETURN void child_main(struct launch *l, int sock, bool wait_for_go);

/* The same for a process that joins a running container, see join.h. */
NORETURN void child_join(struct launch *l, int sock, bool wait_for_go);

/* Image and storage, mounted at <run>/mnt/root in the mount namespace of the caller. */
int child_root(struct launch *l, struct err *e);

/* Is anything of the host to be bound into the container? */
bool child_needs_host(const struct launch *l);

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

/* child_dev.c; the standard nodes, and the links and folders beside them, in the folder dir */
int child_dev_nodes(int dir, struct err *e);
int child_dev_names(int dir, struct err *e);
int child_dev(struct child *c, struct err *e);
int child_terminal(struct child *c, struct err *e);

/* child_notify.c: where a container with health = notify says how it is */
#if IS_ENABLED(CONFIG_HEALTH)
int child_notify(struct child *c, struct err *e);
bool child_wants_notify(const struct spec *s);
/* Its path, or NULL when there is none. */
const char *child_notify_path(const struct child *c);
#else
static inline int child_notify(struct child *c UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline bool child_wants_notify(const struct spec *s UNUSED)
{
	return false;
}
static inline const char *child_notify_path(const struct child *c UNUSED)
{
	return NULL;
}
#endif

/* child_ready.c: an empty folder that is in the /dev made ahead */
#define CHILD_READY_EMPTY ".empty"
#if IS_ENABLED(CONFIG_READY_DEV)
/* Is it one for this container? */
bool child_ready_serves(const struct launch *l);
/* While the host's root is still ours: takes the /dev that was made ahead into c->dev_tree, if it serves. */
void child_ready_take(struct child *c);
/* Attaches it. False when there is none: the container then needs a /dev of its own. */
bool child_ready_dev(struct child *c);
#else
static inline bool child_ready_serves(const struct launch *l UNUSED)
{
	return false;
}
static inline void child_ready_take(struct child *c UNUSED)
{
}
static inline bool child_ready_dev(struct child *c UNUSED)
{
	return false;
}
#endif

/*
 * child_names.c: /etc/hosts and its like, written before any other mount is made, or bound over what is there
 * once /dev is the container's own.
 */
#if IS_ENABLED(CONFIG_NAMES)
int child_names_early(struct child *c, struct err *e);
int child_names_late(struct child *c, struct err *e);
#else
static inline int child_names_early(struct child *c UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int child_names_late(struct child *c UNUSED, struct err *e UNUSED)
{
	return 0;
}
#endif

/* child_exec.c */
int child_program(struct child *c, struct err *e);
int child_env(struct child *c, struct err *e);

#endif
