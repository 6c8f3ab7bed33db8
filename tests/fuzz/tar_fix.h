/* SPDX-License-Identifier: MIT */
/* For the tar fuzzers: makes the checksums of headers right, so that more than the checksum is tried. */
#ifndef TESTS_FUZZ_TAR_FIX_H
#define TESTS_FUZZ_TAR_FIX_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of data, to be freed, in which every block that looks like a header has a right checksum. */
static inline uint8_t *tar_fix(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (size_t at = 0; at + 512 <= size; at += 512) {
		uint8_t *h = copy + at;
		unsigned int sum = 8 * ' ';

		if (memcmp(h + 257, "ustar", 5) != 0)
			continue;
		for (int i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? 0 : h[i];
		snprintf((char *)h + 148, 8, "%06o", sum);
	}
	return copy;
}

#endif
