/* SPDX-License-Identifier: MIT */
/*
 * Text: lists of strings, numbers with units both ways, safe printing of foreign bytes.
 *
 * The parsers take the whole string or nothing (no leading blanks, no trailing rubbish, no
 * wrap-around) and return 0 or -EINVAL/-ERANGE.
 */
#ifndef CORE_LIB_STR_H
#define CORE_LIB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/arena.h"
#include "core/lib/util.h"

/*
 * What may be in a host name, and in most other names: for strspn(3). Always as literals, of which the program has
 * one: each ends in the same bytes.
 */
#define STR_HOST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
#define STR_NAME "_" STR_HOST

/* A list of strings in an arena; NULL-terminated, so v is an argv. */
struct strv {
	char **v; /* NULL while empty */
	unsigned int n;
};

/* Appends a copy of s. 0 or -ENOMEM. */
int strv_add(struct arena *a, struct strv *l, const char *s);

/* Decimal number within min..max. */
int str_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);
int str_i64(const char *s, int64_t min, int64_t max, int64_t *out);

/* Bytes: 123, 64K, 32M, 1G, 1T (powers of 1024; KiB/MiB spellings and lower case too), "max" = UINT64_MAX. */
int str_size(const char *s, uint64_t *bytes);

/* Time: 500ms, 10s (or plain 10), 5m, 2h, 1d; in milliseconds. */
int str_time(const char *s, uint64_t *ms);

/* yes/no, true/false, on/off, 1/0. */
int str_bool(const char *s, bool *out);

/* Writes v in decimal, without a NUL; returns its digits. */
#define STR_NUMBER 20
size_t str_number(char buf[STR_NUMBER], uint64_t v);

/* Short forms for people: "32M", "1.5G"; "10s", "3m12s", "2d4h". Returns buf. */
const char *str_of_size(uint64_t bytes, char *buf, size_t size);
const char *str_of_time(uint64_t ms, char *buf, size_t size);

/* Copies with truncation, always NUL-terminated; returns false when cut. */
bool str_copy(char *dst, size_t size, const char *src);

/*
 * Writes len foreign bytes as printable text: control bytes, escapes and invalid UTF-8 become \xNN,
 * newline \n. Always NUL-terminated, cut to size. Returns dst.
 */
const char *str_escape(char *dst, size_t size, const char *src, size_t len);

/*
 * One step of it, for output that goes elsewhere: writes the printable form of what src begins with
 * to out (not terminated), its length to *out_len, and returns the bytes of src it stands for (>= 1).
 * len is not 0.
 */
#define STR_ESCAPE_ONE 4
size_t str_escape_one(const char *src, size_t len, char out[STR_ESCAPE_ONE], size_t *out_len);

/* snprintf which never returns more than size - 1 and never fails. */
size_t str_format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The candidate nearest to word by edit distance, or NULL when none is near (for "did you mean"). */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);

/*
 * The same one candidate (or NULL) at a time, for tables: best starts as str_nearest_begin(word), found
 * as NULL; returns the new found.
 */
unsigned int str_nearest_begin(const char *word);
const char *str_nearest_more(const char *word, const char *candidate, unsigned int *best,
			     const char *found);

#endif
