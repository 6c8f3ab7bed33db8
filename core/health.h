/* SPDX-License-Identifier: MIT */
/*
 * How a container's health is looked at: the key health = in words, and when looks that fail make it
 * unhealthy. Knows neither processes nor sockets.
 *
 *	health = exec COMMAND... | tcp PORT | http PORT PATH | file PATH | notify | none
 *	         [every TIME] [timeout TIME] [retries N] [start-period TIME]
 *
 * The pairs may also stand in front. Of exec, pairs at the end are not part of the command.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/err.h"
#include "core/lib/str.h"

#define HEALTH_PATH 256	 /* bytes of PATH with its NUL */
#define HEALTH_TEXT 116	 /* bytes of what is said of a look, with its NUL */
#define HEALTH_SOON 1000 /* ms between looks at one that has not been healthy yet, at most */
#define HEALTH_SOCKET "/dev/notify" /* in the container, for notify */

enum health_kind {
	HEALTH_NONE, /* also where an image says something else */
	HEALTH_EXEC, /* exits with 0 */
	HEALTH_TCP,  /* takes a connection on its loopback */
	HEALTH_HTTP, /* answers 2xx or 3xx there */
	HEALTH_FILE, /* is there */
	HEALTH_NOTIFY /* says so itself: READY=1, and WATCHDOG=1 within every, where that is written */
};

struct health {
	enum health_kind kind;
	unsigned int first, n; /* exec: words of the command */
	uint16_t port;
	char path[HEALTH_PATH]; /* http, file */
	uint64_t every, timeout,
		start_period; /* ms; every of notify: 0 when nothing is to be heard again */
	unsigned int retries;
};

/* From the words of the key; none at all are HEALTH_NONE. -EINVAL, and e says which word and what is expected. */
int health_parse(const struct strv *words, struct health *h, struct err *e);

/* What health_judge() remembers of one run of a container. */
struct health_count {
	unsigned int failures; /* in a row */
	bool was_healthy;
};

/*
 * After a look: true when it is unhealthy now. Until it has been healthy once it has the start period, and then as
 * long as the retries take; since is ms from its start.
 */
bool health_judge(const struct health *h, struct health_count *n, bool good, uint64_t since);

/* ms until the next look. */
uint64_t health_pause(const struct health *h, const struct health_count *n);

#endif
