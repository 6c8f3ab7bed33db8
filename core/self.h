/* SPDX-License-Identifier: MIT */
/*
 * Our own binary: known by inode, and kept out of reach of what runs in containers.
 */
#ifndef CORE_SELF_H
#define CORE_SELF_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/lib/err.h"

/* Remembers which file we are; called first in main(). */
void self_init(void);

/* True when st is the file we were started from. */
bool self_is(const struct stat *st);

/* Our own arguments, from the kernel: malloc'd, as is *line which they point into. NULL when out of memory. */
char **self_argv(char **line);

/*
 * Makes sure that this process runs from a file nobody can open for writing: as it is when that is on a
 * read-only mount, else by executing it again, with the same arguments, through a read-only mount or from
 * a sealed copy in memory (memfd). For processes that enter a container (exec) or live for long (supervisor). Returns 0 when
 * there is nothing (more) to do, -errno when it could not be done; does not return when it executes.
 */
int self_seal(struct err *e);

#endif
