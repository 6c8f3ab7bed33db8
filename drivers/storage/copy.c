/* SPDX-License-Identifier: MIT */
/*
 * A copy of an image's tree for a root without overlay: files, folders, links and pipes with their modes, owners
 * and times. Every name is opened below the folder it is in and never through a link. Runs in the launcher.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/interrupt.h"
#include "drivers/storage/overlay.h"

#define COPY_DEPTH 200

/* Owner first, as that takes set-user-id away. An id that we have not got stays ours, without such bits. */
static int copy_meta(int dir, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t mode = st->st_mode & 07777;

	if (fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != EINVAL && errno != EPERM)
			return -errno;
		mode &= 01777;
	}
	if (!S_ISLNK(st->st_mode) && fchmodat(dir, name, mode, 0) < 0)
		return -errno;
	return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_file(int from, int to, const char *name)
{
	AUTO_FD int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_FD int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		return -errno;
	while ((n = sendfile(out, in, NULL, 1U << 30)) > 0)
		;
	return n < 0 ? -errno : 0;
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int copy_folder(int from, int to, unsigned int depth, struct err *e);

static int copy_sub(int from, int to, const char *name, unsigned int depth, struct err *e)
{
	AUTO_FD int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD int out = -1;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return out < 0 ? -errno : copy_folder(in, out, depth + 1, e);
}

static int copy_one(int from, int to, const char *name, unsigned int depth, struct err *e)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, "%s: copying it", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		r = copy_sub(from, to, name, depth, e);
		break;
	case S_IFREG:
		r = copy_file(from, to, name);
		break;
	case S_IFLNK:
		r = copy_link(from, to, name);
		break;
	case S_IFIFO:
		r = mkfifoat(to, name, 0600) < 0 ? -errno : 0;
		break;
	default:
		return 0; /* devices are not ours to make */
	}
	if (r == 0)
		r = copy_meta(to, name, &st);
	return r == 0 || e->code ? r : err_sys(e, r, "%s: copying it", name);
}

static int copy_folder(int from, int to, unsigned int depth, struct err *e)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return err_sys(e, errno, "reading a folder of the image");
	if (depth > COPY_DEPTH)
		return err_set(e, ELOOP, "folders deeper than %d are not copied", COPY_DEPTH);
	while (r == 0 && (entry = readdir(d)) != NULL) {
		const char *n = entry->d_name;

		if (interrupt_pending())
			return err_set(e, EINTR, "interrupted while copying the image");
		if (n[0] != '.' || (n[1] && (n[1] != '.' || n[2])))
			r = copy_one(from, to, n, depth, e);
	}
	return r;
}

int copy_tree(int from, int to, struct err *e)
{
	return copy_folder(from, to, 0, e);
}
