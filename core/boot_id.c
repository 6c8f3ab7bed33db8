/* SPDX-License-Identifier: MIT */
/*
 * Which boot of the device this is; see boot_id.h. Used where something on the disk means this boot or another.
 */
#include "core/boot_id.h"

#include <fcntl.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"

uint64_t boot_id(void)
{
	AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd < 0 ? 0 : fd_read(fd, text, sizeof(text));

	return n <= 0 ? 0
		      : (uint64_t)hash_crc32c(0, text, (size_t)n) << 32 |
				hash_crc32c(1, text, (size_t)n);
}
