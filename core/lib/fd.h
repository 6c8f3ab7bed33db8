/* SPDX-License-Identifier: MIT */
/*
 * File descriptors that close themselves, and whole reads and writes.
 *
 * All functions return 0 or more on success and -errno on failure, restart on EINTR, and keep errno
 * where they close something.
 */
#ifndef CORE_LIB_FD_H
#define CORE_LIB_FD_H

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "core/lib/util.h"

/* Closes fd when it is not negative, keeps errno. */
void fd_end(int fd);

/* The same, and sets *fd to -1. */
void fd_close(int *fd);

/* Inline, so that no variable needs an address, and its function no canary, for its end's sake. */
ALWAYS_INLINE void fd_leave(const int *fd)
{
	fd_end(*fd);
}
#define AUTO_FD CLEANUP(fd_leave)

void fd_closedir(DIR **d);
#define AUTO_DIR CLEANUP(fd_closedir)

/* free() for a char * or any other pointer variable. */
ALWAYS_INLINE void fd_free(const void *pointer_to_pointer)
{
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}
#define AUTO_FREE CLEANUP(fd_free)

/* Returns *fd and leaves -1 behind: hands ownership of an AUTO_FD on. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Reads until len bytes or end of file; returns the bytes read. */
ssize_t fd_read(int fd, void *buf, size_t len);

/* Writes all len bytes or fails. Returns 0. */
int fd_write(int fd, const void *buf, size_t len);

/*
 * Reads a whole file of at most max bytes into malloc'd *out with a NUL after it (owned by the
 * caller, *len without the NUL). -EFBIG when it is longer. dirfd as for openat(2).
 */
int fd_slurp(int dirfd, const char *path, size_t max, char **out, size_t *len);

/* Reads a small text file into buf, NUL-terminated, trailing newline removed. Returns its length. */
int fd_read_text(int dirfd, const char *path, char *buf, size_t size);

/* Writes text to an existing file with one write(2): /proc, /sys and cgroup files. */
int fd_write_text(int dirfd, const char *path, const char *text);

/*
 * Replaces a file: temporary beside it, optional fsync of it and of the folder, rename. A reader or
 * a power cut sees the old content or the new.
 */
int fd_replace(int dirfd, const char *path, const void *buf, size_t len, mode_t mode, bool durable);

#endif
