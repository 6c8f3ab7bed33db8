/* SPDX-License-Identifier: MIT */
/*
 * network = host: the container shares the device's network namespace; nothing is set up or taken down.
 */
#include <string.h>

#include "core/driver.h"

static bool host_match(const char *network)
{
	return strcmp(network, "host") == 0;
}

DRIVER(net, host) = {
	.name = "host",
	.about = "the device's own network",
	.host = true,
	.match = host_match,
};
