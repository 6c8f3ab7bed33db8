/* SPDX-License-Identifier: MIT */
/*
 * Layers: archives over what older ones have left, with whiteouts that take some of it away. See tar.h.
 * Runs where images of others are loaded, on archives nobody vouches for; must never remove anything outside
 * of the root, nor what the same layer has brought, in whatever order it comes. Source: OCI image-spec,
 * layer.md, "Whiteouts".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/arena.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/tar_unpack.h"

/* ---- the paths of this layer ---- */

/* FNV-1a. Whoever makes two paths collide only keeps a file of an older layer. */
static uint64_t layer_hash(const char *path, size_t len)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)path[i]) * 0x100000001b3U;
	return h ? h : 1;
}

static uint64_t *layer_place(uint64_t *hash, size_t room, uint64_t h)
{
	size_t i = (size_t)(h ^ h >> 32) & (room - 1);

	while (hash[i] && hash[i] != h)
		i = (i + 1) & (room - 1);
	return &hash[i];
}

static int layer_grow(struct layer *l)
{
	size_t room = l->room ? l->room * 2 : 1024;
	uint64_t *bigger = calloc(room, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	for (size_t i = 0; i < l->room; i++)
		if (l->hash[i])
			*layer_place(bigger, room, l->hash[i]) = l->hash[i];
	free(l->hash);
	l->hash = bigger;
	l->room = room;
	return 0;
}

int layer_note(struct layer *l, const char *path)
{
	size_t len = strlen(path);

	while (len) {
		uint64_t h = layer_hash(path, len), *place;

		if (l->n * 2 >= l->room && layer_grow(l) < 0)
			return -ENOMEM;
		place = layer_place(l->hash, l->room, h);
		/* The folders it is in were noted with it. */
		if (*place)
			return 0;
		*place = h;
		l->n++;
		while (len && path[--len] != '/')
			;
	}
	return 0;
}

static bool layer_has(const struct layer *l, const char *path, size_t len)
{
	return l->room && *layer_place(l->hash, l->room, layer_hash(path, len));
}

/* ---- whiteouts ---- */

struct layer_names {
	struct layer_name {
		struct layer_name *next;
		char text[];
	} * first;
	struct arena arena;
};

static void layer_names_free(struct layer_names *l)
{
	arena_free(&l->arena);
}

static int layer_names_read(struct layer_names *l, int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r;

	if (!d) {
		r = -errno;
		fd_close(&copy);
		return r;
	}
	while (errno = 0, (entry = readdir(d))) {
		size_t len = strlen(entry->d_name) + 1;
		struct layer_name *name;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name = arena_alloc(&l->arena, sizeof(*name) + len);
		if (!name)
			return -ENOMEM;
		memcpy(name->text, entry->d_name, len);
		name->next = l->first;
		l->first = name;
	}
	return -errno;
}

/* Appends a name; the old length, or 0 when it gets too long (so it is not one of the layer's). */
static size_t layer_append(char path[PATH_MAX], const char *name)
{
	size_t len = strlen(path), more = strlen(name);

	if (len + 1 + more >= PATH_MAX)
		return 0;
	if (len)
		path[len++] = '/';
	memcpy(path + len, name, more + 1);
	return len + more;
}

/* Removes from the open folder what this layer has not brought. */
static int layer_hide_here(struct unpack *u, int dir, const struct layer_names *names,
			   char path[PATH_MAX])
{
	size_t len = strlen(path);
	int r = 0;

	for (const struct layer_name *n = names->first; n && r == 0; n = n->next) {
		size_t whole = layer_append(path, n->text);

		if (whole == 0 || !layer_has(u->layer, path, whole))
			r = path_remove(dir, n->text);
		path[len] = '\0';
	}
	return r;
}

/*
 * Removes from the folder path what older layers have put there. The fd is closed before going deeper, so that
 * a deep tree needs no more of them.
 */
static int layer_hide(struct unpack *u, char path[PATH_MAX])
{
	CLEANUP(layer_names_free) struct layer_names names = { 0 };
	AUTO_FD int dir = path_open_beneath(u->root, *path ? path : ".",
					    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	size_t len = strlen(path);
	int r;

	/* Gone, or no folder: nothing is in it. */
	if (dir == -ENOENT || dir == -ENOTDIR || dir == -ELOOP)
		return 0;
	r = dir < 0 ? dir : layer_names_read(&names, dir);
	if (r == 0)
		r = layer_hide_here(u, dir, &names, path);
	fd_close(&dir);
	for (const struct layer_name *n = names.first; n && r == 0; n = n->next) {
		size_t whole = layer_append(path, n->text);

		if (whole && layer_has(u->layer, path, whole))
			r = layer_hide(u, path);
		path[len] = '\0';
	}
	return r;
}

static int layer_remove(struct unpack *u, const char *name)
{
	char path[PATH_MAX];
	size_t whole;

	memcpy(path, u->path, (size_t)(u->name - u->path));
	path[u->name > u->path ? u->name - u->path - 1 : 0] = '\0';
	whole = layer_append(path, name);
	if (whole && layer_has(u->layer, path, whole))
		return layer_hide(u, path);
	return path_remove(u->dir, name);
}

static int layer_opaque(struct unpack *u)
{
	char path[PATH_MAX];
	size_t len = u->name > u->path ? (size_t)(u->name - u->path) - 1 : 0;

	memcpy(path, u->path, len);
	path[len] = '\0';
	return layer_hide(u, path);
}

int layer_whiteout(struct unpack *u, struct err *e)
{
	const char *name = u->name + 4;
	int r;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return unpack_bad(u, EINVAL, "whiteout of a folder by itself", e);
	r = unpack_enter_existing(u, u->path,
				  u->name > u->path ? (size_t)(u->name - u->path) - 1 : 0);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == 0 && strcmp(name, ".wh..opq") == 0)
		r = layer_opaque(u);
	else if (r == 0 && strncmp(name, ".wh.", 4) != 0)
		r = layer_remove(u, name);
	if (r == 0)
		return 0;
	errno = -r;
	return unpack_failed(u, "cannot remove what it hides", e);
}
