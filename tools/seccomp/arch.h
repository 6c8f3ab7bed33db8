/* SPDX-License-Identifier: MIT */
/* The architectures that compile.c knows. */
#ifndef TOOLS_SECCOMP_ARCH_H
#define TOOLS_SECCOMP_ARCH_H

#include <stdint.h>

struct arch {
	const char *name; /* as in uname -m */
	uint32_t native, compat;
};

/* By its name as in uname -m, or NULL. */
const struct arch *arch_find(const char *name);

/* The first of its numbers: MIPS gives each ABI a thousand of its own. */
uint32_t arch_base(uint32_t arch);

#endif
