// SPDX-License-Identifier: MIT
/* Why a device was reset: see device.h. Used by PID 1 once a boot, and by `myctr status`. */
#include "core/device.h"

#include "core/lib/util.h"

enum device_reset device_judge(const struct state_record *before, bool watchdog, bool panic)
{
	/* A kernel that panics may still be reset by the watchdog. */
	if (panic)
		return DEVICE_RESET_PANIC;
	if (!before)
		return watchdog ? DEVICE_RESET_WATCHDOG : DEVICE_RESET_FIRST;
	if (before->phase == STATE_EXITED && before->cause < DEVICE_N_RESETS)
		return before->cause;
	if (watchdog || before->cause == DEVICE_RESET_WATCHDOG)
		return DEVICE_RESET_WATCHDOG;
	return DEVICE_RESET_POWER;
}

const char *device_reset_name(unsigned int reset)
{
	static const char *const names[] = {
		[DEVICE_RESET_UNKNOWN] = "unknown",	  [DEVICE_RESET_FIRST] = "first boot",
		[DEVICE_RESET_REQUESTED] = "requested",	  [DEVICE_RESET_WATCHDOG] = "watchdog",
		[DEVICE_RESET_PANIC] = "panic",		  [DEVICE_RESET_POWER] = "power loss",
		[DEVICE_RESET_CRASH_LOOP] = "crash loop",
	};

	return names[reset < ARRAY_SIZE(names) ? reset : DEVICE_RESET_UNKNOWN];
}
