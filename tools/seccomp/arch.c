// SPDX-License-Identifier: MIT
/* What libseccomp calls the architectures, and where their system call numbers begin; a part of compile.c. */
#include "tools/seccomp/arch.h"

#include <seccomp.h>
#include <stddef.h>
#include <string.h>

static const struct arch archs[] = {
	{ "x86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86 },
	{ "i386", SCMP_ARCH_X86, 0 },
	{ "i486", SCMP_ARCH_X86, 0 },
	{ "i586", SCMP_ARCH_X86, 0 },
	{ "i686", SCMP_ARCH_X86, 0 },
	{ "aarch64", SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
	{ "arm", SCMP_ARCH_ARM, 0 },
	{ "armv6l", SCMP_ARCH_ARM, 0 },
	{ "armv7l", SCMP_ARCH_ARM, 0 },
	{ "riscv64", SCMP_ARCH_RISCV64, 0 },
	{ "mips", SCMP_ARCH_MIPS, 0 },
	{ "mipsel", SCMP_ARCH_MIPSEL, 0 },
	{ "mips64", SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS },
	{ "mips64el", SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL },
	{ "powerpc", SCMP_ARCH_PPC, 0 },
	{ "powerpc64le", SCMP_ARCH_PPC64LE, 0 },
	{ "ppc64le", SCMP_ARCH_PPC64LE, 0 },
};

uint32_t arch_base(uint32_t arch)
{
	switch (arch) {
	case SCMP_ARCH_MIPS:
	case SCMP_ARCH_MIPSEL:
		return 4000;
	case SCMP_ARCH_MIPS64:
	case SCMP_ARCH_MIPSEL64:
		return 5000;
	default:
		return 0;
	}
}

const struct arch *arch_find(const char *name)
{
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		if (strcmp(archs[i].name, name) == 0)
			return &archs[i];
	return NULL;
}
