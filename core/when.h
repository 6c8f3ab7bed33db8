/* SPDX-License-Identifier: MIT */
/*
 * Start conditions of a container: the key when. Only their form; init/when.c looks whether they hold.
 */
#ifndef CORE_WHEN_H
#define CORE_WHEN_H

#include "core/lib/err.h"

enum when_kind {
	WHEN_TIME_GOOD, /* the clock was set from a clock that can be trusted, or is kept by NTP */
	WHEN_ENTROPY,	/* getrandom(2) does not block */
	WHEN_DEVICE,	/* a node, or one that matches a pattern, is there */
	WHEN_LINK,	/* an interface has a carrier */
	WHEN_FILE,	/* a path exists */
	WHEN_NETWORK,	/* a [network] or [interface] of the manifest leads somewhere */
	WHEN_N_KINDS,
};

/* One condition, "device /dev/ttyUSB*". *arg points into text, "" where the kind has none. 0 or -EINVAL. */
int when_parse(const char *text, enum when_kind *kind, const char **arg, struct err *e);

#endif
