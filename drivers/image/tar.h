/* SPDX-License-Identifier: MIT */
/*
 * Reading tar archives (v7, ustar, GNU, pax) that nobody vouches for, and unpacking them below a
 * folder.
 *
 * The reader takes a stream and gives one entry after the other; it checks every number and length,
 * holds a bounded amount of memory whatever the archive says, and does not know where entries go.
 * Unpacking is tar_unpack(). Sources: POSIX.1-2017 pax (ustar and extended headers), the GNU tar
 * manual "Basic Tar Format" and "Storing Sparse Files".
 */
#ifndef DRIVERS_IMAGE_TAR_H
#define DRIVERS_IMAGE_TAR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/lib/err.h"

struct image;
struct stream;

#define TAR_BLOCK 512
#define TAR_PAX_MAX (1U << 20)	   /* bytes of one extended header */
#define TAR_EXTENTS_MAX (1U << 15) /* data areas of one sparse file */

enum tar_type {
	TAR_FILE,
	TAR_DIR,
	TAR_SYMLINK,
	TAR_HARDLINK,
	TAR_CHAR,
	TAR_BLOCK_DEVICE,
	TAR_FIFO
};

struct tar_entry {
	enum tar_type type;
	char path[PATH_MAX]; /* as in the archive: may be absolute, hold "..", any byte but NUL; never empty */
	char link[PATH_MAX]; /* target of a symbolic or hard link */
	mode_t mode;	     /* 07777 bits */
	uint32_t uid, gid;
	int64_t mtime; /* seconds since 1970, may be negative */
	uint32_t mtime_ns;
	uint64_t size; /* of the file, holes included */
	bool sparse;
	uint32_t major, minor;
};

/* One data area of a sparse file. */
struct tar_extent {
	uint64_t offset, len;
};

/* What pax headers and GNU long names say about an entry instead of its own header. */
enum tar_said {
	TAR_PATH = 1,
	TAR_LINK = 2,
	TAR_SIZE = 4,
	TAR_UID = 8,
	TAR_GID = 16,
	TAR_MTIME = 32,
	TAR_REAL_SIZE = 64,
	TAR_SPARSE_NAME = 128,
	TAR_SPARSE_MAP = 256,
	TAR_SPARSE_1 = 512
};

struct tar_over {
	uint32_t said; /* enum tar_said bits */
	char path[PATH_MAX], link[PATH_MAX];
	uint32_t uid, gid, mtime_ns;
	int64_t mtime;
	uint64_t size, real_size;
};

struct tar_reader {
	struct stream *in; /* owned */
	const uint8_t *p;  /* what in has lent and is not used yet */
	size_t n;
	uint64_t at;	    /* offset of p in the archive */
	uint64_t header_at; /* offset of the entry's header, for messages */

	struct tar_entry entry;
	uint64_t left;	   /* bytes of the entry's data still in the archive */
	unsigned int pad;  /* bytes to the next block after them */
	uint64_t file_pos; /* where in the file the next bytes go */

	struct tar_over local, global;
	char *pax; /* the entry's extended header, for its attributes */
	size_t pax_len, pax_room;
	struct tar_extent *map;
	unsigned int n_map, map_room, in_map;
};

/* A reader over in, which it owns from now on (closed also on error). NULL and *e on error. */
struct tar_reader *tar_open(struct stream *in, struct err *e);
void tar_close(struct tar_reader *r);

/*
 * The next entry: 1 and r->entry; 0 at the end mark, with the rest of the stream read to its end so
 * that codecs have verified their checksums; -errno and *e. Data that was not asked for is skipped.
 */
int tar_next(struct tar_reader *r, struct err *e);

/*
 * Data of the entry: *bytes for offset *at of the file. Returns their number, 0 at the end, -errno.
 */
ssize_t tar_data(struct tar_reader *r, uint64_t *at, const uint8_t **bytes, struct err *e);

