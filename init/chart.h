/* SPDX-License-Identifier: MIT */
/* What happened when as the device booted: see chart.c and core/cmd/bootchart.c. */
#ifndef INIT_CHART_H
#define INIT_CHART_H

#include "core/lib/config.h"

struct event_loop;

/*
 * A moment: "init", "stage" and "loop" of the device itself, "launch", "run", "ready", "end" of the container name.
 * Costs a look at the clock; dropped when the boot is long over, or by a supervisor that is not PID 1.
 */
#if IS_ENABLED(CONFIG_BOOTCHART)
void chart_note(const char *what, const char *name);
/* Begins; nothing is kept before. */
void chart_open(void);
/* From now on there is a loop and a runtime folder. */
void chart_loop(struct event_loop *l);
#else
static inline void chart_note(const char *what UNUSED, const char *name UNUSED)
{
}
static inline void chart_open(void)
{
}
static inline void chart_loop(struct event_loop *l UNUSED)
{
}
#endif

#endif
