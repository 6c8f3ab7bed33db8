// SPDX-License-Identifier: MIT
/*
 * The default seccomp profile: a program that was compiled from default.list on the build machine, so the
 * device needs no compiler and no list. Runs on the host before the clone. What is left to do is to
 * write the answers of the few calls that depend on the container's capabilities.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/driver.h"
#include "core/lib/arena.h"

#ifndef TIOCLINUX
#define TIOCLINUX 0x541c
#endif

#define SECCOMP_NR offsetof(struct seccomp_data, nr)
#define SECCOMP_ARCH offsetof(struct seccomp_data, arch)
/* The kernel takes these arguments as int, so their upper halves must not be looked at. */
#define SECCOMP_ARG_LOW(n)                               \
	(offsetof(struct seccomp_data, args) + 8 * (n) + \
	 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

#include "generated/seccomp_default.h"

_Static_assert(ARRAY_SIZE(seccomp_default) <= BPF_MAXINSNS, "too long for the kernel");

static bool default_match(const char *profile)
{
	return strcmp(profile, "default") == 0;
}

/* SECCOMP_RET_TRACE | errno << 8 | index of the capabilities, any of which allows the call. */
static uint32_t answer(uint32_t mark, uint64_t caps)
{
	uint32_t error = (mark & SECCOMP_RET_DATA) >> 8;

	if (caps & seccomp_default_caps[mark & 0xff])
		return SECCOMP_RET_ALLOW;
	return SECCOMP_RET_ERRNO | (error ? error : EPERM);
}

static int default_build(const char *profile, uint64_t caps, struct arena *arena,
			 struct sock_fprog *out, struct err *e)
{
	struct sock_filter *program = arena_alloc(arena, sizeof(seccomp_default));

	if (!program)
		return err_sys(e, ENOMEM, "seccomp %s", profile);
	memcpy(program, seccomp_default, sizeof(seccomp_default));
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_default); i++)
		if (program[i].code == (BPF_RET | BPF_K) &&
		    (program[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
			program[i].k = answer(program[i].k, caps);
	out->len = (unsigned short)ARRAY_SIZE(seccomp_default);
	out->filter = program;
	return 0;
}

DRIVER(seccomp, default) = {
	.name = "default",
	.about = "system calls ordinary programs need, by capabilities",
	.kernel = "SECCOMP SECCOMP_FILTER",
	.match = default_match,
	.build = default_build,
};
