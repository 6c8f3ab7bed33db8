/* SPDX-License-Identifier: MIT */
/*
 * What `myctr logs` makes of stored output on its way to the person: lines, times in front, the last
 * lines only, control bytes escaped where stdout is a terminal.
 */
#ifndef CORE_CMD_LOGS_TEXT_H
#define CORE_CMD_LOGS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/out.h"

#define LOGS_HOLD 3 /* bytes of a UTF-8 character that may still miss its last */

struct logs_text {
	struct out out;
	bool times; /* RFC 3339 in front of each line */
	bool escape; /* nothing a container has printed reaches the terminal as it is, but text and tabs */

	/* with tail, lines are gathered until logs_text_end_tail() */
	bool tail;
	uint64_t want; /* lines */

	/* own */
	bool mid_line; /* what was printed last does not end a line */
	char held[LOGS_HOLD];
	size_t n_held;
	char *buf; /* gathered: len bytes from .from on */
	size_t from, len, room;
	uint64_t lines; /* newlines in it */
	bool no_memory; /* something could not be gathered */
};

/* A log_each_fn (core/driver.h); arg is the struct logs_text. */
void logs_text_each(void *arg, uint64_t realtime_ms, const char *bytes, size_t len);

/* Prints what was gathered; from here on everything is printed as it comes. */
void logs_text_end_tail(struct logs_text *t);

/* Prints what is held back, flushes, frees. 0, or the first write error as -errno, or -ENOMEM. */
int logs_text_finish(struct logs_text *t);

#endif
