/* SPDX-License-Identifier: MIT */
/*
 * The store of unpacked images; see trees.h. Runs in launchers, several at once. A tree gets its
 * name only when it is whole and on the device, so that a power cut or a kill at any moment leaves
 * none or all of it.
 */
#include "drivers/image/trees.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/interrupt.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

#define TREES_BY_FILE ".by-file"
#define TREES_TEMP ".tmp-"
#define TREES_POLL_US 20000 /* between two looks whether another has unpacked it */

int trees_open(struct trees *t, const char *path, const struct stat *st, struct err *e)
{
	int r = path_mkdirs(path, 0700);

	t->work = -1;
	t->store = r < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->store < 0)
		return err_sys(e, r < 0 ? r : errno,
			       "%s: cannot make the folder for unpacked images", path);
	/*
	 * Device and inode alone come back after a file is replaced, times alone on a device
	 * without a clock.
	 */
	str_format(t->id, sizeof(t->id), "%llx-%llx-%llx-%llx.%lx-%llx.%lx",
		   (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
		   (unsigned long long)st->st_size, (unsigned long long)st->st_mtim.tv_sec,
		   (unsigned long)st->st_mtim.tv_nsec, (unsigned long long)st->st_ctim.tv_sec,
		   (unsigned long)st->st_ctim.tv_nsec);
	str_format(t->temp, sizeof(t->temp), TREES_TEMP "%s", t->id);
	return 0;
}

void trees_close(struct trees *t)
{
	fd_close(&t->work);
	fd_close(&t->store);
}

int trees_find(const struct trees *t)
{
	char link[sizeof(TREES_BY_FILE) + sizeof(t->id)], key[TREES_KEY + 4];
	ssize_t n;
	int fd;

	str_format(link, sizeof(link), TREES_BY_FILE "/%s", t->id);
	n = readlinkat(t->store, link, key, sizeof(key));
	if (n != 3 + TREES_KEY - 1 || memcmp(key, "../", 3) != 0)
		return -ENOENT;
	key[n] = '\0';
	if (strchr(key + 3, '/'))
		return -ENOENT;
	fd = openat(t->store, key + 3, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Removes a temporary folder whose maker is dead: nobody holds its lock. */
static void trees_collect_one(int store, const char *name)
{
	AUTO_FD int fd = openat(store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		path_remove(store, name);
}

static void trees_collect(const struct trees *t)
{
	AUTO_FD int copy = openat(t->store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d)
		return;
	copy = -1;
	while ((entry = readdir(d)) != NULL)
		if (strncmp(entry->d_name, TREES_TEMP, strlen(TREES_TEMP)) == 0 &&
		    strcmp(entry->d_name, t->temp) != 0)
			trees_collect_one(t->store, entry->d_name);
}

/*
 * Makes and locks the temporary folder. 0, or -EAGAIN when it was removed before we had the lock.
 */
static int trees_lock(struct trees *t)
{
	struct stat st;
	int r;

	if (mkdirat(t->store, t->temp, 0700) < 0 && errno != EEXIST)
		return -errno;
	t->work = openat(t->store, t->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->work < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	/* Not one long wait: who is asked to end while somebody else unpacks the image does. */
	while ((r = flock(t->work, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK) {
		if (interrupt_pending())
			return -EINTR;
		usleep(TREES_POLL_US);
	}
	if (r < 0 || fstat(t->work, &st) < 0)
		return -errno;
	if (st.st_nlink)
		return 0;
	fd_close(&t->work);
	return -EAGAIN;
}

static int trees_new(struct trees *t, int *tree)
{
	struct timespec epoch[2] = { { 0 }, { 0 } };
	int r = path_remove(t->work, "tree");

	if (r < 0)
		return r;
	if (mkdirat(t->work, "tree", 0755) < 0)
		return -errno;
	*tree = openat(t->work, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*tree < 0)
		return -errno;
	/*
	 * What an archive without an entry for its top leaves as it is: the same on every device.
	 */
	return fchmod(*tree, 0755) < 0 || futimens(*tree, epoch) < 0 ? -errno : 0;
}

int trees_begin(struct trees *t, int *tree, struct err *e)
{
	AUTO_FD int found = -1;
	int r;

	trees_collect(t);
	do {
		r = trees_lock(t);
	} while (r == -EAGAIN);
	if (r < 0)
		return err_sys(e, r, "cannot make a folder in the store of unpacked images");
	found = trees_find(t);
	if (found >= 0) {
		trees_end(t, NULL, NULL);
		return 1;
	}
	r = trees_new(t, tree);
	if (r == 0)
		return 0;
	trees_end(t, NULL, NULL);
	return err_sys(e, r, "cannot make a folder in the store of unpacked images");
}

/* Links the identity of the file to key. Losing this only costs unpacking again. */
static void trees_remember(struct trees *t, const char *key)
{
	char target[TREES_KEY + 3];
	AUTO_FD int dir = -1;

	mkdirat(t->store, TREES_BY_FILE, 0700);
	dir = openat(t->store, TREES_BY_FILE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	str_format(target, sizeof(target), "../%s", key);
	unlinkat(dir, t->id, 0);
	if (symlinkat(target, dir, t->id) == 0)
		fsync(dir);
}

static int trees_keep(struct trees *t, const char *key, struct err *e)
{
	if (syncfs(t->work) < 0)
		return err_sys(e, errno, "cannot write the unpacked image to the device");
	if (renameat(t->work, "tree", t->store, key) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(e, errno, "cannot name the unpacked image");
	fsync(t->store);
	trees_remember(t, key);
	return 0;
}

int trees_end(struct trees *t, const char *key, struct err *e)
{
	int r = key ? trees_keep(t, key, e) : 0;

	/* Still locked, so nobody else is in it. */
	path_remove(t->store, t->temp);
	fd_close(&t->work);
	return r;
}
