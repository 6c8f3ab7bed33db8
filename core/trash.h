/* SPDX-License-Identifier: MIT */
/*
 * What forgotten containers have written. Taking a large tree away may last; so it is first moved aside in
 * one step, to <data>/containers/~gone/NAME~N, where no container can be, and removed from there: by the
 * same process, by a child of the supervisor, or after a crash by whoever comes next.
 */
#ifndef CORE_TRASH_H
#define CORE_TRASH_H

#include <stdbool.h>

#include "core/lib/err.h"

/*
 * Moves away what the container of this name has written. 0, also when there is nothing. Where it cannot
 * be moved (a mount of its own) it is removed in place.
 */
int trash_put(const char *name, struct err *e);

/* Removes what has been moved away, once nobody else does. May block for long. The first error. */
int trash_empty(struct err *e);

/* There is something to empty. */
bool trash_is_full(void);

#endif
