/* SPDX-License-Identifier: MIT */
/*
 * The clone of a container's first process, and the conversation with it until it executes its program.
 *
 * One SOCK_SEQPACKET pair carries whole messages with a named phase. The end of the stream without a
 * SPAWN_FAILED means that execve(2) succeeded, because the child's end is close-on-exec.
 */
#ifndef CORE_SPAWN_H
#define CORE_SPAWN_H

#include <stdint.h>

#include "core/launch.h"

enum spawn_phase {
	SPAWN_GO,      /* parent to child: id maps, cgroup and links are there */
	SPAWN_TTY,     /* child to parent: the pty's master comes with this message */
	SPAWN_FAILED,  /* child to parent: .err says why, .exit what `run` should return */
	SPAWN_PID,     /* launcher to supervisor: the container is born, .pid */
	SPAWN_KEEP,    /* launcher to supervisor: struct keep's .ns and .key, for the next start */
	SPAWN_TREE,    /* after it: .tree */
	SPAWN_DONE,    /* launcher to supervisor: its program runs */
	SPAWN_DEV_LOG, /* both: the socket of its /dev/log comes with this message */
	SPAWN_NOTIFY,  /* both: the socket where it says how it is comes with this message */
};

struct spawn_msg {
	uint32_t phase; /* enum spawn_phase */
	uint32_t exit;	/* CMD_FAILED, CMD_NOT_EXECUTABLE, CMD_NOT_FOUND */
	int32_t pid;
	uint64_t key;	  /* with SPAWN_KEEP */
	uint32_t missing; /* with SPAWN_DONE: enum cgroup_missing */
	uint32_t health;  /* with SPAWN_DONE: somebody has to look how it is */
	struct err err;
};

/* The last of the launch steps. Fills l->pid, pidfd, master. */
int spawn_up(struct launch *l, struct err *e);

/* One message each way; fd goes along when it is not negative. 0 or -errno. */
int spawn_send(int sock, const struct spawn_msg *m, int fd);

/* 1 and *m (and *fd or -1), 0 at the end of the stream, or -errno (-EAGAIN on a non-blocking end). */
int spawn_receive(int sock, struct spawn_msg *m, int *fd);

/* The slow way into l->cgroup, for kernels without CLONE_INTO_CGROUP. */
int spawn_enter_cgroup(const struct launch *l, pid_t pid, struct err *e);

/* Listens to the child until it executes its program: fills l->master, l->exit. 0 or -errno. */
int spawn_follow(struct launch *l, int sock, struct err *e);

#endif
