/* SPDX-License-Identifier: MIT */
/*
 * What the two drivers over overlayfs share: overlay.c (layers on disk) and tmpfs.c (layers in
 * memory).
 */
#ifndef DRIVERS_STORAGE_OVERLAY_H
#define DRIVERS_STORAGE_OVERLAY_H

#include "core/driver.h"

/* Makes upper/ and work/ in the folder dir, called name in messages. Repeatable. */
int overlay_make_layers(int dir, const char *name, struct err *e);

/* Mounts a->lower with layers/upper over it at a->root. extra is "" or ",option...". */
int overlay_mount(const struct storage_args *a, const char *layers, const char *extra,
		  struct err *e);

/*
 * The same for a user without root: by the kernel, by fuse-overlayfs, or a copy of the image. options are for
 * the first of them.
 */
int overlay_user(const struct storage_args *a, const char *layers, const char *options,
		 struct err *e);

/* Copies what is in the folder from into the empty folder to; devices and hard links are not kept. */
int copy_tree(int from, int to, struct err *e);

#endif
