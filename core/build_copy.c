// SPDX-License-Identifier: MIT
/*
 * COPY and ADD; see build_copy.h. Sources are read without following links inside a tree; only what the
 * Containerfile itself names may be a link, and that is resolved inside its folder.
 */
#include "core/build_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/build_match.h"
#include "core/build_unpack.h"
#include "core/build_walk.h"
#include "core/ids.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"

/* A file with several names, once it has been copied. */
struct copy_linked {
	dev_t dev;
	ino_t ino;
	ino_t made;	  /* the copy's */
	const char *path; /* the copy's, below the root */
};

struct copy_links {
	struct copy_linked *v;
	size_t n, room;
};

/* What one build_copy_do() knows beside its request. */
struct copy_run {
	const struct build_copy *c;
	struct copy_links *links; /* NULL: none are kept */
	int root;
	struct build_owner own;
	char to[PATH_MAX]; /* where the source that is being copied goes */
};

static bool copy_left_out(const struct build_copy *c, const char *path)
{
	return (c->ignore && build_match_ignored(c->ignore, path)) ||
	       build_match_ignored(&c->exclude, path);
}

/* Can a folder that is left out be passed over as a whole? */
static bool copy_may_return(const struct build_copy *c)
{
	return (c->ignore && build_match_may_return(c->ignore)) ||
	       build_match_may_return(&c->exclude);
}

/* ---- finding ---------------------------------------------------------------------------------------- */

struct copy_find {
	struct build_copy *c;
	const char *pattern;
	bool deep; /* ** is in it */
	unsigned int slashes;
	unsigned int n;
};

static unsigned int copy_slashes(const char *s)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += *s == '/';
	return n;
}

static int copy_find_entry(struct build_walk *w, int dirfd, const char *name, const char *path,
			   const struct stat *st, struct err *e)
{
	struct copy_find *f = w->arg;

	(void)dirfd;
	(void)name;
	(void)st;
	if (copy_left_out(f->c, path))
		return copy_may_return(f->c);
	if (build_match(f->pattern, path)) {
		f->n++;
		if (strv_add(f->c->arena, &f->c->found, path) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	return f->deep || copy_slashes(path) < f->slashes;
}

static int copy_find_pattern(struct build_copy *c, const char *pattern, struct err *e)
{
	struct copy_find f = { .c = c,
			       .pattern = pattern,
			       .deep = strstr(pattern, "**") != NULL,
			       .slashes = copy_slashes(pattern) };
	struct build_walk w = { .entry = copy_find_entry, .arg = &f };
	int r = build_walk(&w, c->from, e);

	if (r >= 0 && f.n == 0)
		return err_set(e, ENOENT, "%s: matches no file of %s", pattern, c->from_name);
	return r;
}

static int copy_find_path(struct build_copy *c, const char *path, struct err *e)
{
	AUTO_FD int fd = path_open_beneath(c->from, *path ? path : ".", O_PATH, 0);

	if (fd < 0)
		return err_sys(e, fd, "%s: not to be had from %s", path, c->from_name);
	if (*path && copy_left_out(c, path))
		return err_set(e, ENOENT, "%s: is left out of %s by its ignore file or --exclude",
			       path, c->from_name);
	return strv_add(c->arena, &c->found, path) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

int build_copy_find(struct build_copy *c, struct err *e)
{
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < c->source.n; i++) {
		char *path = build_match_clean(c->source.v[i]);

		if (strlen(path) >= PATH_MAX)
			return err_set(e, ENAMETOOLONG, "%.60s...: path too long", path);
		r = build_match_is_pattern(path) ? copy_find_pattern(c, path, e)
						 : copy_find_path(c, path, e);
	}
	return r;
}

/* ---- hard links ------------------------------------------------------------------------------------- */

/* The file of st among those with several names, NULL when it was not met before. */
static struct copy_linked *copy_linked(const struct copy_links *l, const struct stat *st)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].ino == st->st_ino && l->v[i].dev == st->st_dev)
			return &l->v[i];
	return NULL;
}

static int copy_links_add(struct copy_links *l, const struct copy_linked *entry)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		struct copy_linked *v = realloc(l->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->room = room;
	}
	l->v[l->n++] = *entry;
	return 0;
}

