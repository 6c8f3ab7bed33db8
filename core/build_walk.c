// SPDX-License-Identifier: MIT
/*
 * A walk over a tree that somebody may be changing meanwhile: every step is relative to an fd, no link is
 * followed. See build_walk.h.
 */
#include "core/build_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"

#define WALK_XATTRS 8192

/* The names in a folder, sorted. */
struct walk_names {
	char **v;
	size_t n, room;
};

static void walk_free(struct walk_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int walk_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int walk_add(struct walk_names *l, const char *name)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 32;
		char **v = realloc(l->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->room = room;
	}
	l->v[l->n] = strdup(name);
	return l->v[l->n++] ? 0 : -ENOMEM;
}

static int walk_read(int dir, struct walk_names *l)
{
	AUTO_FD int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return -errno;
	copy = -1;
	while (r == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = walk_add(l, entry->d_name);
	if (r == 0 && errno)
		r = -errno;
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), walk_by_name);
	return r;
}

static int walk_entry(struct build_walk *w, int dir, const char *name, struct err *e)
{
	size_t n = strlen(w->path);
	AUTO_FD int sub = -1;
	struct stat st;
	int r;

	if (n + strlen(name) + 2 > sizeof(w->path))
		return err_set(e, ENAMETOOLONG, "%.60s...: path too long", w->path);
	str_format(w->path + n, sizeof(w->path) - n, "%s%s", n ? "/" : "", name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = errno == ENOENT ? 0 : err_sys(e, errno, "%s", w->path);
	else
		r = w->entry(w, dir, name, w->path, &st, e);
	if (r > 0 && S_ISDIR(st.st_mode)) {
		sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = sub < 0 ? err_sys(e, errno, "%s", w->path) : build_walk(w, sub, e);
	}
	w->path[n] = '\0';
	return r < 0 ? r : 0;
}

int build_walk(struct build_walk *w, int dir, struct err *e)
{
	struct walk_names l = { 0 };
	int r;

	if (w->depth >= BUILD_WALK_DEPTH)
		return err_set(e, ELOOP, "%.60s...: more than %d folders deep", w->path,
			       BUILD_WALK_DEPTH);
	r = walk_read(dir, &l);
	if (r < 0)
		err_sys(e, r, "%s: cannot read the folder", *w->path ? w->path : ".");
	w->depth++;
	for (size_t i = 0; r >= 0 && i < l.n; i++)
		r = walk_entry(w, dir, l.v[i], e);
	w->depth--;
	walk_free(&l);
	return r;
}

/*
 * The next attribute of the file fd that is a user's or a file capability: its size, its name in *name, which
 * begins as NULL and goes through names, of len bytes. -1 after the last.
 */
static ssize_t walk_xattr(int fd, const char *names, ssize_t len, const char **name, char *value)
{
	const char *p = *name ? *name + strlen(*name) + 1 : names;

	for (; p < names + len; p += strlen(p) + 1) {
		ssize_t n = strncmp(p, "user.", 5) == 0 || strcmp(p, "security.capability") == 0
				    ? fgetxattr(fd, p, value, WALK_XATTRS)
				    : -1;

		*name = p;
		if (n >= 0)
			return n;
	}
	return -1;
}

void build_walk_copy_xattrs(int in, int dir, const char *name)
{
	char names[WALK_XATTRS], value[WALK_XATTRS];
	AUTO_FD int out = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t len = out < 0 ? 0 : flistxattr(in, names, sizeof(names)), n;
	const char *xattr = NULL;

	while ((n = walk_xattr(in, names, len, &xattr, value)) >= 0)
		fsetxattr(out, xattr, value, (size_t)n, 0);
}

int build_walk_hash_file(struct hash_sha256 *h, int fd, const char *path, struct err *e)
{
	char names[WALK_XATTRS], buf[2 * WALK_XATTRS];
	ssize_t len = flistxattr(fd, names, sizeof(names)), n;
	const char *xattr = NULL;

	while ((n = walk_xattr(fd, names, len, &xattr, buf)) >= 0) {
		hash_sha256_add(h, xattr, strlen(xattr) + 1);
		hash_sha256_add(h, buf, (size_t)n);
	}
	while ((n = fd_read(fd, buf, sizeof(buf))) > 0)
		hash_sha256_add(h, buf, (size_t)n);
	return n < 0 ? err_sys(e, (int)n, "%s: cannot read", path) : 0;
}

static int walk_hash_bytes(struct hash_sha256 *h, int dirfd, const char *name, const char *path,
			   struct err *e)
{
	AUTO_FD int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? err_sys(e, errno, "%s: cannot read", path)
		      : build_walk_hash_file(h, fd, path, e);
}

int build_walk_hash(struct hash_sha256 *h, int dirfd, const char *name, const char *path,
		    const struct stat *st, bool owners, struct err *e)
{
	char line[128], link[4096];
	ssize_t n;

	hash_sha256_add(h, path, strlen(path) + 1);
	str_format(line, sizeof(line), "%o %llu %u %u %llx", st->st_mode,
		   S_ISREG(st->st_mode) ? (unsigned long long)st->st_size : 0,
		   owners ? st->st_uid : 0, owners ? st->st_gid : 0,
		   S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode) ? (unsigned long long)st->st_rdev
								: 0);
	hash_sha256_add(h, line, strlen(line) + 1);
	if (S_ISREG(st->st_mode))
		return walk_hash_bytes(h, dirfd, name, path, e);
	if (!S_ISLNK(st->st_mode))
		return 0;
	n = readlinkat(dirfd, name, link, sizeof(link));
	if (n < 0)
		return err_sys(e, errno, "%s: cannot read the link", path);
	hash_sha256_add(h, link, (size_t)n);
	return 0;
}

static int walk_print_entry(struct build_walk *w, int dirfd, const char *name, const char *path,
			    const struct stat *st, struct err *e)
{
	const struct timespec *m = &st->st_mtim, *c = &st->st_ctim;
	char line[160];

	(void)dirfd;
	(void)name;
	(void)e;
	str_format(line, sizeof(line), "%o %llx %llx %llx %llx.%lx %llx.%lx", st->st_mode,
		   (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
		   (unsigned long long)st->st_size, (unsigned long long)m->tv_sec,
		   (unsigned long)m->tv_nsec, (unsigned long long)c->tv_sec,
		   (unsigned long)c->tv_nsec);
	hash_sha256_add(w->arg, path, strlen(path) + 1);
	hash_sha256_add(w->arg, line, strlen(line) + 1);
	return 1;
}

int build_walk_print(struct hash_sha256 *h, int dir, struct err *e)
{
	struct build_walk w = { .entry = walk_print_entry, .arg = h };

	return build_walk(&w, dir, e);
}
