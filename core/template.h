/* SPDX-License-Identifier: MIT */
/*
 * Text with places for what only the device knows: `gw-${serial}`, `${mac:eth0}`, `${file:/etc/site}`. No shell:
 * nothing else is expanded, and a value that is put in is never looked at again.
 */
#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H

#include <stddef.h>

#include "core/lib/err.h"

/*
 * Writes what `${kind}` or `${kind:arg}` stands for to buf, NUL-terminated; arg is "" without one. 0, or
 * -errno with a sentence in e.
 */
typedef int template_value(const char *kind, const char *arg, char *buf, size_t size,
			   struct err *e);

/*
 * Expands text to out. 0, or -EINVAL for a place that is not closed or not known, -ENAMETOOLONG, or what
 * value() returned.
 */
int template_expand(const char *text, template_value *value, char *out, size_t size, struct err *e);

/* Only the form: every place is closed, its kind one of mac:INTERFACE, serial, file:PATH. */
int template_check(const char *text, struct err *e);

/*
 * Makes a host name (RFC 1123) of any text in place: other characters become '-', none of them at either end,
 * at most 63 bytes. Returns its length, 0 when nothing is left.
 */
size_t template_host_name(char *text);

#endif
