/* SPDX-License-Identifier: MIT */
/*
 * Opening an image: where its name is looked for, and which driver is asked to handle it (by its
 * first bytes, never by its name). What the drivers then do is in driver.h.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "core/driver.h"

/*
 * Opens name into *img: a path when it begins with / or . or a file of that name is there; else a file of
 * that name in DATA/images/; else a name or id in the store (core/store.h). Fills driver, path, fd, st,
 * head, store, and id for those of the store; tree is -1. -ENOENT, -ENOTSUP (no driver of this build knows
 * it).
 */
int image_open(struct image *img, const char *name, struct err *e);

/* The same for a name of somebody else's: only DATA/images and the store are looked in, never a path. */
int image_open_stored(struct image *img, const char *name, struct err *e);

/* The same for an open file, which img owns from now on (closed also on error); name is for messages. */
int image_open_fd(struct image *img, int fd, const char *name, struct err *e);

/*
 * After image_open_fd() failed with -ENOTSUP: are its first bytes of a format we could name, which this
 * build cannot read?
 */
bool image_is_known(const struct image *img);

/* Short name of what it is, for people: "squashfs", "tar.lz4". Returns buf. */
const char *image_format(const struct image *img, char *buf, size_t size);

/*
 * Reads it as far as is needed to know that it is whole, unpacking nothing. *config is the malloc'd text of
 * its configuration, or NULL.
 */
int image_check(struct image *img, char **config, struct err *e);

/*
 * Calls the driver's prepare and finds out the path of the tree, for a mount namespace made later.
 */
int image_prepare(struct image *img, struct err *e);

/* Closes what image_open() and prepare() opened. Mounts that were made stay. */
void image_close(struct image *img);

#endif
