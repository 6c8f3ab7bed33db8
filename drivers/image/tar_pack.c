/* SPDX-License-Identifier: MIT */
/*
 * Writes a folder as a tar archive: the root first, then everything in the order of its names, each
 * folder before what is in it. Runs in the CLI over the tree of an image. Must never follow a link or
 * open what is not a plain file or folder. One folder is open at a time, however deep the tree.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/arena.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/tar_write.h"

/* Files with more than one name, by what they are: open addressing, room is a power of two. */
struct pack_link {
	dev_t dev;
	ino_t ino;
	const char *path; /* first name, in the arena; NULL for a free place */
};

struct pack {
	struct pack_args *a;
	struct tar_writer w;
	struct tar_entry entry;
	struct tar_records records;
	struct tar_extent *map;
	size_t n_map, map_room;

	char path[PATH_MAX]; /* of the entry; "" is the root */
	size_t len;
	int dir;	     /* the open folder, -1 for none */
	char *names, *value; /* attributes */
	char *keys[128];     /* into names */
	struct err why;	     /* of the writer, which does not know which entry it is */

	struct pack_link *links;
	size_t n_links, links_room;
	struct arena arena;
};

/* The names in one folder, sorted. */
struct pack_names {
	char **v;
	size_t n, room;
	struct arena arena;
};

static int pack_bad(const struct pack *p, int code, const char *what, struct err *e)
{
	char shown[120];

	str_escape(shown, sizeof(shown), p->len ? p->path : ".", p->len ? p->len : 1);
	return err_set(e, code, "%s: '%s': %s", p->a->name, shown, what);
}

static int pack_failed(const struct pack *p, int code, const char *step, struct err *e)
{
	char what[120];

	str_format(what, sizeof(what), "%s: %s", step, err_text(code));
	return pack_bad(p, code < 0 ? -code : code, what, e);
}

/* ---- attributes ---- */

enum { PACK_XATTR_MAX = 64 << 10 };

/* A path of the entry for calls that take no folder fd; fd is the entry itself, or -1. */
static void pack_proc_path(const struct pack *p, int fd, const char *name, char *to, size_t size)
{
	if (fd >= 0)
		str_format(to, size, "/proc/self/fd/%d", fd);
	else
		str_format(to, size, "/proc/self/fd/%d/%s", p->dir, name);
}

static int pack_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int pack_xattr(struct pack *p, int fd, const char *proc, const char *key, struct err *e)
{
	ssize_t n = fd >= 0 ? fgetxattr(fd, key, p->value, PACK_XATTR_MAX)
			    : lgetxattr(proc, key, p->value, PACK_XATTR_MAX);

	if (n < 0)
		return errno == ENODATA ? 0 : pack_failed(p, errno, "cannot read an attribute", e);
	if (tar_record(&p->records, "SCHILY.xattr.", key, p->value, (size_t)n) < 0)
		return pack_failed(p, ENOMEM, "attributes", e);
	return 0;
}

/* Sorted, because file systems list them as they like. */
static int pack_xattrs_sorted(struct pack *p, int fd, const char *proc, size_t len, struct err *e)
{
	char **keys = p->keys;
	size_t n = 0;
	int r = 0;

	for (char *key = p->names; key < p->names + len; key += strlen(key) + 1) {
		if (!tar_xattr_wanted(key))
			continue;
		if (n == ARRAY_SIZE(p->keys))
			return pack_bad(p, E2BIG, "more than 128 extended attributes", e);
		keys[n++] = key;
	}
	qsort(keys, n, sizeof(keys[0]), pack_compare);
	for (size_t i = 0; i < n && r == 0; i++)
		r = pack_xattr(p, fd, proc, keys[i], e);
	return r;
}

static int pack_xattrs(struct pack *p, int fd, const char *name, struct err *e)
{
	char proc[PATH_FD_SIZE + NAME_MAX + 2];
	ssize_t len;

	pack_proc_path(p, fd, name, proc, sizeof(proc));
	len = fd >= 0 ? flistxattr(fd, p->names, PACK_XATTR_MAX)
		      : llistxattr(proc, p->names, PACK_XATTR_MAX);
	if (len < 0 && errno != ENOTSUP)
		return pack_failed(p, errno, "cannot list its attributes", e);
	return len > 0 ? pack_xattrs_sorted(p, fd, proc, (size_t)len, e) : 0;
}

/* ---- hard links ---- */

