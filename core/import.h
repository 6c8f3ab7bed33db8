/* SPDX-License-Identifier: MIT */
/*
 * Image archives of other programs: who knows them, and from them an image file of ours.
 */
#ifndef CORE_IMPORT_H
#define CORE_IMPORT_H

#include <errno.h>

#include "core/driver.h"

#ifdef CONFIG_IMPORT_OCI

/* The driver that knows what a->fd holds: 1 and *driver; 0: nobody, it may be an image of ours; -errno. */
int import_find(const struct import_args *a, const struct import_driver **driver, struct err *e);

/*
 * Loads what a->fd holds and writes it to out in a format of pack_write(). Works below a new folder in the folder
 * dir, which is removed again in any case: a->work need not be set, a->tree is -1 after it. The folder is called
 * and locked like the files that are on their way into the store, so that what a crash leaves is collected.
 * Errors do not name the archive.
 */
int import_write(struct import_args *a, const struct import_driver *driver, int dir,
		 const char *format, int out, struct err *e);

#else

static inline int import_find(const struct import_args *a, const struct import_driver **driver,
			      struct err *e)
{
	(void)a;
	(void)e;
	*driver = NULL;
	return 0;
}

static inline int import_write(struct import_args *a, const struct import_driver *driver, int dir,
			       const char *format, int out, struct err *e)
{
	(void)a;
	(void)driver;
	(void)dir;
	(void)format;
	(void)out;
	return err_set(e, ENOTSUP, "this build has no IMPORT_OCI");
}

#endif
#endif
