/* SPDX-License-Identifier: MIT */
/*
 * Loop devices that go away by themselves: read-only and auto-clear, one per backing file.
 * Source: loop(4), linux/loop.h.
 */
#ifndef DRIVERS_IMAGE_LOOP_H
#define DRIVERS_IMAGE_LOOP_H

#include <stddef.h>
#include <sys/stat.h>

#include "core/lib/err.h"

/*
 * An fd of a read-only loop device over the file fd (of which st is the state), with its path in
 * dev: the one that other containers use already, else a new one. The kernel frees the device when
 * the fd is closed and nothing has it mounted. path is for messages and for losetup(8).
 */
int loop_attach(int fd, const struct stat *st, const char *path, char *dev, size_t size,
		struct err *e);

#endif
