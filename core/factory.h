/* SPDX-License-Identifier: MIT */
/*
 * Back to the state a device was shipped in: `myctr factory-reset`.
 *
 * The wish is a file in the data folder, on the device before anything else happens. What it asks for is done at
 * the next boot, before anything is started or opened there, and the file goes last. So a power cut leaves the
 * wish, and the next boot begins again; or everything is as before, or done.
 */
#ifndef CORE_FACTORY_H
#define CORE_FACTORY_H

#include "core/lib/err.h"
#include "core/system.h"

#define FACTORY_DIR "factory"	/* in the data folder: results of factory mode; outlives a reset */
#define FACTORY_MARK "~reset"	/* in the data folder: the wish */
#define FACTORY_PASSED "passed" /* in FACTORY_DIR: the tests are behind this device */

/* Writes the wish. */
int factory_mark(struct err *e);

/*
 * Does what a wish of an earlier boot asks for: the data folder is emptied but for what factory-keep names, the
 * results of factory mode and images that no update has brought; then the folders of factory-wipe. Goes on past
 * what cannot be removed: then the wish stays and e has the first error. 0 nothing to do, 1 done, -errno.
 */
int factory_wipe(const struct system_spec *y, struct err *e);

#endif
