/* SPDX-License-Identifier: MIT */
/* Start conditions in the supervisor's loop, and what it knows of the clock. */
#ifndef INIT_WHEN_H
#define INIT_WHEN_H

#include "core/lib/config.h"
#include "core/lib/event.h"

struct ctr;
struct sup;

struct sup_when {
	struct event_timer timer;
	uint64_t pause; /* ms until the next look */
	bool time_good; /* the clock was set from the RTC */
};

#if IS_ENABLED(CONFIG_WHEN)
/* Does c still wait for a condition? Then its record says for which, and the loop looks again by itself. */
bool when_waits(struct ctr *c);
/* Something has changed that a condition may be about: look now. */
void when_kick(struct sup *s);
#else
static inline bool when_waits(struct ctr *c UNUSED)
{
	return false;
}
static inline void when_kick(struct sup *s UNUSED)
{
}
#endif

#endif
