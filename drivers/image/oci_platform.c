/* SPDX-License-Identifier: MIT */
/*
 * Kinds of machines as Docker and OCI call them; see oci.h.
 */
#include <string.h>
#include <sys/utsname.h>

#include "core/lib/str.h"
#include "drivers/image/oci.h"

const char *oci_own_platform(char *buf, size_t size)
{
	static const struct {
		const char *machine, *platform;
	} known[] = {
		{ "x86_64", "linux/amd64" },	{ "aarch64", "linux/arm64" },
		{ "armv8l", "linux/arm/v7" },	{ "armv7l", "linux/arm/v7" },
		{ "armv6l", "linux/arm/v6" },	{ "armv5tel", "linux/arm/v5" },
		{ "i686", "linux/386" },	{ "i586", "linux/386" },
		{ "riscv64", "linux/riscv64" }, { "mips", "linux/mips" },
		{ "ppc64le", "linux/ppc64le" }, { "s390x", "linux/s390x" },
	};
	struct utsname u;

	if (uname(&u) < 0)
		str_copy(u.machine, sizeof(u.machine), "unknown");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].machine, u.machine) == 0) {
			str_copy(buf, size, known[i].platform);
			return buf;
		}
	str_format(buf, size, "linux/%s", u.machine);
	return buf;
}

int oci_platform_fits(const char *want, const char *os, const char *arch, const char *variant)
{
	size_t n = strcspn(want, "/"), m;
	const char *rest = want[n] ? want + n + 1 : "";

	m = strcspn(rest, "/");
	if (strlen(os) != n || memcmp(os, want, n) != 0 || strlen(arch) != m ||
	    memcmp(arch, rest, m) != 0)
		return 0;
	rest = rest[m] ? rest + m + 1 : "";
	if (strcmp(rest, variant) == 0)
		return 4;
	if (!*variant || !*rest)
		return 2;
	/* Processors run what was made for older ones: v6 on v7. */
	return rest[0] == 'v' && variant[0] == 'v' && strcmp(variant, rest) < 0 ? 1 : 0;
}
