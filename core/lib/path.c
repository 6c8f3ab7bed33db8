/* SPDX-License-Identifier: MIT */
/*
 * Paths that cannot leave a root, and trees that can be removed. See path.h. Runs on the host over
 * trees that images and containers have written, so it must never trust a name, a link or a depth.
 */
#include "core/lib/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/sys.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

enum { PATH_LINKS_MAX = 40, PATH_RETRIES = 64 };

/* Set once when the kernel answers ENOSYS, never cleared. */
static bool path_no_openat2;

/* What the walk by hand does with a component that is missing. */
enum path_make { PATH_MAKE_NOTHING, PATH_MAKE_DIRS, PATH_MAKE_FILE };

/*
 * One walk by hand: dir is reached, done is its path from root without links, rest is still to go.
 */
struct path_walk {
	int root, dir;
	enum path_make make;
	mode_t make_mode;
	unsigned int links;
	char done[PATH_MAX];
	char rest[PATH_MAX];
};

static bool path_is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int path_walk_to_root(struct path_walk *w)
{
	fd_close(&w->dir);
	w->done[0] = '\0';
	w->dir = openat(w->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->dir < 0 ? -errno : 0;
}

static int path_walk_into(struct path_walk *w, const char *name)
{
	int fd = openat(w->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	fd_close(&w->dir);
	w->dir = fd;
	return 0;
}

/*
 * Opening ".." could leave the root when a folder is moved meanwhile, so the way is gone again from
 * the root.
 */
static int path_walk_up(struct path_walk *w)
{
	char again[PATH_MAX], *slash, *name, *state;
	int r;

	memcpy(again, w->done, sizeof(again));
	slash = strrchr(again, '/');
	if (slash)
		*slash = '\0';
	r = path_walk_to_root(w);
	if (r < 0 || !slash)
		return r;
	memcpy(w->done, again, strlen(again) + 1);
	for (name = strtok_r(again, "/", &state); name && r == 0;
	     name = strtok_r(NULL, "/", &state))
		r = path_walk_into(w, name);
	return r;
}

/* Procfs links whose text only looks like a path: following that text would go somewhere else. */
static bool path_link_is_magic(int fd, const char *target)
{
	struct statfs fs;

	return (target[0] == '/' || strchr(target, ':')) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == PROC_SUPER_MAGIC;
}

/* Puts the target of the link fd before what is still to go. */
static int path_walk_link(struct path_walk *w, int fd)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof(target) - 1);
	size_t rest = strlen(w->rest);

	if (len < 0)
		return -errno;
	if (len == 0)
		return -ENOENT;
	target[len] = '\0';
	if (++w->links > PATH_LINKS_MAX || path_link_is_magic(fd, target))
		return -ELOOP;
	/* What is left is empty or begins with a slash. */
	if ((size_t)len + rest >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + len, w->rest, rest + 1);
	memcpy(w->rest, target, (size_t)len);
	return target[0] == '/' ? path_walk_to_root(w) : 0;
}

/*
 * Takes the next component off rest. *last: nothing follows; *slash: a slash follows it, so it must
 * be a folder and a link there is followed. Returns false at the end.
 */
static bool path_walk_next(struct path_walk *w, char name[NAME_MAX + 1], bool *last, bool *slash,
			   int *error)
{
	char *start = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(start, "/");
	char *next = start + len;

	*error = len > NAME_MAX ? -ENAMETOOLONG : 0;
	if (len == 0 || *error)
		return false;
	memcpy(name, start, len);
	name[len] = '\0';
	*slash = start[len] == '/';
	*last = next[strspn(next, "/")] == '\0';
	memmove(w->rest, next, strlen(next) + 1);
	return true;
}

static int path_walk_make(struct path_walk *w, const char *name, bool last)
{
	int r;

	if (last && w->make == PATH_MAKE_FILE)
		r = mknodat(w->dir, name, S_IFREG | w->make_mode, 0);
	else
		r = mkdirat(w->dir, name, w->make == PATH_MAKE_DIRS ? w->make_mode : 0755);
	if (r < 0 && errno != EEXIST)
		return -errno;
	r = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

/* O_PATH fd of the entry name itself, made when it may be. */
static int path_walk_probe(struct path_walk *w, const char *name, bool last, struct stat *st)
{
	AUTO_FD int fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && w->make != PATH_MAKE_NOTHING)
		fd = path_walk_make(w, name, last);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return fd;
	if (fstat(fd, st) < 0)
		return -errno;
	return fd_take(&fd);
}

