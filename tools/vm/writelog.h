/* SPDX-License-Identifier: MIT */
/*
 * The log that QEMU's blklogwrites (and Linux's dm-log-writes) keeps of a disk: a superblock, then for
 * each operation one sector of header and the data. Format: Linux, Documentation/admin-guide/
 * device-mapper/log-writes.rst and drivers/md/dm-log-writes.c.
 */
#ifndef TOOLS_VM_WRITELOG_H
#define TOOLS_VM_WRITELOG_H

#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"

enum writelog_flag {
	WRITELOG_FLUSH = 1,
	WRITELOG_FUA = 2,
	WRITELOG_DISCARD = 4,
	WRITELOG_MARK = 8
};

struct writelog {
	const uint8_t *map; /* the whole log */
	size_t size, at;
	uint64_t left;	 /* entries not read yet */
	uint32_t sector; /* bytes */
};

struct writelog_entry {
	uint64_t offset, len, flags; /* bytes on the disk */
	const uint8_t *data;	     /* len bytes, in the map; NULL for flush and discard */
};

/* Maps and checks a log; release with writelog_close(). */
int writelog_open(struct writelog *w, const char *path, struct err *e);
void writelog_close(struct writelog *w);

/* The next entry: 1, 0 at the end, -errno for a log that lies. */
int writelog_next(struct writelog *w, struct writelog_entry *entry, struct err *e);

/* Back to the first entry. */
void writelog_rewind(struct writelog *w);

#endif