static struct pack_link *pack_link_place(struct pack_link *links, size_t room, dev_t dev, ino_t ino)
{
	size_t i = (size_t)(((uint64_t)ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15U >> 20);

	for (i &= room - 1; links[i].path; i = (i + 1) & (room - 1))
		if (links[i].dev == dev && links[i].ino == ino)
			break;
	return &links[i];
}

static int pack_links_grow(struct pack *p)
{
	size_t room = p->links_room ? p->links_room * 2 : 256;
	struct pack_link *bigger = calloc(room, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	for (size_t i = 0; i < p->links_room; i++)
		if (p->links[i].path)
			*pack_link_place(bigger, room, p->links[i].dev, p->links[i].ino) =
				p->links[i];
	free(p->links);
	p->links = bigger;
	p->links_room = room;
	return 0;
}

/* The name under which this file is in the archive, or NULL after remembering this one. */
static int pack_link_of(struct pack *p, const struct stat *st, const char **first)
{
	struct pack_link *place;

	*first = NULL;
	if (st->st_nlink < 2)
		return 0;
	if (p->n_links * 2 >= p->links_room && pack_links_grow(p) < 0)
		return -ENOMEM;
	place = pack_link_place(p->links, p->links_room, st->st_dev, st->st_ino);
	*first = place->path;
	if (place->path)
		return 0;
	*place = (struct pack_link){ st->st_dev, st->st_ino,
				     arena_strn(&p->arena, p->path, p->len) };
	p->n_links++;
	return place->path ? 0 : -ENOMEM;
}

/* ---- entries ---- */

static void pack_entry_of(struct pack *p, const struct stat *st, enum tar_type type)
{
	struct tar_entry *t = &p->entry;

	t->type = type;
	memcpy(t->path, p->len ? p->path : ".", p->len ? p->len + 1 : 2);
	if (type == TAR_DIR) {
		size_t len = strlen(t->path);

		memcpy(t->path + len, "/", 2);
	}
	t->link[0] = '\0';
	t->mode = st->st_mode & 07777;
	t->uid = (uint32_t)st->st_uid;
	t->gid = (uint32_t)st->st_gid;
	t->mtime = st->st_mtim.tv_sec;
	t->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	if (t->mtime >= p->a->newest) {
		t->mtime = p->a->newest;
		t->mtime_ns = 0;
	}
	t->major = t->minor = 0;
	if (type == TAR_CHAR || type == TAR_BLOCK_DEVICE) {
		t->major = major(st->st_rdev);
		t->minor = minor(st->st_rdev);
	}
}

static int pack_header(struct pack *p, uint64_t size)
{
	p->a->entries++;
	return tar_put_header(&p->w, &p->entry, size, &p->records, &p->why);
}

/* The data areas of a file with holes, by the file system; false when it has none. */
static int pack_find_holes(struct pack *p, int fd, uint64_t size)
{
	off_t hole = 0;

	p->n_map = 0;
	for (off_t data = lseek(fd, 0, SEEK_DATA); data >= 0 && (uint64_t)data < size;
	     data = lseek(fd, hole, SEEK_DATA)) {
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole <= data)
			return -EIO;
		if (p->n_map == p->map_room) {
			size_t room = p->map_room ? p->map_room * 2 : 32;
			struct tar_extent *bigger = realloc(p->map, room * sizeof(*bigger));

			if (!bigger)
				return -ENOMEM;
			p->map = bigger;
			p->map_room = room;
		}
		p->map[p->n_map++] =
			(struct tar_extent){ (uint64_t)data,
					     min_u64((uint64_t)hole, size) - (uint64_t)data };
		/* Too many for readers with a limit like ours: it is written whole. */
		if (p->n_map == TAR_EXTENTS_MAX)
			return 0;
	}
	return p->n_map != 1 || p->map[0].len != size;
}

/* The map as it comes before the data in format 1.0; malloc'd, padded to blocks. */
static char *pack_map_text(const struct pack *p, uint64_t size, size_t *len)
{
	size_t room = 2 * TAR_BLOCK + (p->n_map + 1) * 2 * (STR_NUMBER + 1);
	char *text = calloc(1, room);

	if (!text)
		return NULL;
	/* An area of no bytes at the end says where the end is, as GNU tar writes it. */
	*len = str_number(text, p->n_map + 1);
	text[(*len)++] = '\n';
	for (size_t i = 0; i <= p->n_map; i++) {
		struct tar_extent end = { size, 0 };
		const struct tar_extent *x = i < p->n_map ? &p->map[i] : &end;

		*len += str_number(text + *len, x->offset);
		text[(*len)++] = '\n';
		*len += str_number(text + *len, x->len);
		text[(*len)++] = '\n';
	}
	*len += -*len % TAR_BLOCK;
	return text;
}

static int pack_sparse_records(struct pack *p, uint64_t size)
{
	char number[STR_NUMBER];
	int r = tar_record(&p->records, "", "GNU.sparse.major", "1", 1);

	if (r == 0)
		r = tar_record(&p->records, "", "GNU.sparse.minor", "0", 1);
	if (r == 0)
		r = tar_record(&p->records, "", "GNU.sparse.name", p->path, p->len);
	if (r == 0)
		r = tar_record(&p->records, "", "GNU.sparse.realsize", number,
			       str_number(number, size));
	return r;
}

static int pack_sparse(struct pack *p, int fd, uint64_t size, struct err *e)
{
	AUTO_FREE char *text = NULL;
	uint64_t stored = 0;
	size_t len = 0;
	int r;

	text = pack_map_text(p, size, &len);
	if (!text || pack_sparse_records(p, size) < 0)
		return pack_failed(p, ENOMEM, "holes", e);
	for (size_t i = 0; i < p->n_map; i++)
		stored += p->map[i].len;
	r = pack_header(p, len + stored);
	if (r == 0)
		r = tar_put(&p->w, text, len, &p->why);
	for (size_t i = 0; i < p->n_map && r == 0; i++) {
		if (lseek(fd, (off_t)p->map[i].offset, SEEK_SET) < 0)
			return pack_failed(p, errno, "cannot seek", e);
		r = tar_put_bytes(&p->w, fd, p->map[i].len, &p->why);
	}
	return r < 0 ? r : tar_put_padding(&p->w, stored, &p->why);
}

static int pack_content(struct pack *p, int fd, const struct stat *st, struct err *e)
{
	uint64_t size = (uint64_t)st->st_size;
	int r = 0;

	p->a->bytes += size;
	if (p->a->sparse && size && (uint64_t)st->st_blocks * 512 < size)
		r = pack_find_holes(p, fd, size);
	if (r < 0)
		return pack_failed(p, r, "cannot find its holes", e);
	if (r > 0)
		return pack_sparse(p, fd, size, e);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return pack_failed(p, errno, "cannot seek", e);
	r = pack_header(p, size);
	if (r == 0)
		r = tar_put_bytes(&p->w, fd, size, &p->why);
	return r < 0 ? r : tar_put_padding(&p->w, size, &p->why);
}

static int pack_file(struct pack *p, const char *name, const struct stat *seen, struct err *e)
{
	AUTO_FD int fd = openat(p->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return pack_failed(p, errno, "cannot open", e);
	if (fstat(fd, &st) < 0 || st.st_ino != seen->st_ino || !S_ISREG(st.st_mode))
		return pack_bad(p, ESTALE, "was replaced while it was read", e);
	pack_entry_of(p, &st, TAR_FILE);
	r = pack_xattrs(p, fd, name, e);
	return r < 0 ? r : pack_content(p, fd, &st, e);
}

static int pack_symlink(struct pack *p, const char *name, struct err *e)
{
	ssize_t n = readlinkat(p->dir, name, p->entry.link, sizeof(p->entry.link) - 1);

	if (n < 0)
		return pack_failed(p, errno, "cannot read the link", e);
	p->entry.link[n] = '\0';
	return pack_header(p, 0);
}

static int pack_node(struct pack *p, const char *name, const struct stat *st, struct err *e)
{
	static const struct {
		mode_t mode;
		enum tar_type type;
	} types[] = {
		{ S_IFLNK, TAR_SYMLINK },
		{ S_IFCHR, TAR_CHAR },
		{ S_IFBLK, TAR_BLOCK_DEVICE },
		{ S_IFIFO, TAR_FIFO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int r;

		if ((st->st_mode & S_IFMT) != types[i].mode)
			continue;
		pack_entry_of(p, st, types[i].type);
		r = pack_xattrs(p, -1, name, e);
		if (r < 0)
			return r;
		return types[i].type == TAR_SYMLINK ? pack_symlink(p, name, e) : pack_header(p, 0);
	}
	/* A socket: nobody listens on it any more. */
	return 0;
}

/* All that is not a folder. */
static int pack_leaf(struct pack *p, const char *name, const struct stat *st, struct err *e)
{
	const char *first;

	if (S_ISSOCK(st->st_mode))
		return 0;
	if (pack_link_of(p, st, &first) < 0)
		return pack_failed(p, ENOMEM, "hard links", e);
	if (first) {
		pack_entry_of(p, st, TAR_HARDLINK);
		memcpy(p->entry.link, first, strlen(first) + 1);
		return pack_header(p, 0);
	}
	return S_ISREG(st->st_mode) ? pack_file(p, name, st, e) : pack_node(p, name, st, e);
}

/* ---- the walk ---- */

static int pack_open_dir(struct pack *p, struct err *e)
{
	if (p->dir >= 0)
		return 0;
	p->dir = path_open_beneath(p->a->root, p->len ? p->path : ".",
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return p->dir < 0 ? pack_failed(p, p->dir, "cannot open", e) : 0;
}

static int pack_names_add(struct pack_names *l, const char *name)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 32;
		char **bigger = realloc(l->v, room * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		l->v = bigger;
		l->room = room;
	}
	l->v[l->n] = arena_str(&l->arena, name);
	return l->v[l->n++] ? 0 : -ENOMEM;
}

static int pack_names_read(struct pack *p, struct pack_names *l, struct err *e)
{
	int copy = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d) {
		r = errno;
		fd_close(&copy);
		return pack_failed(p, r, "cannot read", e);
	}
	while (r == 0) {
		errno = 0;
		entry = readdir(d);
		if (!entry) {
			r = -errno;
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = pack_names_add(l, entry->d_name);
	}
	if (r < 0)
		return pack_failed(p, r, "cannot read", e);
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), pack_compare);
	return 0;
}

static int pack_tree(struct pack *p, struct err *e);

/* The entry name of the open folder. After a folder in it, ours has to be opened again. */
static int pack_one(struct pack *p, const char *name, struct err *e)
{
	size_t len = strlen(name), before = p->len;
	struct stat st;
	int r = pack_open_dir(p, e);

	if (r < 0)
		return r;
	if (before + len + 3 > sizeof(p->path))
		return pack_bad(p, ENAMETOOLONG, "holds a path longer than 4093 bytes", e);
	if (before)
		p->path[p->len++] = '/';
	memcpy(p->path + p->len, name, len + 1);
	p->len += len;
	if (fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		r = pack_failed(p, errno, "cannot look at", e);
	} else if (S_ISDIR(st.st_mode)) {
		fd_close(&p->dir);
		r = pack_tree(p, e);
		fd_close(&p->dir);
	} else {
		r = pack_leaf(p, name, &st, e);
	}
	/* On failure the path stays, for the message. */
	if (r < 0)
		return r;
	p->len = before;
	p->path[before] = '\0';
	return 0;
}

static void pack_names_free(struct pack_names *l)
{
	arena_free(&l->arena);
	free(l->v);
}

/* The folder p->path and what is in it. */
static int pack_tree(struct pack *p, struct err *e)
{
	CLEANUP(pack_names_free) struct pack_names names = { 0 };
	struct stat st;
	int r = pack_open_dir(p, e);

	if (r < 0)
		return r;
	if (fstat(p->dir, &st) < 0)
		return pack_failed(p, errno, "cannot look at", e);
	pack_entry_of(p, &st, TAR_DIR);
	r = pack_xattrs(p, p->dir, "", e);
	if (r == 0)
		r = pack_header(p, 0);
	if (r == 0)
		r = pack_names_read(p, &names, e);
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = pack_one(p, names.v[i], e);
	return r;
}

static void pack_free(struct pack *p)
{
	fd_close(&p->dir);
	free(p->records.text);
	free(p->map);
	free(p->names);
	free(p->value);
	free(p->links);
	arena_free(&p->arena);
	free(p);
}

int tar_pack(struct pack_args *a, int out, struct err *e)
{
	struct pack *p = calloc(1, sizeof(*p));
	int r;

	a->entries = a->bytes = 0;
	if (!p)
		return err_sys(e, ENOMEM, "%s", a->name);
	p->a = a;
	p->w.fd = out;
	p->dir = -1;
	p->names = malloc(PACK_XATTR_MAX);
	p->value = malloc(PACK_XATTR_MAX);
	r = p->names && p->value ? pack_tree(p, e) : err_sys(e, ENOMEM, "%s", a->name);
	if (r == 0)
		r = tar_put_end(&p->w, &p->why);
	if (r < 0 && p->why.code)
		r = pack_bad(p, p->why.code, p->why.msg, e);
	pack_free(p);
	return r;
}

DRIVER(pack, tar) = {
	.name = "tar",
	.about = "tar archives of folders, the same bytes for the same content",
	.suffix = ".tar",
	.write = tar_pack,
};
