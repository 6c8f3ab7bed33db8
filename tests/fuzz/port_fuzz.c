// SPDX-License-Identifier: MIT
/*
 * Any text as an entry of publish: what is accepted is within its bounds and reads back the same from its
 * printed form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct err e = { 0 };
	struct port p, q;
	char buf[PORT_TEXT];

	if (!text)
		return 0;
	if (port_parse(text, &p, &e) == 0) {
		if (!p.host || !p.inside || !p.count || p.host + p.count > 65536 ||
		    p.inside + p.count > 65536 || (*p.dev && !port_is_device(p.dev)))
			abort();
		if (port_parse(port_print(&p, buf), &q, &e) != 0 || memcmp(&p, &q, sizeof(p)) != 0)
			abort();
		if (!port_overlaps(&p, &q, NULL))
			abort();
	} else if (e.code == 0) {
		abort();
	}
	free(text);
	return 0;
}
