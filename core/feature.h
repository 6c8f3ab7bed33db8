/* SPDX-License-Identifier: MIT */
/*
 * What myctr needs of the kernel and the host: one table, with a probe that tries the real thing where
 * that is possible. Drivers name their kernel symbols; a build needs those of the drivers in it, a
 * container those of the mechanisms its spec uses.
 */
#ifndef CORE_FEATURE_H
#define CORE_FEATURE_H

#include <stddef.h>
#include <stdint.h>

#include "core/lib/config.h"
#include "core/lib/util.h"
#include "core/system.h"

enum feature_state { FEATURE_FOUND, FEATURE_MISSING, FEATURE_UNKNOWN };

struct feature {
	const char *name; /* kernel symbol without CONFIG_, or a word for what is no symbol */
	const char *what; /* what it is for, one line */
	const char *how;  /* Optional: how to get it besides the kernel symbol */
	/* Optional. Runs in a process of its own, may do anything to it; its exit code. */
	enum feature_state (*probe)(const struct feature *f);
	const char *arg; /* for the probe */
	uint64_t num;
};

extern const struct feature features[];
extern const unsigned int n_features; /* at most 64: sets of them are bits in a uint64_t */

/* Bits of the features every container or the supervisor needs, and those linked drivers name. */
uint64_t feature_always(void);
uint64_t feature_of_build(void);

/* Bits of the features that [system] of a manifest needs. */
uint64_t feature_of_system(const struct system_spec *s);

/* Bits of the features a container like s, with the networks of m (which may be NULL), needs. Looks at its image to see what kind it is. */
uint64_t feature_of_spec(const struct spec *s, const struct manifest *m);

/* Tries f in a forked child that is killed after five seconds. Leaves nothing behind. */
enum feature_state feature_probe(const struct feature *f);

/* "image squashfs, log ring": the linked drivers that name f; "" when none does. Returns buf. */
const char *feature_drivers(const struct feature *f, char *buf, size_t size);

/* The probes, by what they try (feature_probe.c). */
enum feature_state
feature_try_namespace(const struct feature *f); /* num: CLONE_NEW*, arg: in /proc/self/ns */
enum feature_state feature_try_filesystem(const struct feature *f); /* arg: type */
#if IS_ENABLED(CONFIG_NETLINK)
enum feature_state feature_try_link(const struct feature *f); /* arg: kind of a virtual link */
#else
static inline enum feature_state feature_try_link(const struct feature *f UNUSED)
{
	return FEATURE_UNKNOWN;
}
#endif
enum feature_state feature_try_open(const struct feature *f);
enum feature_state feature_try_there(const struct feature *f); /* arg: path */
enum feature_state feature_try_tun(const struct feature *f);
enum feature_state feature_try_seccomp(const struct feature *f);
enum feature_state feature_try_cgroup(const struct feature *f); /* arg: key of a limit */
enum feature_state feature_try_overlay(const struct feature *f);
enum feature_state feature_try_xattr(const struct feature *f);
enum feature_state feature_try_rights(const struct feature *f);
enum feature_state feature_try_version(const struct feature *f);
enum feature_state feature_try_rules(const struct feature *f); /* num: enum rules_part */
enum feature_state feature_try_fds(const struct feature *f);

#endif
