/* SPDX-License-Identifier: MIT */
/* Resource limits (getrlimit(2)) of a container's program. */
#ifndef CORE_RLIMIT_H
#define CORE_RLIMIT_H

#include "core/lib/err.h"
#include "core/spec.h"

/* Sets every rlimit of s on this process. Runs inside, while it still may raise them. 0 or -errno. */
int rlimit_apply(const struct spec *s, struct err *e);

#endif