static int path_walk_enter(struct path_walk *w, const char *name, int *fd)
{
	size_t used = strlen(w->done), len = strlen(name);

	if (used + 1 + len >= sizeof(w->done))
		return -ENAMETOOLONG;
	if (used)
		w->done[used++] = '/';
	memcpy(w->done + used, name, len + 1);
	fd_close(&w->dir);
	w->dir = fd_take(fd);
	return 0;
}

/*
 * Opens the last component, which was seen as *probe (negative: -errno) and is not a link to
 * follow.
 */
static int path_walk_finish(struct path_walk *w, const char *name, int flags, mode_t mode,
			    int *probe, const struct stat *st)
{
	int fd;

	if (*probe < 0 && (*probe != -ENOENT || !(flags & O_CREAT)))
		return *probe;
	if (*probe >= 0 && (flags & O_DIRECTORY) && !S_ISDIR(st->st_mode))
		return -ENOTDIR;
	/* Not opened a second time: it could have become a link, which O_PATH would open. */
	if (*probe >= 0 && (flags & O_PATH))
		return fd_take(probe);
	fd = openat(w->dir, name, flags | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

static bool path_follows_last(int flags)
{
	return !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

/* One component. 0 to go on; when it was the last, 1 and *out, the fd. */
static int path_walk_step(struct path_walk *w, const char *name, bool last, bool slash, int flags,
			  mode_t mode, int *out)
{
	struct stat st = { 0 };
	AUTO_FD int fd = -1;

	if (strcmp(name, "..") == 0)
		return path_walk_up(w);
	if (strcmp(name, ".") == 0)
		return 0;
	fd = path_walk_probe(w, name, last, &st);
	if (fd >= 0 && S_ISLNK(st.st_mode) && (!last || slash || path_follows_last(flags)))
		return path_walk_link(w, fd);
	if (last) {
		*out = path_walk_finish(w, name, slash ? flags | O_DIRECTORY : flags, mode, &fd,
					&st);
		return *out < 0 ? *out : 1;
	}
	if (fd < 0)
		return fd;
	return S_ISDIR(st.st_mode) ? path_walk_enter(w, name, &fd) : -ENOTDIR;
}

static int path_walk_run(struct path_walk *w, int flags, mode_t mode)
{
	char name[NAME_MAX + 1];
	bool last, slash;
	int fd, r = path_walk_to_root(w);

	while (r == 0 && path_walk_next(w, name, &last, &slash, &r)) {
		r = path_walk_step(w, name, last, slash, flags, mode, &fd);
		if (r == 1)
			return fd;
	}
	if (r < 0)
		return r;
	r = openat(w->dir, ".", flags & ~O_NOFOLLOW, mode);
	return r < 0 ? -errno : r;
}

static int path_walk(int root, const char *path, enum path_make make, mode_t make_mode, int flags,
		     mode_t mode)
{
	struct path_walk w = { .root = root, .dir = -1, .make = make, .make_mode = make_mode };
	size_t len = strlen(path);
	int r;

	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(w.rest))
		return -ENAMETOOLONG;
	memcpy(w.rest, path, len + 1);
	r = path_walk_run(&w, flags | O_CLOEXEC, mode);
	fd_close(&w.dir);
	return r;
}

int path_walk_beneath(int root, const char *path, int flags, mode_t mode)
{
	return path_walk(root, path, PATH_MAKE_NOTHING, 0, flags, mode);
}

int path_open_beneath(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	errno = ENOSYS;
	/* EAGAIN: something was renamed while ".." was resolved. */
	for (int i = 0; !path_no_openat2 && i < PATH_RETRIES; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	if (fd >= 0)
		return (int)fd;
	if (!SYS_OLD_KERNELS || errno != ENOSYS)
		return -errno;
	path_no_openat2 = true;
	return path_walk_beneath(root, path, flags, mode);
}

int path_open_parent(int root, const char *path, bool make, char *name, size_t size)
{
	char parent[PATH_MAX];
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	if (end == start)
		return -EINVAL;
	if (end - start >= size || start + 1 >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	if (path_is_dots(name))
		return -EINVAL;
	memcpy(parent, path, start);
	memcpy(parent + start, ".", 2);
	if (make)
		return path_mkdirs_beneath(root, parent, 0755);
	return path_open_beneath(root, parent, O_PATH | O_DIRECTORY, 0);
}

int path_mkdirs_beneath(int root, const char *path, mode_t mode)
{
	int fd = path_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	return path_walk(root, path, PATH_MAKE_DIRS, mode, O_PATH | O_DIRECTORY, 0);
}

int path_mount_point(int root, const char *path, bool is_file)
{
	AUTO_FD int fd = path_open_beneath(root, path, O_PATH, 0);
	struct stat st;

	if (fd == -ENOENT)
		fd = path_walk(root, path, is_file ? PATH_MAKE_FILE : PATH_MAKE_DIRS,
			       is_file ? 0644 : 0755, O_PATH, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (is_file && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!is_file && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return fd_take(&fd);
}

int path_mkdirs(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part))
		return len ? -ENAMETOOLONG : -ENOENT;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST &&
		    !(errno == EROFS && stat(part, &st) == 0))
			return -errno;
		part[i] = path[i];
	}
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/*
 * The way down a tree that is being removed: inodes of the folders above, so that ".." can be
 * trusted.
 */
struct path_trail {
	ino_t *ino;
	size_t depth, room;
	dev_t dev;
};

static int path_trail_push(struct path_trail *t, ino_t ino)
{
	if (t->depth == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		ino_t *bigger = realloc(t->ino, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		t->ino = bigger;
		t->room = room;
	}
	t->ino[t->depth++] = ino;
	return 0;
}

/* Removes what can be removed of one entry: 0, or -ENOTEMPTY for a folder to go down into. */
static int path_remove_entry(int dirfd, const char *name, bool is_dir)
{
	if (!is_dir && unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (!is_dir && errno == ENOENT)
		return 0;
	/* POSIX allows EPERM for a folder, Linux says EISDIR. */
	if (!is_dir && errno != EISDIR)
		return -errno;
	/*
	 * A mount point answers EBUSY here even when it is not empty, so mounts are never entered.
	 */
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EEXIST ? -ENOTEMPTY : -errno;
}

/*
 * Empties the folder *dir as far as plain entries go. Goes down one level at the first full folder:
 * 1.
 */
static int path_remove_scan(int *dir, struct path_trail *t)
{
	AUTO_DIR DIR *d = NULL;
	AUTO_FD int copy = openat(*dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	struct stat st;
	int r;

	d = copy < 0 ? NULL : fdopendir(copy);
	if (!d)
		return -errno;
	copy = -1;
	while (errno = 0, (e = readdir(d)) != NULL) {
		AUTO_FD int sub = -1;

		if (path_is_dots(e->d_name))
			continue;
		r = path_remove_entry(*dir, e->d_name, e->d_type == DT_DIR);
		if (r == 0)
			continue;
		if (r != -ENOTEMPTY)
			return r;
		sub = openat(*dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0 || fstat(*dir, &st) < 0)
			return -errno;
		r = path_trail_push(t, st.st_ino);
		if (r < 0)
			return r;
		fd_close(dir);
		*dir = fd_take(&sub);
		return 1;
	}
	return -errno;
}

static int path_remove_up(int *dir, struct path_trail *t)
{
	AUTO_FD int up = openat(*dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (up < 0 || fstat(up, &st) < 0)
		return -errno;
	t->depth--;
	/*
	 * Somebody moved the folder while it was being emptied: never touch the place it went to.
	 */
	if (st.st_dev != t->dev || st.st_ino != t->ino[t->depth])
		return -ESTALE;
	fd_close(dir);
	*dir = fd_take(&up);
	return 0;
}

/*
 * Holds one fd and one inode number per level: a hostile tree may be far deeper than any path is
 * long.
 */
static int path_remove_below(int *dir)
{
	struct path_trail t = { 0 };
	struct stat st;
	int r = fstat(*dir, &st) < 0 ? -errno : 0;

	t.dev = st.st_dev;
	while (r >= 0) {
		r = path_remove_scan(dir, &t);
		if (r != 0)
			continue;
		if (t.depth == 0)
			break;
		r = path_remove_up(dir, &t);
	}
	free(t.ino);
	return r;
}

int path_remove(int dirfd, const char *name)
{
	AUTO_FD int dir = -1;
	int r = path_remove_entry(dirfd, name, false);

	if (r != -ENOTEMPTY)
		return r;
	dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = path_remove_below(&dir);
	return r < 0 ? r : path_remove_entry(dirfd, name, true);
}

const char *path_of_fd(int fd, char buf[PATH_FD_SIZE])
{
	snprintf(buf, PATH_FD_SIZE, "/proc/self/fd/%d", fd);
	return buf;
}

bool path_is_name(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > 63 || strstr(name, ".."))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || !strchr("-_.", c)))
			return false;
	}
	return true;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
