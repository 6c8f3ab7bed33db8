// SPDX-License-Identifier: MIT
/*
 * A device that comes into a running container with a user namespace: no node that is made there can be opened, so the
 * host's is bound over an empty file, which belongs to the container's root as everything in its /dev does. Runs in
 * the short-lived child of plug.c, and forks one that enters the container's mounts. Must never follow a link
 * of the container's out of its root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "init/sup.h"

/* The empty file, made by whoever /dev belongs to: an id that does not exist there cannot own anything. */
static int plug_bind_file(int root, const char *path)
{
	char name[128];
	struct stat st;
	AUTO_FD int dir = -1;
	int fd = -1;

	if (fstatat(root, "dev", &st, AT_SYMLINK_NOFOLLOW) < 0 || setegid(st.st_gid) < 0 ||
	    seteuid(st.st_uid) < 0)
		return -errno;
	dir = path_open_parent(root, path, true, name, sizeof(name));
	if (dir >= 0) {
		unlinkat(dir, name, 0);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		fd = fd < 0 ? -errno : fd;
	}
	if (seteuid(0) < 0 || setegid(0) < 0)
		_exit(EPERM);
	return dir < 0 ? dir : fd;
}

static NORETURN void plug_bind_inside(int tree, int ns, int root, const char *path)
{
	int fd, r;

	if (setns(ns, CLONE_NEWNS) < 0)
		_exit(errno);
	fd = plug_bind_file(root, path);
	r = fd < 0 ? fd : sys_move_mount_to(tree, fd);
	_exit(r < 0 ? -r : 0);
}

int plug_bind(unsigned int pid, int root, const char *path)
{
	AUTO_FD int tree = sys_open_tree(AT_FDCWD, path, false), ns = -1;
	char file[40];
	int status;
	pid_t child;

	if (tree < 0)
		return tree;
	snprintf(file, sizeof(file), "/proc/%u/ns/mnt", pid);
	ns = open(file, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return -errno;
	child = fork();
	if (child == 0)
		plug_bind_inside(tree, ns, root, path);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}
