/* SPDX-License-Identifier: MIT */
/*
 * Walking a tree of files in the order of their names, by fd and never through a link; and the one
 * number a tree of files has.
 */
#ifndef CORE_BUILD_WALK_H
#define CORE_BUILD_WALK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/lib/err.h"
#include "core/lib/hash.h"

#define BUILD_WALK_DEPTH 200

struct build_walk {
	/*
	 * Required. One entry: name in the folder dirfd, path from where the walk began. For a folder it
	 * is called before what is in it, and returns 1 to go in, 0 to pass over it. -errno ends all.
	 */
	int (*entry)(struct build_walk *w, int dirfd, const char *name, const char *path,
		     const struct stat *st, struct err *e);
	void *arg;
	char path[4096]; /* of the entry, below where the walk began */
	unsigned int depth;
};

/* Walks what is in the folder dir (not owned), not dir itself. */
int build_walk(struct build_walk *w, int dir, struct err *e);

/* Feeds h with one entry: path, type, mode, owner (with owners), link target and, for a file, its bytes. */
int build_walk_hash(struct hash_sha256 *h, int dirfd, const char *name, const char *path,
		    const struct stat *st, bool owners, struct err *e);

/* Feeds h with the attributes that build_walk_copy_xattrs() copies, and the bytes from fd's offset on. */
int build_walk_hash_file(struct hash_sha256 *h, int fd, const char *path, struct err *e);

/*
 * Attributes of a user's and file capabilities; what the target cannot keep is left out. Last of all: a
 * new owner takes capabilities away. xattr(7).
 */
void build_walk_copy_xattrs(int in, int dir, const char *name);

/* Feeds h with what tells that something in the tree at dir has changed: names, inodes, sizes, times. */
int build_walk_print(struct hash_sha256 *h, int dir, struct err *e);

#endif
