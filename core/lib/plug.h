/* SPDX-License-Identifier: MIT */
/*
 * Devices that come and go: patterns of names below /dev, and those of the host's nodes that match one. Used by
 * device =, [device] and when =. Everything is looked at where the caller's root fd points to.
 */
#ifndef CORE_PLUG_H
#define CORE_PLUG_H

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "core/lib/err.h"

/* Does text match pattern as a whole? * and ? stand for anything but a slash, everything else for itself. */
bool plug_match(const char *pattern, const char *text);

/*
 * A path that may have no device now and one later: a pattern in its last part, or a name that is made when
 * its device comes (/dev/serial/by-id/..., by-path).
 */
static inline bool plug_is_pattern(const char *path)
{
	return strpbrk(path, "*?") || strstr(path, "/by-");
}

/* path is absolute and NUL-terminated; st is of the node itself. Less than 0 ends the walk. */
typedef int plug_each_fn(const char *path, const struct stat *st, void *arg);

/*
 * Calls each() for every character or block device that pattern, an absolute path, stands for at root (an fd
 * of a folder). How many, or what each() returned below 0. None is no error.
 */
int plug_each(int root, const char *pattern, plug_each_fn *each, void *arg);

#endif
