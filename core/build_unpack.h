/* SPDX-License-Identifier: MIT */
/* ADD of an archive: what is in it instead of itself. */
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
 * If fd (not owned) is an archive that this build can read, unpacks it into the folder `to` of the tree at
 * root, which is made when missing: 1. 0 when it is none, -errno when it is damaged or does not fit.
 */
int build_unpack(int fd, const char *name, int root, const char *to, const struct build_owner *own,
		 struct err *e);

#endif
