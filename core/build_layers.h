/* SPDX-License-Identifier: MIT */
/*
 * The file systems of a build: every step that changes files leaves one layer, and a tree is some
 * layers over each other, mounted by overlayfs. Layers are kept and named by what made them, so that a
 * step that was done before is not done again.
 *
 *	DATA/build/l/KEY/       a layer: an overlay upper folder, on the device before it has this name
 *	DATA/build/i/KEY        a link whose text is the id of the image that was made of the tree KEY
 *	DATA/build/w-RANDOM/    of one build that runs; locked with flock(2) while it lives
 *
 * Mounts live in a mount namespace of the building process alone: they end with it, however it ends.
 */
#ifndef CORE_BUILD_LAYERS_H
#define CORE_BUILD_LAYERS_H

#include <stdbool.h>

#include "core/image.h"
#include "core/lib/err.h"
#include "core/lib/hash.h"
#include "core/lib/str.h"
#include "core/paths.h"

#define BUILD_KEY 25 /* 24 hex digits and a NUL: 96 bits of a SHA-256 */
#define BUILD_LAYERS_MAX 120

struct build_layers {
	int dir;	      /* DATA/build */
	int home;	      /* the working folder of the process */
	int work;	      /* this build's folder, locked */
	char name[24];	      /* of it, below dir */
	char path[PATHS_MAX]; /* of dir */
	unsigned int n_bases;
};

/* A stack of layers, the lowest first, and the key of the whole. Lives in the caller's arena. */
struct build_tree {
	struct strv lower; /* paths below DATA/build */
	char key[BUILD_KEY];
};

/*
 * Gives the process a mount namespace of its own. Before anything is opened that will be mounted from: the
 * kernel refuses mounts of another namespace.
 */
int build_layers_enter(struct err *e);

/* Opens the folder and collects what dead builds left. */
int build_layers_open(struct build_layers *l, struct err *e);

/* Unmounts and removes what this build has not kept. */
void build_layers_close(struct build_layers *l);

/* Attaches an open image, which it closes, read-only as the only layer of *t. */
int build_layers_from(struct build_layers *l, struct arena *a, struct image *img,
		      struct build_tree *t, struct err *e);

/* The empty tree of FROM scratch. */
int build_layers_scratch(struct build_layers *l, struct arena *a, struct build_tree *t,
			 struct err *e);

/* A tree of its own that begins as another one is now. */
int build_layers_copy(struct arena *a, struct build_tree *to, const struct build_tree *from,
		      struct err *e);

/* The key that follows from key and what h was fed with since build_layers_key_begin(). */
void build_layers_key_begin(struct hash_sha256 *h, const char *key);
void build_layers_key_add(struct hash_sha256 *h, const char *text);
void build_layers_key_end(struct hash_sha256 *h, char key[BUILD_KEY]);

/* Is the layer of this key kept from an earlier build? Adds it to *t, whose key it becomes: 1, or 0. */
int build_layers_reuse(struct build_layers *l, struct arena *a, struct build_tree *t,
		       const char key[BUILD_KEY], struct err *e);

/*
 * Mounts t at the work folder's name (a plain name), writable with an empty new layer on top or
 * read-only. Returns a folder fd of its root; path gets its absolute path.
 */
int build_layers_mount(struct build_layers *l, const struct build_tree *t, const char *name,
		       bool writable, char path[PATHS_MAX], struct err *e);

/*
 * Binds what fd is (O_PATH will do) to a place in the work folder and gives its path, so that a container can
 * mount it: a path that no link leads away from. build_layers_unplace() ends it.
 */
int build_layers_place(struct build_layers *l, int fd, const char *name, char path[PATHS_MAX],
		       struct err *e);
void build_layers_unplace(struct build_layers *l, const char *name);

/*
 * Ends a mount. With keep (writable only) what was written is kept under key, unless there is such a
 * layer already, and added to *t.
 */
int build_layers_unmount(struct build_layers *l, const char *name, struct err *e);
int build_layers_keep(struct build_layers *l, struct arena *a, struct build_tree *t,
		      const char *name, const char key[BUILD_KEY], struct err *e);

/* Which image of the store (its id) was made of what the key stands for; recall is false when nobody knows. */
void build_layers_remember(struct build_layers *l, const char *key, const char *id);
bool build_layers_recall(const struct build_layers *l, const char *key, char id[65]);

/* Removes every kept layer, RUN's caches and what is known of images. -EBUSY while a build runs. */
int build_layers_prune(struct err *e);

#endif
