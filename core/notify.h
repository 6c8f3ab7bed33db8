/* SPDX-License-Identifier: MIT */
/*
 * What a service says of itself: the messages of sd_notify(3), one datagram of KEY=VALUE lines. They come from
 * inside a container, so any bytes are accepted and at most a line of text is kept. Source: sd_notify(3).
 */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIFY_MAX 2048 /* bytes of a message; longer ones are dropped */
#define NOTIFY_STATUS 80

struct notify {
	bool ready, stopping;
	bool alive;   /* WATCHDOG=1 */
	bool trigger; /* WATCHDOG=trigger: it says itself that it is not well */
	bool has_status;
	uint64_t watchdog;	    /* ms from WATCHDOG_USEC, 0 when it was not there */
	char status[NOTIFY_STATUS]; /* no control characters; cut at the end */
};

/* Everything else that is in the message (MAINPID, FDSTORE, RELOADING, ...) is ignored. */
void notify_parse(const char *text, size_t len, struct notify *n);

#endif
