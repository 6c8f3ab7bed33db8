/* SPDX-License-Identifier: MIT */
/* What the copying of files needs besides: folders that are made on the way, ADD of an archive. */
#ifndef CORE_BUILD_UNPACK_H
#define CORE_BUILD_UNPACK_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/lib/err.h"

/* Whose everything shall be that is copied. */
struct build_owner {
	bool asked; /* else what each file says, or root */
	uid_t uid;
	gid_t gid;
};

/*
 * Makes the folder path of the tree at root and what is missing above it; what it makes is own's where that was
 * asked for, as it is when docker build and buildah make it. An O_PATH fd of the folder, or -errno.
 */
int build_make_folder(int root, const char *path, const struct build_owner *own);

/* As path_open_parent(), making what is missing in the same way. */
int build_open_parent(int root, const char *path, const struct build_owner *own, char *name,
		      size_t size);

/*
 * If fd (not owned) is an archive that this build can read, unpacks it into the folder `to` of the tree at
 * root, which is made when missing: 1. 0 when it is none, -errno when it is damaged or does not fit.
 */
int build_unpack(int fd, const char *name, int root, const char *to, const struct build_owner *own,
		 struct err *e);

#endif
