/* SPDX-License-Identifier: MIT */
/*
 * The store of unpacked images: one folder per content, named by its SHA-256, and an index by file
 * identity so that a known file need not be read to find its tree.
 *
 *	trees/SHA256/              a whole tree, on the device before it gets this name
 *	trees/.by-file/IDENTITY    link to ../SHA256; device, inode, size and times of the file it came from
 *	trees/.tmp-IDENTITY/tree   being unpacked; locked with flock(2) while its maker lives
 *
 * trees/ itself is locked, shared, by who starts a container until its record tells what it runs on, and
 * exclusively by who takes a tree away (core/store_drop.c).
 *
 * trees/ is closed to other users: the trees hold set-user-id programs.
 */
#ifndef DRIVERS_IMAGE_TREES_H
#define DRIVERS_IMAGE_TREES_H

#include <sys/stat.h>

#include "core/lib/err.h"

#define TREES_KEY 65 /* 64 hex digits and a NUL */

struct trees {
	int store;	/* trees/ */
	int work;	/* the locked .tmp- folder, -1 outside of begin and end */
	char id[120];	/* of the image file */
	char temp[128]; /* name of the .tmp- folder */
};

/* Opens (and makes) the store at path for the file that st describes. Close with trees_close(). */
int trees_open(struct trees *t, const char *path, const struct stat *st, struct err *e);
void trees_close(struct trees *t);

/* O_PATH fd of the tree unpacked from this file, or -ENOENT. */
int trees_find(const struct trees *t);

/*
 * Takes the lock for unpacking this file and removes what dead makers left. Returns 0 and a new
 * empty folder fd in *tree; or 1 when somebody else has unpacked the file meanwhile (trees_find()
 * has it).
 */
int trees_begin(struct trees *t, int *tree, struct err *e);

/*
 * Ends what trees_begin() began. With a key the tree is made durable, gets that name, and the file
 * is remembered; a tree that is already there under it wins. With NULL everything is removed.
 */
int trees_end(struct trees *t, const char *key, struct err *e);

#endif