static bool copy_has_names(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink > 1;
}

/* Which files are one is part of what is copied. */
static int copy_links_hash(struct copy_links *l, const struct stat *st, struct hash_sha256 *h,
			   struct err *e)
{
	const struct copy_linked *same;
	uint32_t nth;

	if (!copy_has_names(st))
		return 0;
	same = copy_linked(l, st);
	nth = same ? (uint32_t)(same - l->v) + 1 : 0;
	hash_sha256_add(h, &nth, sizeof(nth));
	if (!same && copy_links_add(l, &(struct copy_linked){ st->st_dev, st->st_ino, 0, "" }) < 0)
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

/* ---- hashing ---------------------------------------------------------------------------------------- */

struct copy_hash {
	const struct build_copy *c;
	struct hash_sha256 *h;
	struct copy_links links;
	char top[PATH_MAX]; /* of the walk, below from */
};

/* The path below from of what a walk that began at top calls path. */
static const char *copy_path(char buf[PATH_MAX], const char *top, const char *path)
{
	str_format(buf, PATH_MAX, "%s%s%s", top, *top && *path ? "/" : "", path);
	return buf;
}

static int copy_hash_entry(struct build_walk *w, int dirfd, const char *name, const char *path,
			   const struct stat *st, struct err *e)
{
	struct copy_hash *x = w->arg;
	char full[PATH_MAX];
	int r;

	if (copy_left_out(x->c, copy_path(full, x->top, path)))
		return copy_may_return(x->c);
	r = copy_links_hash(&x->links, st, x->h, e);
	if (r >= 0)
		r = build_walk_hash(x->h, dirfd, name, path, st, x->c->keep_owner, e);
	return r < 0 ? r : 1;
}

/* Where fd really is below from, whatever links led there; path when that cannot be told. */
static void copy_real(const struct build_copy *c, int fd, const char *path, char real[PATH_MAX])
{
	char self[PATH_FD_SIZE], top[PATH_MAX];
	ssize_t n = readlink(path_of_fd(c->from, self), top, sizeof(top));
	ssize_t len = readlink(path_of_fd(fd, self), real, PATH_MAX - 1);

	/* The top of everything is a slash, and is followed by none. */
	n = n == 1 ? 0 : n;
	if (n < 0 || len < n || memcmp(real, top, (size_t)n) != 0) {
		str_copy(real, PATH_MAX, path);
		return;
	}
	real[len] = '\0';
	n += real[n] == '/';
	memmove(real, real + n, (size_t)(len - n) + 1);
}

/* Opens one of c->found, following a link within from: for reading, or a folder. real is where that led. */
static int copy_open(const struct build_copy *c, const char *path, char real[PATH_MAX],
		     struct stat *st, struct err *e)
{
	AUTO_FD int fd = path_open_beneath(c->from, *path ? path : ".", O_PATH, 0);
	char self[PATH_FD_SIZE];
	int in;

