/* SPDX-License-Identifier: MIT */
/*
 * Unpacks a tar archive below a folder; see tar.h. Runs in launchers, as root, on archives nobody
 * vouches for: every name is resolved beneath the root by fd, and nothing is opened that was not
 * just made here. Designed for few system calls an entry: the folder in use stays open, and owner
 * and mode are set only where creating did not.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/tar_unpack.h"

int unpack_bad(const struct unpack *u, int code, const char *what, struct err *e)
{
	char shown[120];

	str_escape(shown, sizeof(shown), u->r->entry.path, strlen(u->r->entry.path));
	return err_set(e, code, "tar: '%s': %s (offset %" PRIu64 ")", shown, what, u->r->header_at);
}

int unpack_failed(const struct unpack *u, const char *step, struct err *e)
{
	char what[120];
	int code = errno;

	str_format(what, sizeof(what), "%s: %s", step, err_text(code));
	return unpack_bad(u, code, what, e);
}

/*
 * Rewrites a name of the archive as a path below the root without "", "." and leading slash.
 * Returns its depth, -EINVAL when it holds "..".
 */
static int unpack_clean(const char *from, char to[PATH_MAX])
{
	size_t used = 0;
	int depth = 0;

	while (*from) {
		size_t len = strcspn(from, "/");

		if (len == 2 && memcmp(from, "..", 2) == 0)
			return -EINVAL;
		if (len && !(len == 1 && *from == '.')) {
			if (used)
				to[used++] = '/';
			memcpy(to + used, from, len);
			used += len;
			depth++;
		}
		from += len;
		from += strspn(from, "/");
	}
	to[used] = '\0';
	return depth;
}

/* What was written below it has changed its time; gives back the one it had. */
static void unpack_leave(struct unpack *u)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, u->dir_st.st_mtim };

	if (u->dir >= 0)
		futimens(u->dir, times);
	fd_close(&u->dir);
}

int unpack_enter_existing(struct unpack *u, const char *path, size_t len)
{
	char copy[PATH_MAX];

	if (u->dir >= 0 && strlen(u->dir_path) == len && memcmp(u->dir_path, path, len) == 0)
		return 0;
	unpack_leave(u);
	memcpy(copy, path, len);
	copy[len] = '\0';
	u->dir = path_open_beneath(u->root, len ? copy : ".", O_RDONLY | O_DIRECTORY, 0);
	if (u->dir < 0)
		return u->dir;
	memcpy(u->dir_path, copy, len + 1);
	return fstat(u->dir, &u->dir_st) < 0 ? -errno : 0;
}

static void unpack_times(const struct unpack *u, struct timespec times[2])
{
	times[0] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	times[1] = (struct timespec){ .tv_sec = (time_t)u->r->entry.mtime,
				      .tv_nsec = u->r->entry.mtime_ns };
}

/* As unpack_enter_existing(), making what is missing on the way with the entry's time. */
static int unpack_enter(struct unpack *u, const char *path, size_t len)
{
	struct timespec times[2];
	char name[NAME_MAX + 1];
	int r = unpack_enter_existing(u, path, len);

	if (r != -ENOENT)
		return r;
	unpack_times(u, times);
	for (size_t start = 0, end; start < len; start = end + 1) {
		end = start + strcspn(path + start, "/");
		end = end > len ? len : end;
		if (end - start > NAME_MAX)
			return -ENAMETOOLONG;
		r = unpack_enter_existing(u, path, start ? start - 1 : 0);
		if (r < 0)
			return r;
		memcpy(name, path + start, end - start);
		name[end - start] = '\0';
		if (mkdirat(u->dir, name, 0755) == 0)
			utimensat(u->dir, name, times, AT_SYMLINK_NOFOLLOW);
		else if (errno != EEXIST)
			return -errno;
	}
	return unpack_enter_existing(u, path, len);
}

