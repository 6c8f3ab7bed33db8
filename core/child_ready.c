// SPDX-License-Identifier: MIT
/*
 * A /dev made ahead: one small tree in the runtime folder, with the standard nodes, links and mount points,
 * made by the first container that can use it and bound read-only into each one after. Runs inside. Only for
 * containers whose root is read-only too, as nobody may write what all of them see. Where anything of it
 * fails, the container gets a /dev of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/rootless.h"

/* A mount point in /dev has to be made there. */
static bool ready_in_dev(const struct strv *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (strstr(list->v[i], "/dev/"))
			return true;
	return false;
}

/*
 * Who has CAP_SYS_ADMIN could make his mount of it one that can be written. A user without root can make no nodes
 * for it: not to try saves him the folder, which costs more than all else at the start of a container.
 */
bool child_ready_serves(const struct launch *l)
{
	const struct spec *s = l->spec;

	return s->storage == SPEC_READ_ONLY && !(l->caps.bounding & CAP_BIT(CAP_SYS_ADMIN)) &&
	       !s->privileged && !spec_userns(s) && !rootless_active() && !s->tty &&
	       s->ipc != SPEC_NS_HOST && !s->device.n && !child_wants_notify(s) && !s->dev_log &&
	       !ready_in_dev(&s->mount) && !ready_in_dev(&s->tmpfs);
}

static int ready_fill(const char *path)
{
	AUTO_FD int dir = -1;
	struct err e;
	int r;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = child_dev_nodes(dir, &e);
	if (r >= 0)
		r = child_dev_names(dir, &e);
	if (r >= 0 && mkdirat(dir, CHILD_READY_EMPTY, 0555) < 0 && errno != EEXIST)
		r = -errno;
	return r;
}

/* Whole or not at all under its own name; who comes second leaves the first one's there. */
static void ready_make(const char *container, const char *path)
{
	char temp[PATHS_MAX], name[80];
	mode_t old = umask(0);
	int r;

	snprintf(name, sizeof(name), "dev.%s", container);
	r = paths_join(temp, paths.run, "mnt", name);
	if (r == 0)
		r = ready_fill(temp);
	umask(old);
	if (r != 0 || rename(temp, path) < 0)
		path_remove(AT_FDCWD, temp);
}

void child_ready_take(struct child *c)
{
	char path[PATHS_MAX];

	if (!child_ready_serves(c->l) || paths_join(path, paths.run, "mnt", "dev") < 0)
		return;
	c->dev_tree = sys_open_tree(AT_FDCWD, path, false);
	if (c->dev_tree != -ENOENT)
		return;
	ready_make(c->l->spec->name, path);
	c->dev_tree = sys_open_tree(AT_FDCWD, path, false);
}

/* The runtime folder may be on a file system without devices; this mount of it has them again. */
bool child_ready_dev(struct child *c)
{
	/* The descriptor ends with all the others. */
	return c->dev_tree >= 0 && sys_mount_devices(c->dev_tree) == 0 &&
	       sys_mount_place(c->dev_tree, "/dev") == 0;
}
