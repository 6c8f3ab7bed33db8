/* SPDX-License-Identifier: MIT */
/*
 * Makes tar archives in memory, honest and evil ones, and reads them as a stream. For the tests and
 * seeds of the tar reader only; running out of memory ends the program.
 */
#ifndef TESTS_UNIT_DRIVERS_IMAGE_TAR_MAKE_H
#define TESTS_UNIT_DRIVERS_IMAGE_TAR_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "core/driver.h"

struct tar_make {
	uint8_t *p;
	size_t len, room;
	size_t header; /* offset of the last header */
};

/* A header with a right checksum: ustar, mode 0644 (0755 for folders), owner 0, time 1000000000. */
void tar_make_header(struct tar_make *m, char type, const char *path, const char *link,
		     uint64_t size);

/* Writes text over the last header at offset at and makes its checksum right again. */
void tar_make_patch(struct tar_make *m, size_t at, const void *bytes, size_t len);

/* Data with padding to the next block. */
void tar_make_data(struct tar_make *m, const void *data, size_t len);

/* Header and data of a file with the text in it. */
void tar_make_file(struct tar_make *m, const char *path, const char *text);

/* Bytes as they are. */
void tar_make_raw(struct tar_make *m, const void *data, size_t len);

/* An extended header ('x' or 'g') with one record, or several written as text. */
void tar_make_pax(struct tar_make *m, char type, const char *key, const void *value, size_t len);
void tar_make_pax_text(struct tar_make *m, char type, const void *text, size_t len);

/* Two zero blocks. */
void tar_make_end(struct tar_make *m);
void tar_make_free(struct tar_make *m);

/* A stream over bytes that lends at most step at a time, in memory that it spoils afterwards. */
struct stream *tar_make_stream(const void *p, size_t len, size_t step);

#endif
