/* SPDX-License-Identifier: MIT */
/*
 * Paths that cannot leave a root, and trees that can be removed.
 *
 * Every path below a container's root, and every name that came from an image, goes through
 * path_open_beneath(). Symbolic links are followed as the container would follow them: an absolute
 * link starts again at the root, ".." stops at the root, links of procfs are refused.
 * All functions return 0 or more on success and -errno on failure.
 */
#ifndef CORE_LIB_PATH_H
#define CORE_LIB_PATH_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Opens path inside the tree at root (O_PATH or readable folder fd). Links in the last component
 * are followed unless flags has O_NOFOLLOW. O_CLOEXEC is added. Uses openat2(2) RESOLVE_IN_ROOT |
 * RESOLVE_NO_MAGICLINKS, or a walk by hand where the kernel has no openat2. Returns the fd.
 */
int path_open_beneath(int root, const char *path, int flags, mode_t mode);

/* The walk by hand alone: what path_open_beneath() does on kernels without openat2, for tests. */
int path_walk_beneath(int root, const char *path, int flags, mode_t mode);

/*
 * Opens the folder that holds the last component of path inside root, without following that
 * component, and copies its name to name (size bytes). The name is never "", ".", ".." and has no
 * slash; -EINVAL otherwise. Missing folders are made with mode 0755 when make is set.
 */
int path_open_parent(int root, const char *path, bool make, char *name, size_t size);

/* Makes a folder and its missing parents inside root; returns an O_PATH fd of it. */
int path_mkdirs_beneath(int root, const char *path, mode_t mode);

/*
 * Makes sure a mount point exists inside root: a folder, or an empty file when is_file. Never
 * follows a link to outside. Returns an O_PATH fd of it; -ENOTDIR or -EISDIR when it is the other
 * kind.
 */
int path_mount_point(int root, const char *path, bool is_file);

/* mkdir -p for a path of the host (trusted). */
int path_mkdirs(const char *path, mode_t mode);

/*
 * Removes the entry name below dirfd, a whole tree of any depth if it is one, never crossing links
 * or mounts (-EBUSY). 0 also when it was not there.
 */
int path_remove(int dirfd, const char *name);

/* Writes "/proc/self/fd/N" to buf; for calls that take only a path. */
#define PATH_FD_SIZE 32
const char *path_of_fd(int fd, char buf[PATH_FD_SIZE]);

/*
 * True for one path component that may name a thing of ours: [a-zA-Z0-9][a-zA-Z0-9_.-]*, 1..63
 * bytes, no "..".
 */
bool path_is_name(const char *name);

/* The part after the last slash. */
const char *path_base(const char *path);

#endif
