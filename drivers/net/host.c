/* SPDX-License-Identifier: MIT */
/*
 * network = host: the container shares the device's network namespace; nothing is set up or taken down.
 */
#include "core/driver.h"

DRIVER(net, host) = {
	.name = "host",
	.about = "the device's own network",
	.host = true,
	.kind = NET_HOST,
};
