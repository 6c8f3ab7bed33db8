/* SPDX-License-Identifier: MIT */
/*
 * The device as PID 1 looks after it: its record and the reason of its last reset (resets.c), its watchdog
 * (watchdog.c), and what follows when a container cannot be kept up (ladder.c).
 */
#ifndef INIT_DEVICE_H
#define INIT_DEVICE_H

#include "core/device.h"
#include "core/lib/config.h"
#include "core/lib/util.h"
#include "init/sup.h"

/* resets.c */
#if IS_ENABLED(CONFIG_RESETS)
/* Once a boot, after the watchdog was opened: finds the reason of the last reset and marks that we run. */
void resets_boot(struct sup *s);
/* What is about to happen, and because of whom (NULL: nobody's): on the disk before this returns. */
void resets_coming(struct sup *s, enum device_reset why, const char *who);
/* The device goes down in order; the last that is written. */
void resets_end(struct sup *s);
/* While the device goes down: c had to be killed, or was not. */
void resets_refused(struct ctr *c, bool refused);
/* s->device has changed: for those who look. */
void resets_show(struct sup *s);
#else
static inline void resets_boot(struct sup *s UNUSED)
{
}
static inline void resets_coming(struct sup *s UNUSED, enum device_reset why UNUSED,
				 const char *who UNUSED)
{
}
static inline void resets_end(struct sup *s UNUSED)
{
}
static inline void resets_refused(struct ctr *c UNUSED, bool refused UNUSED)
{
}
static inline void resets_show(struct sup *s UNUSED)
{
}
#endif

/* ladder.c */
#if IS_ENABLED(CONFIG_LADDER)
/* Its manifest wants more than that it is given up. */
bool ladder_applies(const struct ctr *c);
/* Past its limit of restarts: true when it is to be started again; else the device may go down. */
bool ladder_climb(struct ctr *c);
#else
static inline bool ladder_applies(const struct ctr *c UNUSED)
{
	return false;
}
static inline bool ladder_climb(struct ctr *c UNUSED)
{
	return false;
}
#endif

/* watchdog.c */
#if IS_ENABLED(CONFIG_WATCHDOG)
/* Opens it as [system] says and feeds it from now on, once the loop turns. */
void watchdog_open(struct sup *s);
/* Feeds it for a minute, or as long as it can: before what is left of a shutdown, which asks nobody how he is. */
void watchdog_last(struct sup *s);
/* Stops it: only for a device that goes down in order. */
void watchdog_close(struct sup *s);
#else
static inline void watchdog_open(struct sup *s UNUSED)
{
}
static inline void watchdog_last(struct sup *s UNUSED)
{
}
static inline void watchdog_close(struct sup *s UNUSED)
{
}
#endif

#endif
