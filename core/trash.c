/* SPDX-License-Identifier: MIT */
/*
 * Moving aside and removing what forgotten containers have written. See trash.h. trash_put() runs in the
 * supervisor's loop and must not take long.
 */
#include "core/trash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/paths.h"

#define TRASH_NAME "~gone"
#define TRASH_TRIES 1000 /* names that are taken already */

/* The folder may be removed by somebody who has just emptied it; then it is made again. */
static int trash_move(const char *from, const char *name)
{
	char trash[PATHS_MAX], to[PATHS_MAX];
	unsigned long long n = event_now();

	paths_of(trash, paths.data, "containers", TRASH_NAME);
	for (int i = 0; i < TRASH_TRIES; i++, n++) {
		if ((size_t)snprintf(to, sizeof(to), "%s/%s~%llu", trash, name, n) >= sizeof(to))
			return -ENAMETOOLONG;
		if (access(from, F_OK) < 0)
			return -errno;
		if (mkdir(trash, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (rename(from, to) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOENT)
			break;
	}
	return -errno;
}

int trash_put(const char *name, struct err *e)
{
	char path[PATHS_MAX];
	int r;

	paths_of(path, paths.data, "containers", name);
	r = trash_move(path, name);
	if (r < 0 && r != -ENOENT && r != -ENAMETOOLONG)
		r = path_remove(AT_FDCWD, path);
	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "%s: removing what it has written", path);
	return 0;
}

static int trash_open(void)
{
	char path[PATHS_MAX];
	int fd;

	paths_of(path, paths.data, "containers", TRASH_NAME);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int trash_remove_all(int fd, struct err *e)
{
	AUTO_DIR DIR *d = NULL;
	struct dirent *entry;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), result = 0;

	d = copy < 0 ? NULL : fdopendir(copy);
	if (!d)
		return err_sys(e, errno, TRASH_NAME);
	while ((entry = readdir(d)) != NULL) {
		int r = entry->d_name[0] == '.' ? 0 : path_remove(fd, entry->d_name);

		if (r < 0 && result == 0)
			result = err_sys(e, r, "%s: removing what it has written", entry->d_name);
	}
	return result;
}

int trash_empty(struct err *e)
{
	AUTO_FD int fd = trash_open();
	char path[PATHS_MAX];
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, fd, TRASH_NAME);
	if (flock(fd, LOCK_EX) < 0)
		return err_sys(e, errno, TRASH_NAME ": locking");
	r = trash_remove_all(fd, e);
	paths_of(path, paths.data, "containers", TRASH_NAME);
	if (r == 0)
		rmdir(path);
	return r;
}

bool trash_is_full(void)
{
	AUTO_FD int fd = trash_open();

	return fd >= 0;
}
