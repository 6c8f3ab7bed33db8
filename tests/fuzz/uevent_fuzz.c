// SPDX-License-Identifier: MIT
/* Uevents: the first byte says whether it is a datagram, the rest is what came. */
#include <stdlib.h>
#include <string.h>

#include "core/lib/uevent.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct uevent u;
	char *buf;

	if (size < 1)
		return 0;
	buf = malloc(size);
	if (!buf)
		abort();
	memcpy(buf, data + 1, size - 1);
	if (uevent_parse(&u, buf, size - 1, data[0] & 1) == 0 &&
	    (u.devname[0] == '/' || strstr(u.devname, "/../") || strlen(u.devname) > 200 ||
	     strlen(u.action) + strlen(u.devpath) + strlen(u.subsystem) > 3 * size))
		abort();
	free(buf);
	return 0;
}