	if (fd < 0 || fstat(fd, st) < 0)
		return err_sys(e, fd < 0 ? fd : errno, "%s: cannot open", path);
	copy_real(c, fd, path, real);
	if (*real && copy_left_out(c, real))
		return err_set(e, ENOENT, "%s: leads to %s, which is left out of %s", path, real,
			       c->from_name);
	/* Devices and pipes are never opened: the O_PATH fd is all that is needed of them. */
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return fd_take(&fd);
	in = open(path_of_fd(fd, self), O_RDONLY | O_CLOEXEC);
	return in < 0 ? err_sys(e, errno, "%s: cannot read", path) : in;
}

static int copy_hash_source(struct copy_hash *x, const char *path, struct err *e)
{
	struct build_walk w = { .entry = copy_hash_entry, .arg = x };
	char self[PATH_FD_SIZE];
	struct stat st;
	AUTO_FD int fd = copy_open(x->c, path, x->top, &st, e);

	if (fd < 0 || copy_links_hash(&x->links, &st, x->h, e) < 0)
		return -e->code;
	if (S_ISDIR(st.st_mode)) {
		int r = build_walk_hash(x->h, fd, ".", "", &st, x->c->keep_owner, e);

		return r < 0 ? r : build_walk(&w, fd, e);
	}
	path_of_fd(fd, self);
	if (S_ISREG(st.st_mode)) {
		if (build_walk_hash_file(x->h, fd, path, e) < 0)
			return -e->code;
		st.st_mode &= 07777;
	}
	return build_walk_hash(x->h, AT_FDCWD, self, path, &st, x->c->keep_owner, e);
}

int build_copy_hash(struct build_copy *c, struct hash_sha256 *h, struct err *e)
{
	struct copy_hash x = { .c = c, .h = h };
	char line[64];
	int r = 0;

	str_format(line, sizeof(line), "%d%d%d%d %o", c->parents, c->keep_owner, c->unpack,
		   c->chmod, c->mode);
	hash_sha256_add(h, line, strlen(line) + 1);
	hash_sha256_add(h, c->to, strlen(c->to) + 1);
	if (c->chown)
		hash_sha256_add(h, c->chown, strlen(c->chown) + 1);
	for (unsigned int i = 0; r >= 0 && i < c->found.n; i++) {
		hash_sha256_add(h, c->found.v[i], strlen(c->found.v[i]) + 1);
		r = copy_hash_source(&x, c->found.v[i], e);
	}
	free(x.links.v);
	return r;
}

/* ---- copying ---------------------------------------------------------------------------------------- */

static int copy_bytes(int in, int out, const char *path, struct err *e)
{
	ssize_t n;

	do {
		n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
	} while (n > 0);
	if (n == 0)
		return 0;
	/* Across file systems, and on kernels that cannot. */
	do {
		n = sendfile(out, in, NULL, 1 << 30);
	} while (n > 0);
	return n < 0 ? err_sys(e, errno, "%s: cannot copy", path) : 0;
}

/* Owner, mode and times of what was just made; path is for messages. */
static int copy_attributes(const struct copy_run *x, int dir, const char *name,
			   const struct stat *st, const char *path, struct err *e)
{
	const struct build_copy *c = x->c;
	struct timespec times[2] = { st->st_mtim, st->st_mtim };
	bool own = x->own.asked || !c->keep_owner;
	int flags = AT_SYMLINK_NOFOLLOW;

	if (fchownat(dir, name, own ? x->own.uid : st->st_uid, own ? x->own.gid : st->st_gid,
		     flags) < 0)
		return err_sys(e, errno, "%s: cannot give it its owner", path);
	/* Beneath a parent that is ours, a name that is no link: nothing can be swapped in. */
	if (!S_ISLNK(st->st_mode) &&
	    fchmodat(dir, name, c->chmod ? c->mode : st->st_mode & 07777, 0) < 0)
		return err_sys(e, errno, "%s: cannot give it its mode", path);
	utimensat(dir, name, times, flags);
	return 0;
}

static int copy_regular(int in, int dir, const char *name, const char *path, struct err *e)
{
	AUTO_FD int out =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return out < 0 ? err_sys(e, errno, "%s: cannot make the file", path)
		       : copy_bytes(in, out, path, e);
}

static int copy_link(int dirfd, const char *from, int dir, const char *name, const char *path,
		     struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, from, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(e, errno, "%s: cannot read the link", from);
	target[n] = '\0';
	return symlinkat(target, dir, name) < 0
		       ? err_sys(e, errno, "%s: cannot make the link", path)
		       : 0;
}

/* Another name for what was copied before: 1. 0 when it was not, or is no longer there. */
static int copy_again(const struct copy_run *x, const struct stat *st, int dir, const char *name)
{
	const struct copy_linked *same = copy_linked(x->links, st);
	char old[NAME_MAX + 1];
	AUTO_FD int from = same ? path_open_parent(x->root, same->path, false, old, sizeof(old))
				: -1;
	struct stat is;

	return from >= 0 && fstatat(from, old, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
	       is.st_ino == same->made && linkat(from, old, dir, name, 0) == 0;
}

static int copy_remember(const struct copy_run *x, const struct stat *st, int dir, const char *name,
			 const char *path, struct err *e)
{
	struct copy_linked entry = { st->st_dev, st->st_ino, 0, arena_str(x->c->arena, path) };
	struct stat is;

	if (fstatat(dir, name, &is, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, "%s", path);
	entry.made = is.st_ino;
	return entry.path && copy_links_add(x->links, &entry) >= 0
		       ? 0
		       : err_set(e, ENOMEM, "out of memory");
}

/* Removes what is at name; its inode's number may come again. */
static int copy_give_way(const struct copy_run *x, int dir, const char *name, const char *path,
			 struct err *e)
{
	struct stat is;

	if (fstatat(dir, name, &is, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s", path);
	for (size_t i = 0; x->links && i < x->links->n; i++)
		if (x->links->v[i].made == is.st_ino)
			x->links->v[i].ino = 0;
	if (unlinkat(dir, name, 0) < 0)
		return errno == EISDIR || errno == EPERM
			       ? err_set(e, EISDIR, "%s: is a folder there", path)
			       : err_sys(e, errno, "%s: cannot replace", path);
	return 0;
}

/*
 * What is not a folder: in (a file's bytes, else -1), or the name from in dirfd, to path in the root. What
 * was there gives way, unless it is a folder.
 */
static int copy_entry(const struct copy_run *x, int in, int dirfd, const char *from,
		      const struct stat *st, const char *path, struct err *e)
{
	char name[NAME_MAX + 1];
	AUTO_FD int dir = build_open_parent(x->root, path, &x->own, name, sizeof(name));
	bool linked = x->links && copy_has_names(st);
	int r;

	if (dir < 0)
		return err_sys(e, dir, "%s: cannot make its folder", path);
	r = copy_give_way(x, dir, name, path, e);
	if (r < 0 || (linked && copy_again(x, st, dir, name)))
		return r;
	if (S_ISREG(st->st_mode))
		r = copy_regular(in, dir, name, path, e);
	else if (S_ISLNK(st->st_mode))
		r = copy_link(dirfd, from, dir, name, path, e);
	else if (S_ISSOCK(st->st_mode))
		return 0; /* lives only as long as who made it */
	else
		r = mknodat(dir, name, st->st_mode, st->st_rdev) < 0
			    ? err_sys(e, errno, "%s: cannot make the device", path)
			    : 0;
	if (r >= 0)
		r = copy_attributes(x, dir, name, st, path, e);
	if (r >= 0 && S_ISREG(st->st_mode))
		build_walk_copy_xattrs(in, dir, name);
	return r >= 0 && linked ? copy_remember(x, st, dir, name, path, e) : r;
}

/* A folder of the root, made with the attributes of its source unless it is there already. */
static int copy_folder(const struct copy_run *x, const struct stat *st, const char *path,
		       struct err *e)
{
	char name[NAME_MAX + 1];
	AUTO_FD int dir = -1, there = path_open_beneath(x->root, path, O_PATH, 0);
	struct stat old;

	if (there >= 0) {
		if (fstat(there, &old) < 0 || !S_ISDIR(old.st_mode))
			return err_set(e, ENOTDIR, "%s: is not a folder there", path);
		return 0;
	}
	dir = build_open_parent(x->root, path, &x->own, name, sizeof(name));
	if (dir < 0)
		return err_sys(e, dir, "%s: cannot make the folder", path);
	if (mkdirat(dir, name, 0755) < 0)
		return err_sys(e, errno, "%s: cannot make the folder", path);
	return copy_attributes(x, dir, name, st, path, e);
}

struct copy_walk {
	const struct copy_run *x;
	const char *top; /* below from */
};

static int copy_walk_entry(struct build_walk *w, int dirfd, const char *name, const char *path,
			   const struct stat *st, struct err *e)
{
	const struct copy_walk *t = w->arg;
	const struct copy_run *x = t->x;
	char full[PATH_MAX], to[PATH_MAX];
	AUTO_FD int in = -1;
	int r;

	if (copy_left_out(x->c, copy_path(full, t->top, path)))
		return copy_may_return(x->c);
	if (str_format(to, sizeof(to), "%s/%s", x->to, path) + 1 >= sizeof(to))
		return err_set(e, ENAMETOOLONG, "%.60s...: path too long", path);
	if (S_ISDIR(st->st_mode)) {
		r = copy_folder(x, st, to, e);
		return r < 0 ? r : 1;
	}
	if (S_ISREG(st->st_mode)) {
		in = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (in < 0)
			return err_sys(e, errno, "%s: cannot read", full);
	}
	return copy_entry(x, in, dirfd, name, st, to, e);
}

/* Is path in the root a folder already? */
static bool copy_is_folder(int root, const char *path)
{
	AUTO_FD int fd = path_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

/* Where a source goes: to itself, or below it when that is a folder. */
static int copy_target(struct copy_run *x, const char *path, bool is_folder, struct err *e)
{
	const struct build_copy *c = x->c;
	size_t n = strlen(c->to);
	bool below = c->to[n - 1] == '/' || c->found.n > 1 || copy_is_folder(x->root, c->to);
	const char *tail = c->parents ? path : !is_folder && below ? path_base(path) : "";

	while (n > 1 && c->to[n - 1] == '/')
		n--;
	if (str_format(x->to, sizeof(x->to), "%.*s/%s", (int)n, c->to, tail) + 1 >= sizeof(x->to))
		return err_set(e, ENAMETOOLONG, "%.60s...: path too long", c->to);
	return 0;
}

static int copy_source(struct copy_run *x, const char *path, struct err *e)
{
	char self[PATH_FD_SIZE], real[PATH_MAX];
	struct copy_walk t = { .x = x, .top = real };
	struct build_walk w = { .entry = copy_walk_entry, .arg = &t };
	struct stat st;
	AUTO_FD int fd = copy_open(x->c, path, real, &st, e);
	int r = fd < 0 ? fd : copy_target(x, path, S_ISDIR(st.st_mode), e);

	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode)) {
		r = copy_folder(x, &st, x->to, e);
		return r < 0 ? r : build_walk(&w, fd, e);
	}
	if (x->c->unpack && S_ISREG(st.st_mode)) {
		r = build_unpack(fd, path, x->root, x->c->to, &x->own, e);
		if (r > 0 && x->c->chmod)
			return err_set(e, ENOTSUP,
				       "%s: an archive says modes itself: --chmod is for files",
				       path);
		/* What it put in the place of a copy is not known. */
		if (r > 0)
			x->links->n = 0;
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return copy_entry(x, fd, AT_FDCWD, path_of_fd(fd, self), &st, x->to, e);
}

static int copy_owner(struct copy_run *x, struct err *e)
{
	struct ids ids;
	int r;

	if (!x->c->chown)
		return 0;
	r = ids_lookup(x->root, x->c->chown, &(struct strv){ 0 }, &ids, e);
	if (r < 0)
		return err_wrap(e, "--chown");
	x->own = (struct build_owner){ .asked = true, .uid = ids.uid, .gid = ids.gid };
	return 0;
}

int build_copy_do(struct build_copy *c, int root, struct err *e)
{
	struct copy_links links = { 0 };
	struct copy_run x = { .c = c, .links = &links, .root = root };
	size_t n = strlen(c->to);
	int r = copy_owner(&x, e);

	if (r >= 0 && c->found.n > 1 && c->to[n - 1] != '/' && !copy_is_folder(root, c->to))
		return err_set(e, EINVAL, "%s: several files go to a folder: end it with a /",
			       c->to);
	for (unsigned int i = 0; r >= 0 && i < c->found.n; i++)
		r = copy_source(&x, c->found.v[i], e);
	free(links.v);
	return r;
}

int build_copy_text(const struct build_copy *c, int root, const char *name, const char *text,
		    size_t len, struct err *e)
{
	struct copy_run x = { .c = c, .root = root };
	struct stat st = { .st_mode = S_IFREG | 0644 };
	size_t n = strlen(c->to);
	AUTO_FD int in = sys_memfd("document", false);
	int r = copy_owner(&x, e);

	if (r < 0)
		return r;
	if (in < 0 || fd_write(in, text, len) < 0 || lseek(in, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "a here-document");
	clock_gettime(CLOCK_REALTIME, &st.st_mtim);
	str_format(x.to, sizeof(x.to), "%s%s%s", c->to, c->to[n - 1] == '/' ? "" : "/", name);
	if (c->to[n - 1] != '/' && !copy_is_folder(root, c->to))
		str_copy(x.to, sizeof(x.to), c->to);
	return copy_entry(&x, in, AT_FDCWD, "", &st, x.to, e);
}
