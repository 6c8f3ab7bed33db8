/* SPDX-License-Identifier: MIT */
/*
 * Making image files of folders: the format by its name, and over it a codec.
 */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include "core/driver.h"

/*
 * Writes the folder to out (see struct pack_driver) in a format: a driver's name as in "squashfs" and
 * "tar", or with a codec that can compress as in "tar.lz4"; the codec then runs beside it in a child.
 * -ENOTSUP names what this build has.
 */
int pack_write(struct pack_args *a, const char *format, int out, struct err *e);

/*
 * Only looks: the driver of a format and its codec (or NULL), or -ENOTSUP when this build does not have
 * it or the machine lacks what it needs. For errors before side effects.
 */
int pack_find(const char *format, const struct pack_driver **driver,
	      const struct codec_driver **codec, struct err *e);

/* The format to take when nobody says: squashfs where it can be made and mounted, else tar.lz4, else tar. */
#ifdef CONFIG_PACK
const char *pack_default(void);
#else
static inline const char *pack_default(void)
{
	return "tar";
}
#endif

#endif
