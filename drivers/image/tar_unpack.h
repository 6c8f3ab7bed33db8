/* SPDX-License-Identifier: MIT */
/* What the files of the unpacker share. Nothing else includes this. */
#ifndef DRIVERS_IMAGE_TAR_UNPACK_H
#define DRIVERS_IMAGE_TAR_UNPACK_H

#include <sys/stat.h>

#include "drivers/image/tar.h"

/* The paths that a layer has entries for, with the folders they are in: hashes, open addressing. */
struct layer {
	uint64_t *hash; /* 0 for a free place; room is a power of two */
	size_t n, room;
};

struct unpack {
	struct tar_reader *r;
	int root;
	bool super;
	uid_t uid;
	gid_t gid;
	struct tar_limits left;
	struct tar_report *report;
	struct layer *layer; /* NULL: the archive is a whole image */

	char path[PATH_MAX]; /* of the entry, cleaned; "" is the root itself */
	const char *name;    /* its last component */

	char dir_path[PATH_MAX]; /* the folder in use, as it was named */
	int dir;		 /* its fd, -1 for none */
	struct stat dir_st;	 /* before we changed anything in it */
};

/* Messages about the entry at hand; the second takes the reason from errno. */
int unpack_bad(const struct unpack *u, int code, const char *what, struct err *e);
int unpack_failed(const struct unpack *u, const char *step, struct err *e);

/* Makes the folder path (of len bytes), which must be there, the one in use. */
int unpack_enter_existing(struct unpack *u, const char *path, size_t len);

/* Remembers that the layer has this path. 0 or -ENOMEM. */
int layer_note(struct layer *l, const char *path);

/* Does what the whiteout u->path says: hides what older layers have put there, and nothing of this one. */
int layer_whiteout(struct unpack *u, struct err *e);

#endif
