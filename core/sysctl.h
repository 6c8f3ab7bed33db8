/* SPDX-License-Identifier: MIT */
/*
 * Kernel parameters. A container may only set those that belong to a namespace of its own; anything
 * else would change the device and is refused with the reason.
 *
 * Keys are written with dots (net.ipv4.ip_forward) or with slashes where a name has a dot in it
 * (net/ipv4/conf/eth0.100/rp_filter). Source: sysctl(8), Documentation/admin-guide/sysctl.
 */
#ifndef CORE_SYSCTL_H
#define CORE_SYSCTL_H

#include "core/lib/err.h"
#include "core/spec.h"

/* Checks every sysctl of s: form, and that it belongs to a namespace s has of its own. 0 or -EINVAL. */
int sysctl_check(const struct spec *s, struct err *e);

/*
 * Sets every sysctl of s. Runs inside, when the namespaces are there and before /proc/sys is made
 * read-only. proc is a folder fd of a procfs; it is checked to be one, and nothing mounted over a part of
 * it is written to. 0 or -errno with the key in the sentence.
 */
int sysctl_apply(const struct spec *s, int proc, struct err *e);

/* Sets one "KEY=VALUE" without any check of namespaces: the device's own [system] sysctl. */
int sysctl_set(int proc, const char *text, struct err *e);

#endif
