/* SPDX-License-Identifier: MIT */
/*
 * The root of a container, kept mounted from one start to the next: a mount namespace that nothing runs in,
 * held by a descriptor, with the image as "/" and the /dev made ahead, both read-only, and nothing else. A start
 * copies it and makes in the copy what must be fresh or belongs to other namespaces: sysfs, procfs, devpts, shm,
 * message queues, tmpfs. So two runs share what they would share anyway, the image's file system.
 *
 * Only for read-only roots with nothing of the host bound in, and images that are mounted in place. Made by the
 * launcher of a second start; the supervisor holds it while no launcher is at work, and lets go of it when
 * the container comes to rest. It ends with whoever holds it.
 */
#ifndef CORE_KEEP_H
#define CORE_KEEP_H

#include <stdint.h>

#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/lib/fd.h"

struct launch;

#define KEEP_DEV 1 /* in .key: /dev is there */

struct keep {
	int ns;	      /* the mount namespace; -1: there is none */
	int tree;     /* the image's own tree */
	uint64_t key; /* of all that it depends on, see keep.c */
};

#define KEEP_NONE                    \
	{                            \
		.ns = -1, .tree = -1 \
	}

static inline void keep_drop(struct keep *k)
{
	fd_close(&k->ns);
	fd_close(&k->tree);
}

#if IS_ENABLED(CONFIG_KEEP_MOUNTS)
/*
 * When l->image is open. True when l->keep fits: its tree is the image's then, and nothing of the image is to be
 * prepared. Else it is dropped, before anything new is made of a file that was written over.
 */
bool keep_fits(struct launch *l);
/* Makes one for a start that wants it and has none. 0, also where none can be made. */
int keep_make(struct launch *l, struct err *e);
/* In the container's first process: into a copy of it. */
int keep_enter(const struct launch *l, struct err *e);
#else
static inline bool keep_fits(struct launch *l UNUSED)
{
	return false;
}
static inline int keep_make(struct launch *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int keep_enter(const struct launch *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
#endif

#endif
