/* SPDX-License-Identifier: MIT */
/* What the files of the cgroup v2 driver share. Nothing else includes this. */
#ifndef DRIVERS_CGROUP_V2_H
#define DRIVERS_CGROUP_V2_H

#include <stdint.h>

#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/spec.h"

/*
 * Enables a controller for the children of our parent cgroup, all the way from the root. 0, or -errno of
 * the first level that refused.
 */
int cgroup_v2_enable(const char *controller);

/*
 * Writes the limits of s to the files of cgroup (a folder fd). Only what is set is written. A limit that
 * cannot be written is an error, or under limits = best-effort a bit in *missing.
 */
int cgroup_v2_limits(const struct spec *s, int cgroup, uint32_t *missing, struct err *e);

/*
 * Attaches the device filter of s to cgroup. Where the kernel cannot, CGROUP_NO_DEVICES is set in
 * *missing; it is an error only when the container may make device nodes and limits are strict.
 */
#if IS_ENABLED(CONFIG_CGROUP_DEVICES)
int cgroup_v2_devices(const struct spec *s, int cgroup, uint32_t *missing, struct err *e);

/* Replaces the filter of a running one by what device = stands for now. */
int cgroup_v2_devices_again(const struct spec *s, int cgroup, struct err *e);
#else
static inline int cgroup_v2_devices_again(const struct spec *s, int cgroup, struct err *e)
{
	(void)s, (void)cgroup, (void)e;
	return 0;
}

static inline int cgroup_v2_devices(const struct spec *s, int cgroup, uint32_t *missing,
				    struct err *e)
{
	(void)s, (void)cgroup, (void)missing, (void)e;
	return 0;
}
#endif

#endif
