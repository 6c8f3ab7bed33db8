/* SPDX-License-Identifier: MIT */
/*
 * Squashfs images of users who may not mount them.
 */
#ifndef DRIVERS_IMAGE_SQUASHFS_USER_H
#define DRIVERS_IMAGE_SQUASHFS_USER_H

#include "core/driver.h"
#include "core/lib/config.h"

#if IS_ENABLED(CONFIG_SQUASHFS_USER)
/* image_driver.prepare for a user: img->tree becomes a folder with what is in the image. */
int squashfs_user(struct image *img, struct err *e);
#else
static inline int squashfs_user(struct image *img UNUSED, struct err *e)
{
	return err_set(e, 1, "squashfs images without root are not in this build; use a tar image");
}
#endif

#endif
