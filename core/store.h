/* SPDX-License-Identifier: MIT */
/*
 * The image store: images named by what they hold, and names that people give them.
 *
 *	images/index          records of images and names (core/record.h), magic "myctrim\0"
 *	images/sha256/ID      an image: one file (squashfs, tar, ...), ID is its SHA-256 in hex
 *	images/sha256/ID.conf its configuration as text (core/image_config.h), when it has one
 *	images/sha256/ID.sig  the signature it was loaded with (core/signature.h), when it had one
 *	images/.new-XXXX      a file being written; locked with flock(2) while its maker lives
 *	images/.gone-ID       a tree being removed
 *	images/.left/ID       its image was removed while a container ran on its tree
 *	images/trees/ID       the tree unpacked from a tar image (drivers/image/trees.h)
 *
 * An image is there when the index has a record of it, and that is written last: file and configuration are
 * on the device and under their names before. When it is removed its record goes first. So a power cut at any
 * moment leaves an image whole and listed, or not listed; what lies around unlisted is collected by
 * whoever opens the store for writing next. Changes are made one after the other, under the index's lock;
 * readers take none. Where there are images and no index, one is made that lists those that are whole.
 *
 * A record of the index (offsets in a copy; key of STORE_KEY bytes):
 *
 *	    8  2  kind: STORE_IMAGE or STORE_TAG
 *	   12 128 ID, or the name with its tag, NUL-padded
 *	  140 32  STORE_TAG: SHA-256 of the image
 *	  172  8  size of the file in bytes      180  8  CLOCK_REALTIME ms of its first load, or of the tag
 *	  188  4  STORE_* flags                  192 16  format: "squashfs", "tar.lz4"; NUL-padded
 *	  rest zero
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/err.h"
#include "core/record.h"

#define STORE_ID 65	/* 64 hex digits and a NUL */
#define STORE_KEY 128	/* longest NAME:TAG with its NUL */
#define STORE_FORMAT 16 /* with the NUL */

enum store_kind { STORE_IMAGE = 1, STORE_TAG = 2 };

#define STORE_LOADING 1 /* it is there once it has its name, which is written next */
#define STORE_CONFIG 2	/* ID.conf exists */

/* One image or one name. */
struct store_item {
	uint16_t kind;	      /* enum store_kind */
	char name[STORE_KEY]; /* STORE_TAG: NAME:TAG */
	char id[STORE_ID];
	uint64_t size;	  /* STORE_IMAGE: bytes */
	uint64_t created; /* CLOCK_REALTIME ms */
	uint32_t flags;
	char format[STORE_FORMAT]; /* STORE_IMAGE */
};

struct store {
	struct records index; /* .fd -1 while there is none */
	int dir;	      /* images/ */
	char path[128];	      /* of images/, for messages and tools */
};

/* Opens the store of paths.data for reading. One that was never made is an empty one: 0. */
int store_open(struct store *s, struct err *e);

/* For changes: made when missing, and what dead writers left is collected. */
int store_open_writable(struct store *s, struct err *e);

/* Was one ever made? */
bool store_is_there(void);

void store_close(struct store *s);

/* ---- looking ---------------------------------------------------------------------------------- */

/* The next item from *i (0 at first) on; false after the last. Images still being loaded are left out. */
bool store_next(struct store *s, uint32_t *i, struct store_item *item);

/* The image of this id; -ENOENT. */
int store_image(struct store *s, const char *id, struct store_item *item);

/*
 * What a person typed: NAME (that is NAME:latest), NAME:TAG, an id, its first 8 or more digits, with or
 * without "sha256:" before. *item is the image; *tag (STORE_KEY bytes, may be NULL) gets the full name
 * that matched, "" for an id. -ENOENT says which name was probably meant.
 */
int store_find(struct store *s, const char *text, struct store_item *item, char *tag,
	       struct err *e);

/* NAME[:TAG] to its full form in buf of STORE_KEY bytes; -EINVAL says what a name may be. */
int store_name(const char *text, char *buf, struct err *e);

/* A read-only fd of the image file. */
int store_open_image(const struct store *s, const char *id, struct err *e);

/* Its configuration as malloc'd text (the caller's); 0 with *text NULL when it has none. */
int store_config(const struct store *s, const char *id, char **text, size_t *len, struct err *e);

/* The signature it was loaded with, in the same way; whoever needs one checks it. */
int store_signature(const struct store *s, const char *id, char **text, size_t *len, struct err *e);

/* ---- adding ----------------------------------------------------------------------------------- */

/* A new image on its way. Write the file to .fd (or over .path, in place), then commit. */
struct store_add {
	struct store *store;
	int fd;		       /* read and write, empty at first; -1 outside of begin and end */
	const char *want;      /* Optional, set after begin: the id it must get */
	const char *signature; /* Optional, likewise: text that is kept beside it, already checked */
	char path[160]; /* of the file, for programs that want one; it must stay the same file */
	char temp[40];	/* its name in images/ */
};

/*
 * Begins an image of size bytes, 0 when that is not known. -ENOSPC, before anything is written, when the
 * file system has less room than that.
 */
int store_add_begin(struct store_add *a, struct store *s, uint64_t size, struct err *e);

/*
 * Checks that the file is an image of this build, complete and with a configuration that may be; names it by
 * its content; syncs; lists it, with the full name tag (store_name()) unless that is NULL. An image
 * that is there already is only named. Ends a also on error. *item is the image.
 */
int store_add_commit(struct store_add *a, const char *tag, struct store_item *item, struct err *e);

/* Ends a without an image. Repeatable, also after commit. */
void store_add_abort(struct store_add *a);

/* ---- changing --------------------------------------------------------------------------------- */

/* Gives the image a full name, which moves it from another image that had it. */
int store_tag(struct store *s, const char *id, const char *name, struct err *e);

/* Takes a full name away. -ENOENT. The image stays. */
int store_untag(struct store *s, const char *name, struct err *e);

/*
 * Removes an image with its names and its tree; a container that runs from it keeps file and tree, and the
 * tree goes when somebody opens the store for writing after it has ended. unnamed: -EBUSY when it has a name by now.
 */
int store_remove(struct store *s, const char *id, bool unnamed, struct err *e);

/* Are there such trees? Then opening the store for writing may do something. */
bool store_has_left(void);

/* Reads the file again and compares: -EILSEQ when it is not what its name says. */
int store_verify(const struct store *s, const char *id, struct err *e);

/* Removes trees that belong to no image of the store and that no container runs on. Adds to *bytes and *n. */
void store_prune_trees(struct store *s, uint64_t *bytes, unsigned int *n);

#endif
