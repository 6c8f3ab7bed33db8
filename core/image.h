/* SPDX-License-Identifier: MIT */
/*
 * Opening an image: where its name is looked for, and which driver is asked to handle it (by its
 * first bytes, never by its name). What the drivers then do is in driver.h.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "core/driver.h"

/*
 * Opens name into *img: a path when it has a slash or a file of that name is there, else a name in
 * DATA/images/. Fills driver, path, fd, st, head, store; tree is -1. -ENOENT, -ENOTSUP (no driver
 * of this build knows it).
 */
int image_open(struct image *img, const char *name, struct err *e);

/*
 * Calls the driver's prepare and finds out the path of the tree, for a mount namespace made later.
 */
int image_prepare(struct image *img, struct err *e);

/* Closes what image_open() and prepare() opened. Mounts that were made stay. */
void image_close(struct image *img);

#endif