/* The extended attributes of the entry, one a call; *cursor starts at 0. False after the last. */
struct tar_xattr {
	char name[256];
	const char *value;
	size_t len;
};
bool tar_xattr(const struct tar_reader *r, size_t *cursor, struct tar_xattr *x);

/* The attributes that belong to an image, when it is unpacked and when it is written. */
bool tar_xattr_wanted(const char *name);

/* ---- unpacking ------------------------------------------------------------------------------- */

struct tar_limits {
	uint64_t entries;
	uint64_t bytes; /* of all files together, holes not counted */
	unsigned int depth;
	bool own; /* everything gets uid and gid, whatever the archive says */
	uid_t uid;
	gid_t gid;
};

/* What was left out because the file system or the user may not have it. */
struct tar_report {
	unsigned int devices, xattrs;
	unsigned int owners; /* that are no ids of our user namespace: those files are root's in it */
};

/*
 * Unpacks in (owned) below the folder root. Nothing outside root is read or changed, whatever the
 * archive holds: absolute names start at root, ".." is refused, links are followed as inside root.
 * A later entry replaces an earlier one of its name, but not a folder that is not empty. As root
 * owners, modes, times, devices and attributes are exact; for other users owners and devices are
 * left out and folders stay writable. Whiteouts (.wh.*, character device 0:0) and overlay
 * attributes are ignored: an image is one layer. Sets the umask of the process to 0 meanwhile.
 */
int tar_unpack(struct stream *in, int root, const struct tar_limits *limits,
	       struct tar_report *report, struct err *e);

/* What is in the file of an image, decoded, within the limits of this build. NULL with *e. */
struct stream *tar_stream(const struct image *img, struct err *e);

/* Reads the whole archive without unpacking it: image_driver.check. */
int tar_check(struct image *img, char **config, struct err *e);

/*
 * The same for one layer of several, over what older ones have left in root: it replaces folders that are not
 * empty, and its whiteouts (.wh.NAME, .wh..wh..opq) take away what older layers have put there. The limits are
 * for all layers and counted down, the report is added to.
 */
int tar_unpack_layer(struct stream *in, int root, struct tar_limits *limits,
		     struct tar_report *report, struct err *e);

/* ---- between the parts of the reader --------------------------------------------------------- */

/* -EILSEQ "tar: WHY at offset N". */
int tar_bad(const struct tar_reader *r, const char *why, struct err *e);

/* Copies len bytes of the archive to buf, or only passes over them when buf is NULL. */
int tar_take(struct tar_reader *r, void *buf, uint64_t len, struct err *e);

/* A numeric header field: octal, or base-256 with the high bit set. -EINVAL, -ERANGE. */
int tar_number(const uint8_t *field, size_t len, int64_t *v);

/* True when block has a valid checksum (sum of unsigned or, as old programs did, signed bytes). */
bool tar_checksum_ok(const uint8_t block[TAR_BLOCK]);
bool tar_is_zero(const uint8_t block[TAR_BLOCK]);

/* Fills r->entry from a header block; *stored is the data that follows it. */
int tar_header(struct tar_reader *r, const uint8_t block[TAR_BLOCK], uint64_t *stored,
	       struct err *e);

/* Reads the records of an extended header into *over; sparse maps go to r->map. */
int tar_pax(struct tar_reader *r, struct tar_over *over, const char *text, size_t len,
	    struct err *e);

/* Decimal digits up to end (exclusive), all of them. -EINVAL, -ERANGE. */
int tar_decimal(const char *p, const char *end, uint64_t *v);

/*
 * Sparse maps: one more area; the map in an old GNU header; the one before the data (1.0); the
 * final check.
 */
int tar_extent_add(struct tar_reader *r, uint64_t offset, uint64_t len, struct err *e);
int tar_sparse_gnu(struct tar_reader *r, const uint8_t block[TAR_BLOCK], struct err *e);
int tar_sparse_1(struct tar_reader *r, uint64_t *stored, struct err *e);
int tar_sparse_check(struct tar_reader *r, uint64_t stored, struct err *e);

#endif
