/* SPDX-License-Identifier: MIT */
/*
 * Removing from the store: images, names, trees that were unpacked of them, and what dead writers left. Runs
 * in the CLI. Must never take away a tree that a container runs on.
 *
 * A tree is moved out of trees/ under an exclusive lock of that folder, unless a record says that a container
 * runs on it. A launcher holds a shared lock from before it looks for a tree until its record is written. So
 * either the record is seen here, or the launcher does not find the tree and unpacks it again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "core/store_part.h"

#define DROP_LEFT \
	".left" /* of each tree that was in use when its image was removed, an empty file */
#define DROP_TREES "trees"
#define DROP_BY_FILE "trees/.by-file"

enum { DROP_TRIES = 40, DROP_WAIT_US = 25000 }; /* for the lock of trees/: a second */

/* For each entry of a folder below dir but . and ..; a folder that is not there has none. */
static void drop_each(int dir, const char *path, void (*each)(void *arg, const char *name),
		      void *arg)
{
	AUTO_FD int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d)
		return;
	fd = -1;
	while ((entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			each(arg, entry->d_name);
}

static int drop_sync(const struct store *s, const char *path)
{
	AUTO_FD int fd = openat(s->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* ---- trees ------------------------------------------------------------------------------------ */

struct drop_runs {
	const char *id;
	bool found;
};

static void drop_runs_one(void *arg, const char *name)
{
	struct drop_runs *runs = arg;
	struct spec *spec = NULL;
	int r;

	if (runs->found || !path_is_name(name))
		return;
	r = spec_load_running(name, &spec, NULL);
	/* One that cannot be read, as it is just being written, may be anything: it counts. */
	runs->found = r < 0 ? r != -ENOENT
			    : spec->image_id && strcmp(spec->image_id, runs->id) == 0;
	spec_free(spec);
}

bool store_runs(const char *id)
{
	struct drop_runs runs = { .id = id };
	AUTO_FD int run = open(paths.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	drop_each(run, "specs", drop_runs_one, &runs);
	return runs.found;
}

static void drop_tree_size(void *arg, const char *name);

struct drop_size {
	int dir;
	uint64_t bytes;
	unsigned int depth;
};

static void drop_size_of(struct drop_size *size, int dir, const char *name)
{
	struct drop_size below = { .depth = size->depth + 1 };
	AUTO_FD int fd = -1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	size->bytes += (uint64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode) || below.depth > 64) /* what is deeper is not worth its fds */
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	below.dir = fd;
	if (fd >= 0)
		drop_each(fd, ".", drop_tree_size, &below);
	size->bytes += below.bytes;
}

static void drop_tree_size(void *arg, const char *name)
{
	struct drop_size *size = arg;

	drop_size_of(size, size->dir, name);
}

/* Ends the removal of a tree that was moved aside: back when a container runs on it, else away. */
static int drop_gone(const struct store *s, const char *id, uint64_t *bytes)
{
	char gone[STORE_ENTRY], tree[STORE_ENTRY];
	struct drop_size size = { .dir = s->dir };

	str_format(gone, sizeof(gone), STORE_GONE "%s", id);
	str_format(tree, sizeof(tree), DROP_TREES "/%s", id);
	if (store_runs(id)) {
		renameat(s->dir, gone, s->dir, tree);
		return -EBUSY;
	}
	if (bytes) {
		drop_size_of(&size, s->dir, gone);
		*bytes += size.bytes;
	}
	return path_remove(s->dir, gone);
}

/*
 * The exclusive lock of trees/, an fd. Not waited for long: who holds it may be unpacking something large, or wait
 * for a lock that we have.
 */
static int drop_lock_trees(const struct store *s)
{
	AUTO_FD int fd = openat(s->dir, DROP_TREES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EINTR && (errno != EWOULDBLOCK || i == DROP_TRIES))
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
		usleep(DROP_WAIT_US);
	}
	return fd_take(&fd);
}

/* Moves the tree of an image aside. 0 when it was there, -ENOENT, -EBUSY when it is in use. */
static int drop_tree_aside(const struct store *s, const char *id)
{
	char gone[STORE_ENTRY], tree[STORE_ENTRY];
	AUTO_FD int lock = drop_lock_trees(s);
	struct stat st;

	str_format(gone, sizeof(gone), STORE_GONE "%s", id);
	str_format(tree, sizeof(tree), DROP_TREES "/%s", id);
	if (lock < 0)
		return lock;
	if (fstatat(s->dir, tree, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (store_runs(id))
		return -EBUSY;
	if (renameat(s->dir, tree, s->dir, gone) < 0)
		return errno == EEXIST || errno == ENOTEMPTY ? -EBUSY : -errno;
	drop_sync(s, DROP_TREES);
	drop_sync(s, ".");
	return 0;
}

/* A remembered file whose tree is gone. */
static void drop_link(void *arg, const char *name)
{
	const struct store *s = arg;
	char path[256];
	struct stat st;

	str_format(path, sizeof(path), DROP_BY_FILE "/%s", name);
	if (fstatat(s->dir, path, &st, 0) < 0 && errno == ENOENT)
		unlinkat(s->dir, path, 0);
}

struct drop_trees {
	struct store *store;
	uint64_t bytes;
	unsigned int n;
};

static void drop_tree_one(void *arg, const char *name)
{
	struct drop_trees *d = arg;
	struct store_item image;

	if (!store_is_id(name) || store_image(d->store, name, &image) == 0)
		return;
	if (drop_tree_aside(d->store, name) == 0 && drop_gone(d->store, name, &d->bytes) == 0)
		d->n++;
}

void store_prune_trees(struct store *s, uint64_t *bytes, unsigned int *n)
{
	struct drop_trees d = { .store = s };

	drop_each(s->dir, DROP_TREES, drop_tree_one, &d);
	drop_each(s->dir, DROP_BY_FILE, drop_link, s);
	*bytes += d.bytes;
	*n += d.n;
}

/* ---- trees that were in use when their image went ------------------------------------------------- */

static void drop_leave(const struct store *s, const char *id)
{
	char path[STORE_ENTRY];
	AUTO_FD int fd = -1;

	mkdirat(s->dir, DROP_LEFT, 0700);
	str_format(path, sizeof(path), DROP_LEFT "/%s", id);
	fd = openat(s->dir, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static void drop_left_one(void *arg, const char *name)
{
	struct store *s = arg;
	struct store_item image;
	char path[STORE_ENTRY];
	int r = store_is_id(name) ? 0 : -EINVAL;

	/* It may have been loaded again. */
	if (r == 0 && store_image(s, name, &image) < 0)
		r = drop_tree_aside(s, name);
	if (r == 0 && store_image(s, name, &image) < 0)
		drop_gone(s, name, NULL);
	str_format(path, sizeof(path), DROP_LEFT "/%.64s", name);
	if (r != -EBUSY)
		unlinkat(s->dir, path, 0);
}

static void drop_left(struct store *s)
{
	drop_each(s->dir, DROP_LEFT, drop_left_one, s);
	unlinkat(s->dir, DROP_LEFT, AT_REMOVEDIR);
}

bool store_has_left(void)
{
	char path[PATHS_MAX];

	return paths_join(path, paths.data, "images", DROP_LEFT) == 0 && access(path, F_OK) == 0;
}

/* ---- images and names ------------------------------------------------------------------------- */

/* Drops the names of an image that is gone (id), or of any that is not there (NULL). */
static void drop_names(struct store *s, const char *id)
{
	uint8_t buf[RECORD_COPY];
	struct store_item item, image;

	for (uint32_t i = 0; i < record_slots(&s->index); i++) {
		if (record_get(&s->index, i, buf) < 0 || !store_decode(&item, buf) ||
		    item.kind != STORE_TAG)
			continue;
		if (id ? strcmp(item.id, id) == 0 : store_image(s, item.id, &image) < 0)
			record_drop(&s->index, i, item.name);
	}
}

static void drop_files(const struct store *s, const char *id)
{
	char name[STORE_ENTRY];

	str_format(name, sizeof(name), STORE_FILES "/%s", id);
	unlinkat(s->dir, name, 0);
	str_format(name, sizeof(name), STORE_FILES "/%s" STORE_CONF, id);
	unlinkat(s->dir, name, 0);
	str_format(name, sizeof(name), STORE_FILES "/%s" STORE_SIG, id);
	unlinkat(s->dir, name, 0);
}

int store_remove(struct store *s, const char *id, bool unnamed, struct err *e)
{
	int aside = -EBUSY, r = record_lock(&s->index);

	if (r < 0)
		return err_sys(e, r, "%s: cannot lock", s->index.path);
	r = unnamed && store_is_named(s, id) ? -EBUSY : 0;
	if (r == 0) {
		aside = drop_tree_aside(s, id);
		r = store_drop(s, STORE_IMAGE, id);
	}
	if (r == 0) {
		drop_names(s, id);
		drop_files(s, id);
	}
	record_unlock(&s->index);
	/* What may take long is done without the lock. */
	if (aside == 0)
		drop_gone(s, id, NULL);
	else if (aside == -EBUSY && r == 0)
		drop_leave(s, id);
	drop_each(s->dir, DROP_BY_FILE, drop_link, s);
	return r < 0 ? err_sys(e, r, "%.12s: cannot remove the image", id) : 0;
}

int store_untag(struct store *s, const char *name, struct err *e)
{
	int r = record_lock(&s->index);

	if (r == 0)
		r = store_drop(s, STORE_TAG, name);
	record_unlock(&s->index);
	return r < 0 ? err_sys(e, r, "%s: cannot take the name away", name) : 0;
}

/* ---- what dead writers left ------------------------------------------------------------------- */

struct collect {
	struct store *store;
	bool damaged; /* a record cannot be read: its file must not be taken for a leftover */
};

/* An image whose loading did not end: it counts if it has got its name. */
static void collect_record(struct collect *c, uint32_t slot)
{
	struct store *s = c->store;
	uint8_t buf[RECORD_COPY];
	struct store_item item;
	int r = record_get(&s->index, slot, buf);

	c->damaged = c->damaged || r == -EILSEQ || r == -EIO;
	if (r < 0 || !store_decode(&item, buf) || item.kind != STORE_IMAGE)
		return;
	if (!item.size || (item.flags & STORE_LOADING && !store_is_named(s, item.id))) {
		record_drop(&s->index, slot, item.id);
	} else if (item.flags & STORE_LOADING) {
		item.flags &= ~(uint32_t)STORE_LOADING;
		store_put(s, &item, NULL);
	}
}

static void collect_file(void *arg, const char *name)
{
	struct collect *c = arg;
	struct store_item image;
	char id[STORE_ID], path[STORE_ENTRY + 256];
	const char *rest = name + strnlen(name, 64);

	str_copy(id, sizeof(id), name);
	if (store_is_id(id) &&
	    (!*rest || strcmp(rest, STORE_CONF) == 0 || strcmp(rest, STORE_SIG) == 0) &&
	    store_image(c->store, id, &image) == 0)
		return;
	str_format(path, sizeof(path), STORE_FILES "/%s", name);
	unlinkat(c->store->dir, path, 0);
}

/* Its maker is dead when its lock can be had. */
static void collect_new(const struct store *s, const char *name)
{
	AUTO_FD int fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		path_remove(s->dir, name);
}

static void collect_top(void *arg, const char *name)
{
	struct store *s = arg;

	if (strncmp(name, STORE_NEW, strlen(STORE_NEW)) == 0)
		collect_new(s, name);
	if (strncmp(name, STORE_GONE, strlen(STORE_GONE)) == 0 &&
	    store_is_id(name + strlen(STORE_GONE)))
		drop_gone(s, name + strlen(STORE_GONE), NULL);
}

void store_collect(struct store *s)
{
	struct collect c = { .store = s };

	if (record_lock(&s->index) < 0)
		return;
	for (uint32_t i = 0; i < record_slots(&s->index); i++)
		collect_record(&c, i);
	drop_names(s, NULL);
	if (!c.damaged)
		drop_each(s->dir, STORE_FILES, collect_file, &c);
	record_unlock(&s->index);
	drop_each(s->dir, ".", collect_top, s);
	drop_left(s);
}
