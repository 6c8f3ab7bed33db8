/* SPDX-License-Identifier: MIT */
/*
 * Moments as text: RFC 3339 in UTC with milliseconds, "2026-11-23T16:43:28.123Z". Without libc's time
 * zones, for any year from 1970 to 9999.
 */
#ifndef CORE_LIB_STAMP_H
#define CORE_LIB_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define STAMP_LEN 24 /* bytes without the NUL */

/* Milliseconds of CLOCK_REALTIME now. */
uint64_t stamp_now(void);

/* Writes ms since 1970 as text; moments beyond 9999 become its last one. Returns buf. */
const char *stamp_format(uint64_t ms, char buf[STAMP_LEN + 1]);

/* Reads STAMP_LEN bytes (no NUL needed) in exactly that form; false for anything else. */
bool stamp_parse(const char *text, uint64_t *ms);

#endif
