/* SPDX-License-Identifier: MIT */
/*
 * Files of fixed records that survive a power cut at any byte: the state files (core/state.h) and the
 * index of the image store (core/store.h).
 *
 * Any process may map such a file and read it without lock. Layout, little-endian. A header page of
 * RECORD_PAGE bytes, of which the first 24 are used:
 *
 *	    0  8  magic of the kind of file
 *	    8  4  its version                  12  4  bytes of one copy (RECORD_COPY)
 *	   16  4  capacity in records          20  4  CRC32C of bytes 0..19
 *
 * then groups of RECORD_GROUP slots: a page with the first copy of each, a page with the second. So no
 * sector, and no page, holds both copies of a record. The file grows by a group when it is full. A copy:
 *
 *	    0  4  CRC32C of bytes 4..RECORD_COPY-1
 *	    4  4  sequence number; the valid copy with the higher one (wrapping compare) counts
 *	    8  2  kind (0: the slot is free)   10  2  reserved 0
 *	   12  …  key, NUL-padded, as long as the kind of file says; what follows is its own
 *
 * A copy of zeros was never written. A writer always overwrites the copy that does not count, in one
 * write, so that a crash or power cut at any byte leaves the last complete record. Slots are claimed
 * under an OFD lock on the file; after that a record has one writer, its owner.
 * Unknown versions are refused with both numbers and nothing is written. A new file is made beside
 * its place and renamed, so nobody ever sees half a header.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/err.h"

#define RECORD_PAGE 4096
#define RECORD_COPY 256
#define RECORD_GROUP (RECORD_PAGE / RECORD_COPY)
#define RECORD_CAPACITY_MAX 65536

/* Offsets in a copy. */
enum { RECORD_KIND = 8, RECORD_KEY = 12 };

#define RECORD_FREE 0 /* kind of a slot that holds nothing */

/* What distinguishes one kind of file from another. */
struct record_format {
	char magic[8];
	uint32_t version;
	uint32_t key;	  /* bytes of the key with its last NUL */
	const char *what; /* for messages: "state" */
	const char *full; /* what to do when all records are in use; a phrase after "; " */
};

struct records {
	const struct record_format *format;
	int fd;
	/*
	 * Shared mapping, or NULL. Only read-only users have one: a page of it that cannot be read
	 * kills the process (SIGBUS), which must not happen to a supervisor.
	 */
	const uint8_t *map;
	uint64_t map_size;
	uint32_t slots;	   /* in the file when it was last looked at */
	uint32_t capacity; /* it may grow to */
	bool writable;
	bool locked;
	bool owned; /* see record_own() */
	/* What counts in one slot, seen under the lock or our own: nobody else can have changed it. */
	struct record_known {
		bool valid;
		uint32_t slot, seq;
		int copy;
	} known;
	char path[128]; /* for messages */
};

/*
 * Opens the file; with writable it is made with the given capacity when missing, and the larger of that
 * and the file's own capacity holds. durable: each write is on the device before it returns (O_DSYNC).
 * -ENOENT when it is not there and not writable, -EPROTO for an unknown version, -EILSEQ for a
 * damaged header.
 */
int record_open(struct records *s, const struct record_format *format, const char *path,
		uint32_t capacity, bool writable, bool durable, struct err *e);
void record_close(struct records *s);

/* Looks how many slots the file has now; iterate i from 0 below this. A writer looks before it reads. */
uint32_t record_slots(struct records *s);

/* Copies the record of slot i to buf; 0, -ENOENT when it is free, -EILSEQ when both copies are damaged. */
int record_get(const struct records *s, uint32_t i, uint8_t buf[RECORD_COPY]);

/* Finds by kind and key: slot number and its bytes, or -ENOENT. */
int record_find(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY]);

/* Calls each for the records in use, whatever their kind, reading many at once. Its first result below 0, or 0. */
typedef int record_fn(const uint8_t buf[RECORD_COPY], uint32_t slot, void *arg);
int record_each(struct records *s, record_fn *each, void *arg);

/*
 * Finds or makes the slot of kind and key, under the lock. Returns the slot; buf is what is there (zeroed
 * but for kind and key when new). -ENOSPC when full.
 */
int record_claim(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
		 struct err *e);

/*
 * As record_claim(), but writes nothing: the caller holds the lock, and the slot is its own once it has
 * written the record with record_put() before it gives the lock back.
 */
int record_reserve(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
		   struct err *e);

/*
 * From the next record_put() on, this process alone writes that slot until record_close(): what counts
 * there is then remembered instead of read before each write. For one that keeps a single record.
 */
static inline void record_own(struct records *s)
{
	s->owned = true;
}

/*
 * Holds the lock over several calls: look at a record and take it before another process does. Waits
 * for its holder, which must not do anything slow. Freed by the kernel when the holder dies.
 */
int record_lock(struct records *s);
void record_unlock(struct records *s);

/* Writes buf to its slot; checksum and sequence number are filled in. */
int record_put(struct records *s, uint32_t slot, uint8_t buf[RECORD_COPY]);

/*
 * Frees the slot, if it still holds a record of this key; else -ENOENT. Under the lock, but for a slot of our
 * own: nobody else changes that, and one write frees it.
 */
int record_drop(struct records *s, uint32_t slot, const char *key);

/*
 * For checkers: what copy 0 or 1 of a slot holds: 1 and its bytes when it is valid, 0 when it was never
 * written, -EILSEQ when it is damaged.
 */
int record_get_copy(const struct records *s, uint32_t i, int copy, uint8_t buf[RECORD_COPY]);

#endif
