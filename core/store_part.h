/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the image store share: store.c (index), store_add.c (adding), store_drop.c (removing).
 */
#ifndef CORE_STORE_PART_H
#define CORE_STORE_PART_H

#include "core/store.h"

#define STORE_INDEX "index"
#define STORE_FILES "sha256" /* folder of the image files */
#define STORE_CONF ".conf"   /* suffixes of what belongs to an image */
#define STORE_SIG ".sig"
#define STORE_NEW ".new-"	    /* files being written */
#define STORE_GONE ".gone-"	    /* trees being removed */
#define STORE_ENTRY 96		    /* bytes of the longest path below images/, with its NUL */
#define STORE_CONFIG_MAX (64 << 10) /* bytes of an image's configuration */
#define STORE_BUFFER (64 << 10)	    /* for reading through a file */

bool store_is_id(const char *text);

/* The parts of opening: nothing open yet; then the index, images/ must be there for writing. */
int store_begin(struct store *s, struct err *e);
int store_open_index(struct store *s, const char *name, bool writable, struct err *e);

/* A record's bytes; false when they are neither image nor name. */
bool store_decode(struct store_item *item, const uint8_t buf[RECORD_COPY]);
void store_encode(uint8_t buf[RECORD_COPY], const struct store_item *item);

/* Writes the record of item, a new one or over that of the same kind and key. Under the lock. */
int store_put(struct store *s, const struct store_item *item, struct err *e);

/* Frees a record. -ENOENT. */
int store_drop(struct store *s, uint16_t kind, const char *key);

/* Has the image a name? */
bool store_is_named(struct store *s, const char *id);

/* SHA-256 of a file. */
int store_hash(int fd, char id[STORE_ID]);

/* Makes the index anew from the files that are there, unless there is one. */
int store_rescue(struct store *s, struct err *e);

/* Does a running container run from the tree or the file of this image? */
bool store_runs(const char *id);

/* Removes what dead writers left. Waits for the lock; keeps quiet about errors: the next one tries again. */
void store_collect(struct store *s);

#endif
