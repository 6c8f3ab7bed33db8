// SPDX-License-Identifier: MIT
/* Any datagram as a message of sd_notify: what is kept is bounded, printable and not made up. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notify n;

	notify_parse((const char *)data, size, &n);
	if (!memchr(n.status, 0, sizeof(n.status)) || (!n.has_status && n.status[0]))
		abort();
	for (const char *p = n.status; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			abort();
	if (n.watchdog && (n.watchdog < 10 || n.watchdog > 86400000))
		abort();
	if ((n.ready || n.stopping || n.alive || n.trigger) && size < 7)
		abort();
	return 0;
}
