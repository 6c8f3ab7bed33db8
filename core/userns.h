/* SPDX-License-Identifier: MIT */
/*
 * The maps of a container's own user namespace: from the key userns to struct idmap, and into the kernel.
 */
#ifndef CORE_USERNS_H
#define CORE_USERNS_H

#include "core/launch.h"
#include "core/lib/config.h"

#if IS_ENABLED(CONFIG_USERNS)
/*
 * Before the clone: l->uids and l->gids, and for keep-id l->default_user. Does nothing for a container without
 * a user namespace of its own. Ids that are not ours to give are an error.
 */
int userns_prepare(struct launch *l, struct err *e);

/*
 * A user namespace with those maps, for mounts that show their files through them, where the container is to have
 * its files so (auto); -1 where not; -errno and e.
 */
int userns_of_mounts(const struct launch *l, struct err *e);

/*
 * For who joins a container of keep-id, pid, before he enters: l->default_user is who he is inside. Does nothing for
 * others, and where he has no id there.
 */
int userns_kept_user(struct launch *l, pid_t pid, struct err *e);

/* After it, while the child waits. */
int userns_write(const struct launch *l, pid_t pid, struct err *e);
#else
static inline int userns_prepare(struct launch *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int userns_kept_user(struct launch *l UNUSED, pid_t pid UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int userns_of_mounts(const struct launch *l UNUSED, struct err *e UNUSED)
{
	return -1;
}
static inline int userns_write(const struct launch *l UNUSED, pid_t pid UNUSED,
			       struct err *e UNUSED)
{
	return 0;
}
#endif

#endif