/* A later entry replaces what is there. */
static int unpack_clear(struct unpack *u, struct err *e)
{
	if (unlinkat(u->dir, u->name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR && unlinkat(u->dir, u->name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOTEMPTY && u->layer) {
		errno = -path_remove(u->dir, u->name);
		return errno ? unpack_failed(u, "cannot replace", e) : 0;
	}
	if (errno == ENOTEMPTY || errno == EEXIST)
		return unpack_bad(u, EEXIST, "would replace a folder that is not empty", e);
	return unpack_failed(u, "cannot replace", e);
}

/* Does what creating did not: a folder with the set-group-id bit hands its group and bit on. */
static bool unpack_owner_differs(const struct unpack *u)
{
	const struct tar_entry *t = &u->r->entry;
	gid_t gid = u->dir_st.st_mode & S_ISGID ? u->dir_st.st_gid : u->gid;

	return u->super && (t->uid != u->uid || t->gid != gid);
}

/* fd is the entry, or -1: by its name. An id that our user namespace has not got is counted, not an error. */
static int unpack_chown(struct unpack *u, int fd)
{
	const struct tar_entry *t = &u->r->entry;
	int r = fd >= 0 ? fchown(fd, t->uid, t->gid)
			: fchownat(u->dir, u->name, t->uid, t->gid, AT_SYMLINK_NOFOLLOW);

	if (r == 0 || errno != EINVAL || !IS_ENABLED(CONFIG_ROOTLESS))
		return r;
	/* Root may not get what was to run with another's rights. */
	u->r->entry.mode &= 01777;
	u->report->owners++;
	return 0;
}

/* fd is the entry, or -1 for one that cannot be opened without side effects: then by its name. */
static int unpack_xattr(const struct unpack *u, int fd, const struct tar_xattr *x)
{
	char proc[PATH_FD_SIZE + NAME_MAX + 2];

	if (fd >= 0)
		return fsetxattr(fd, x->name, x->value, x->len, 0);
	str_format(proc, sizeof(proc), "/proc/self/fd/%d/%s", u->dir, u->name);
	return lsetxattr(proc, x->name, x->value, x->len, 0);
}

static int unpack_xattrs(struct unpack *u, int fd, struct err *e)
{
	struct tar_xattr x;
	size_t cursor = 0;

	while (u->r->pax_len && tar_xattr(u->r, &cursor, &x)) {
		if (!tar_xattr_wanted(x.name) || unpack_xattr(u, fd, &x) == 0)
			continue;
		/* Without /proc there is no way to those of a link. */
		if (errno != ENOTSUP && errno != EPERM && (fd >= 0 || errno != ENOENT))
			return unpack_failed(u, "cannot set an extended attribute", e);
		u->report->xattrs++;
	}
	return 0;
}

/* Owner first: changing it clears set-user-id and file capabilities. Time last. */
static int unpack_file_meta(struct unpack *u, int fd, struct err *e)
{
	const struct tar_entry *t = &u->r->entry;
	struct timespec times[2];
	int r;

	if (unpack_owner_differs(u) && unpack_chown(u, fd) < 0)
		return unpack_failed(u, "cannot set the owner", e);
	if (t->mode & 07000 && fchmod(fd, t->mode) < 0)
		return unpack_failed(u, "cannot set the mode", e);
	r = unpack_xattrs(u, fd, e);
	if (r < 0)
		return r;
	unpack_times(u, times);
	return futimens(fd, times) < 0 ? unpack_failed(u, "cannot set the time", e) : 0;
}

static int unpack_write(struct unpack *u, int fd, uint64_t at, const uint8_t *p, size_t len,
			struct err *e)
{
	if (len > u->left.bytes)
		return unpack_bad(u, EFBIG,
				  "more data than IMAGE_TAR_MAX_MIB or the ratio limit allows", e);
	u->left.bytes -= len;
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return unpack_failed(u, "cannot write", e);
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int unpack_content(struct unpack *u, int fd, struct err *e)
{
	const uint8_t *bytes;
	uint64_t at;
	ssize_t n;
	int r;

	if (u->r->entry.sparse && ftruncate(fd, (off_t)u->r->entry.size) < 0)
		return unpack_failed(u, "cannot set the size", e);
	while ((n = tar_data(u->r, &at, &bytes, e)) > 0) {
		r = unpack_write(u, fd, at, bytes, (size_t)n, e);
		if (r < 0)
			return r;
	}
	return (int)n;
}

static int unpack_file(struct unpack *u, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	mode_t mode = u->r->entry.mode & 0777;
	AUTO_FD int fd = openat(u->dir, u->name, flags, mode);
	int r;

	if (fd < 0 && errno == EEXIST) {
		r = unpack_clear(u, e);
		if (r < 0)
			return r;
		fd = openat(u->dir, u->name, flags, mode);
	}
	if (fd < 0)
		return unpack_failed(u, "cannot create", e);
	r = unpack_content(u, fd, e);
	return r < 0 ? r : unpack_file_meta(u, fd, e);
}

/* Owner and time of what cannot be opened without side effects: links, devices, pipes. */
static int unpack_node_meta(struct unpack *u, struct err *e)
{
	const struct tar_entry *t = &u->r->entry;
	struct timespec times[2];
	int r;

	if (unpack_owner_differs(u) && unpack_chown(u, -1) < 0)
		return unpack_failed(u, "cannot set the owner", e);
	if (t->type != TAR_SYMLINK && t->mode & 07000 && fchmodat(u->dir, u->name, t->mode, 0) < 0)
		return unpack_failed(u, "cannot set the mode", e);
	r = unpack_xattrs(u, -1, e);
	if (r < 0)
		return r;
	unpack_times(u, times);
	if (utimensat(u->dir, u->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_failed(u, "cannot set the time", e);
	return 0;
}

static int unpack_dir_meta(struct unpack *u, int fd, bool made, struct err *e)
{
	const struct tar_entry *t = &u->r->entry;
	mode_t mode = u->super ? t->mode : t->mode | 0700;
	struct timespec times[2];
	int r;

	if ((!made || unpack_owner_differs(u)) && u->super && unpack_chown(u, fd) < 0)
		return unpack_failed(u, "cannot set the owner", e);
	if ((!made || t->mode & 07000 || u->dir_st.st_mode & S_ISGID) && fchmod(fd, mode) < 0)
		return unpack_failed(u, "cannot set the mode", e);
	r = unpack_xattrs(u, fd, e);
	if (r < 0)
		return r;
	unpack_times(u, times);
	return futimens(fd, times) < 0 ? unpack_failed(u, "cannot set the time", e) : 0;
}

/* True when name is a folder already, and not a link to one. */
static bool unpack_is_dir(struct unpack *u)
{
	struct stat st;

	return fstatat(u->dir, u->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int unpack_dir(struct unpack *u, struct err *e)
{
	mode_t mode = (u->r->entry.mode & 0777) | (u->super ? 0 : 0700);
	AUTO_FD int fd = -1;
	bool made;
	int r = mkdirat(u->dir, u->name, mode);

	if (r < 0 && errno == EEXIST && !unpack_is_dir(u)) {
		r = unpack_clear(u, e);
		if (r < 0)
			return r;
		r = mkdirat(u->dir, u->name, mode);
	}
	made = r == 0;
	if (!made && errno != EEXIST)
		return unpack_failed(u, "cannot create", e);
	/* The common case needs no fd of it. */
	if (made && u->r->pax_len == 0 && !(u->r->entry.mode & 07000) &&
	    !(u->dir_st.st_mode & S_ISGID))
		return unpack_node_meta(u, e);
	fd = openat(u->dir, u->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return unpack_failed(u, "cannot open", e);
	return unpack_dir_meta(u, fd, made, e);
}

static int unpack_symlink(struct unpack *u, struct err *e)
{
	const char *target = u->r->entry.link;
	int r = symlinkat(target, u->dir, u->name);

	if (r < 0 && errno == EEXIST) {
		r = unpack_clear(u, e);
		if (r < 0)
			return r;
		r = symlinkat(target, u->dir, u->name);
	}
	return r < 0 ? unpack_failed(u, "cannot create", e) : unpack_node_meta(u, e);
}

static bool unpack_same_file(int dir_a, const char *a, int dir_b, const char *b)
{
	struct stat st_a, st_b;

	return fstatat(dir_a, a, &st_a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(dir_b, b, &st_b, AT_SYMLINK_NOFOLLOW) == 0 && st_a.st_ino == st_b.st_ino &&
	       st_a.st_dev == st_b.st_dev;
}

/* The target is found as any name is: beneath the root, the link at its end not followed. */
static int unpack_hardlink(struct unpack *u, struct err *e)
{
	char target[PATH_MAX], name[NAME_MAX + 1];
	AUTO_FD int dir = -1;
	int r;

	if (unpack_clean(u->r->entry.link, target) <= 0)
		return unpack_bad(u, EINVAL, "hard link to a name outside", e);
	dir = path_open_parent(u->root, target, false, name, sizeof(name));
	if (dir < 0) {
		errno = -dir;
		return unpack_failed(u, "cannot find what it is a hard link to", e);
	}
	r = linkat(dir, name, u->dir, u->name, 0);
	if (r < 0 && errno == EEXIST) {
		if (unpack_same_file(dir, name, u->dir, u->name))
			return 0;
		r = unpack_clear(u, e);
		if (r < 0)
			return r;
		r = linkat(dir, name, u->dir, u->name, 0);
	}
	return r < 0 ? unpack_failed(u, "cannot make the hard link", e) : 0;
}

static int unpack_node(struct unpack *u, struct err *e)
{
	const struct tar_entry *t = &u->r->entry;
	mode_t kind = t->type == TAR_FIFO ? S_IFIFO : t->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
	dev_t dev = makedev(t->major, t->minor);
	int r;

	/* Character device 0:0 is how overlay marks a removed file. */
	if (kind == S_IFCHR && dev == 0)
		return 0;
	r = mknodat(u->dir, u->name, kind | (t->mode & 0777), dev);
	if (r < 0 && errno == EEXIST) {
		r = unpack_clear(u, e);
		if (r < 0)
			return r;
		r = mknodat(u->dir, u->name, kind | (t->mode & 0777), dev);
	}
	if (r < 0 && kind != S_IFIFO && errno == EPERM) {
		u->report->devices++;
		return 0;
	}
	return r < 0 ? unpack_failed(u, "cannot create", e) : unpack_node_meta(u, e);
}

static int unpack_root_itself(struct unpack *u, struct err *e)
{
	int r;

	if (u->r->entry.type != TAR_DIR)
		return unpack_bad(u, EINVAL, "not a folder, but named as the root", e);
	r = unpack_enter_existing(u, "", 0);
	if (r == 0)
		r = unpack_dir_meta(u, u->dir, false, e);
	/* What it says is what the root has from now on. */
	if (r == 0 && fstat(u->dir, &u->dir_st) < 0)
		r = unpack_failed(u, "cannot look at", e);
	return r;
}

static int unpack_by_type(struct unpack *u, struct err *e)
{
	switch (u->r->entry.type) {
	case TAR_FILE:
		return unpack_file(u, e);
	case TAR_DIR:
		return unpack_dir(u, e);
	case TAR_SYMLINK:
		return unpack_symlink(u, e);
	case TAR_HARDLINK:
		return unpack_hardlink(u, e);
	default:
		return unpack_node(u, e);
	}
}

static int unpack_entry(struct unpack *u, struct err *e)
{
	int depth = unpack_clean(u->r->entry.path, u->path);
	const char *slash;
	int r;

	if (u->left.own) {
		u->r->entry.uid = u->left.uid;
		u->r->entry.gid = u->left.gid;
	}
	if (depth < 0)
		return unpack_bad(u, EINVAL, "names with '..' are refused", e);
	if ((unsigned int)depth > u->left.depth)
		return unpack_bad(u, ELOOP, "deeper than IMAGE_TAR_MAX_DEPTH allows", e);
	if (u->left.entries-- == 0)
		return unpack_bad(u, E2BIG, "more entries than IMAGE_TAR_MAX_ENTRIES allows", e);
	if (depth == 0)
		return unpack_root_itself(u, e);
	/* What aufs kept for itself, in the layers of old programs. */
	if (u->layer && strncmp(u->path, ".wh..wh.", 8) == 0 && strcmp(u->path + 8, ".opq") != 0)
		return 0;
	slash = strrchr(u->path, '/');
	u->name = slash ? slash + 1 : u->path;
	if (strncmp(u->name, ".wh.", 4) == 0)
		return u->layer ? layer_whiteout(u, e) : 0;
	if (u->layer && layer_note(u->layer, u->path) < 0)
		return unpack_bad(u, ENOMEM, "out of memory for the names of its layer", e);
	r = unpack_enter(u, u->path, slash ? (size_t)(slash - u->path) : 0);
	if (r < 0) {
		errno = -r;
		return unpack_failed(u, "cannot open its folder", e);
	}
	return unpack_by_type(u, e);
}

static int unpack_all(struct unpack *u, struct err *e)
{
	mode_t mask = umask(0);
	int r;

	while ((r = tar_next(u->r, e)) > 0) {
		r = unpack_entry(u, e);
		if (r < 0)
			break;
	}
	unpack_leave(u);
	umask(mask);
	return r;
}

/* The whole of in; limits are counted down. */
static int unpack_stream(struct stream *in, int root, struct layer *layer,
			 struct tar_limits *limits, struct tar_report *report, struct err *e)
{
	struct tar_reader *reader = tar_open(in, e);
	struct unpack *u;
	int r;

	if (!reader)
		return -ENOMEM;
	u = calloc(1, sizeof(*u));
	if (!u) {
		tar_close(reader);
		return err_set(e, ENOMEM, "tar: out of memory");
	}
	u->r = reader;
	u->root = root;
	u->dir = -1;
	u->uid = geteuid();
	u->gid = getegid();
	u->super = u->uid == 0;
	u->left = *limits;
	u->report = report;
	u->layer = layer;
	r = unpack_all(u, e);
	*limits = u->left;
	free(u);
	tar_close(reader);
	return r;
}

int tar_unpack(struct stream *in, int root, const struct tar_limits *limits,
	       struct tar_report *report, struct err *e)
{
	struct tar_limits left = *limits;

	*report = (struct tar_report){ 0 };
	return unpack_stream(in, root, NULL, &left, report, e);
}

int tar_unpack_layer(struct stream *in, int root, struct tar_limits *limits,
		     struct tar_report *report, struct err *e)
{
	struct layer layer = { 0 };
	int r = unpack_stream(in, root, &layer, limits, report, e);

	free(layer.hash);
	return r;
}
