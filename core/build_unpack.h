/* SPDX-License-Identifier: MIT */
/* ADD of an archive: what is in it instead of itself. */
#ifndef CORE_BUILD_UNPACK_H
#define CORE_BUILD_UNPACK_H

#include "core/lib/err.h"

/*
 * If fd (not owned) is an archive that this build can read, unpacks it into the folder `to` of the tree at
 * root, which is made when missing: 1. 0 when it is none, -errno when it is damaged or does not fit.
 */
int build_unpack(int fd, const char *name, int root, const char *to, struct err *e);

#endif
