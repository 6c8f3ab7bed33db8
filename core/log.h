/* SPDX-License-Identifier: MIT */
/*
 * From a container to its log: which driver, which folder. The supervisor opens a log by the
 * container's spec and then calls log->driver->write(); the CLI reads and removes by name.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/driver.h"
#include "core/lib/err.h"
#include "core/spec.h"

/* The driver of this name, or NULL when it is not in this build. */
const struct log_driver *log_driver(const char *name);

/* Fills a for driver d. -ENAMETOOLONG when the folder's name is too long. */
int log_args_of(struct log_args *a, const struct log_driver *d, const char *name, uint64_t size,
		unsigned int files);

/* Opens or continues the log a finished spec asks for. *out is closed with log_close(). */
int log_open(const struct spec *s, struct log **out, struct err *e);

/* l may be NULL. */
void log_close(struct log *l);

/* Removes what every driver has stored for name. 0, or the first failure as -errno. */
int log_remove(const char *name);

#endif
