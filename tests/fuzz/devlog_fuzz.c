// SPDX-License-Identifier: MIT
/* Any datagram to /dev/log: its line is bounded, printable and ends once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/devlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[DEVLOG_LINE];
	size_t n;

	memset(line, 0, sizeof(line));
	n = devlog_line((const char *)data, size, line);
	if (n > sizeof(line) || (n && line[n - 1] != '\n'))
		abort();
	for (size_t i = 0; i + 1 < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			abort();
	return 0;
}
