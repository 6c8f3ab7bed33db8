/* SPDX-License-Identifier: MIT */
/*
 * What holds for limits whether or not a cgroup driver is usable. The driver itself is
 * found by cgroup_driver() of core/driver.h.
 */
#ifndef CORE_CGROUP_H
#define CORE_CGROUP_H

#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"
#include "core/spec.h"

/* The enum cgroup_missing bits of the limits s asks for, 0 when it asks for none. */
uint32_t cgroup_wanted(const struct spec *s);

/*
 * For a start without any usable driver: 0 when s asks for no limit or says limits = best-effort (then
 * *missing has what was asked for), else -ENOTSUP with a sentence that names the key, the kernel options
 * and the way out.
 */
int cgroup_require_none(const struct spec *s, uint32_t *missing, struct err *e);

/* "memory, pids" for enum cgroup_missing bits, "" for none. Returns buf. */
const char *cgroup_missing_text(uint32_t missing, char *buf, size_t size);

#endif
