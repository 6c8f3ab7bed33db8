/* SPDX-License-Identifier: MIT */
/*
 * Buffered text output without stdio: for the CLI's tables and messages.
 *
 * One writer holds a fixed buffer; it flushes when full and when asked. Write errors are
 * remembered and returned by out_flush(), so that callers need not check every line.
 */
#ifndef CORE_LIB_OUT_H
#define CORE_LIB_OUT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/util.h"

struct out {
	int fd;
	int error; /* first -errno met, 0 while all is well */
	size_t len;
	char buf[1024];
};

#define OUT(fd_) ((struct out){ .fd = (fd_) })

void out_text(struct out *o, const char *s);
void out_bytes(struct out *o, const void *p, size_t len);
void out_printf(struct out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Cheaper than out_printf() where there are many: a decimal number; n blanks (none below 1). */
void out_number(struct out *o, uint64_t v);
void out_pad(struct out *o, int n);

/* Foreign bytes, made printable as str_escape() does. */
void out_escaped(struct out *o, const char *s, size_t len);

/* A JSON string literal with quotes. */
void out_json(struct out *o, const char *s);

/* Writes what is buffered. 0, or the first error met as -errno. */
int out_flush(struct out *o);

#endif
