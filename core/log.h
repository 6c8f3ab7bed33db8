/* SPDX-License-Identifier: MIT */
/*
 * From a container to its log: which driver, which folder. The supervisor opens its logs by the
 * container's spec (log, log-also: a list) and writes to all of them; the CLI reads and removes by name.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/driver.h"
#include "core/lib/err.h"
#include "core/spec.h"

/* Name of the driver that takes output while a log-budget is used up. */
#define LOG_OVERFLOW "ring"

/* The driver of this name, or NULL when it is not in this build. */
const struct log_driver *log_driver(const char *name);

/* Fills a with what readers need of driver d. */
void log_args_of(struct log_args *a, const struct log_driver *d, const char *name);

/*
 * Opens or continues the logs a finished spec asks for. *out is closed with log_close(); with a failure it
 * is what could be opened, or NULL.
 */
int log_open(const struct spec *s, struct log **out, struct err *e);

/* l may be NULL. */
void log_close(struct log *l);

/* Removes what every driver has stored for name. 0, or the first failure as -errno. */
int log_remove(const char *name);

#endif
