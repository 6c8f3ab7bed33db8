/* SPDX-License-Identifier: MIT */
/*
 * The device itself in the state files: one record of kind STATE_SYSTEM named DEVICE_NAME, kept by PID 1. Its
 * fields mean
 *
 *	restarts  boots so far			started  of this boot
 *	reset     why it was reset before	image    which container was the reason, or ""
 *	phase     STATE_RUNNING: it is up, or went down without a word; STATE_EXITED: in order
 *	cause     enum device_reset of what is about to happen: why it goes down
 *	log_day, log_bytes, reason, exit  of the runtime file: the watchdog's time-out in s, its pretimeout,
 *		  its name, and enum device_watchdog
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/state.h"

#define DEVICE_NAME "device"

/* Numbers are in files: never another meaning. */
enum device_reset {
	DEVICE_RESET_UNKNOWN,
	DEVICE_RESET_FIRST,	/* nothing is known of a boot before */
	DEVICE_RESET_REQUESTED, /* poweroff, reboot, halt */
	DEVICE_RESET_WATCHDOG,
	DEVICE_RESET_PANIC,
	DEVICE_RESET_POWER,	 /* none of these: the power was cut, or the reset button pressed */
	DEVICE_RESET_CRASH_LOOP, /* a container failed again and again, and its manifest wanted it */
	DEVICE_N_RESETS,
};

enum device_watchdog {
	DEVICE_DOG_OFF, /* nobody asked for one */
	DEVICE_DOG_HARDWARE,
	DEVICE_DOG_SOFTWARE, /* the kernel's own timer: it does not help when the kernel hangs */
	DEVICE_DOG_NONE,     /* asked for, but there is none */
};

/*
 * Why the device was reset: from the record of the boot before (NULL: there is none), whether the watchdog says that
 * it was it, and whether the kernel has left a panic behind.
 */
enum device_reset device_judge(const struct state_record *before, bool watchdog, bool panic);

/* "power loss", ... */
const char *device_reset_name(unsigned int reset);

#endif
