/* SPDX-License-Identifier: MIT */
/*
 * Output cut into lines for drivers that send one message per line. A long line becomes several messages;
 * a message is printable: control bytes are written as str_escape() does.
 */
#ifndef DRIVERS_LOG_LINES_H
#define DRIVERS_LOG_LINES_H

#include <stddef.h>

#define LINES_MAX \
	896 /* bytes of a message: with what goes before it, one unfragmented datagram (RFC 5426) */

struct lines {
	size_t n;
	char text[LINES_MAX];
};

/* One message, not terminated, len > 0. */
typedef void lines_fn(void *arg, const char *text, size_t len);

/* Gives each() every line that bytes complete; the beginning of one is kept. */
void lines_take(struct lines *l, const char *bytes, size_t len, lines_fn *each, void *arg);

/* Gives each() what is kept. */
void lines_end(struct lines *l, lines_fn *each, void *arg);

#endif
