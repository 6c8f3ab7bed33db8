/* SPDX-License-Identifier: MIT */
/*
 * Writing tar archives: ustar headers, pax records where ustar does not do. Sources: POSIX.1-2017
 * pax (ustar and extended headers), the GNU tar manual "Storing Sparse Files" (format 1.0), and the
 * SCHILY.xattr keys of star. Messages do not say which entry it is about: the caller knows.
 */
#ifndef DRIVERS_IMAGE_TAR_WRITE_H
#define DRIVERS_IMAGE_TAR_WRITE_H

#include "drivers/image/tar.h"

struct pack_args;

struct tar_writer {
	int fd; /* not owned */
	size_t used;
	uint8_t buf[64 << 10];
};

/* Pax records of one entry; text is malloc'd and kept from entry to entry. Start with { 0 }. */
struct tar_records {
	char *text;
	size_t len, room;
};

/* Appends "LENGTH KEY=VALUE\n"; key is prefix and key. 0 or -ENOMEM. */
int tar_record(struct tar_records *p, const char *prefix, const char *key, const void *value,
	       size_t len);

/* Bytes as they are. */
int tar_put(struct tar_writer *w, const void *p, size_t len, struct err *e);

/*
 * The header of t, with the pax records that are needed for it put after those in p (which is empty
 * afterwards). size is what will follow it, 0 for all but files. t->path of a folder gets a slash.
 */
int tar_put_header(struct tar_writer *w, const struct tar_entry *t, uint64_t size,
		   struct tar_records *p, struct err *e);

/* Zeros up to the next block after size bytes of content. */
int tar_put_padding(struct tar_writer *w, uint64_t size, struct err *e);

/* Copies size bytes of fd, from its position on, without padding; -ESTALE when there are fewer. */
int tar_put_bytes(struct tar_writer *w, int fd, uint64_t size, struct err *e);

/* The end mark, and whatever is still in the buffer. */
int tar_put_end(struct tar_writer *w, struct err *e);

/* The whole of a folder as an archive: pack_driver.write of the tar format. */
int tar_pack(struct pack_args *a, int out, struct err *e);

#endif
