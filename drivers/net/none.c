/* SPDX-License-Identifier: MIT */
/*
 * network = none: a network namespace of its own with nothing but lo, which is brought up. Runs inside.
 */
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/driver.h"
#include "core/lib/fd.h"

static int none_inside(const struct net_args *a, struct err *e)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)a;
	/* Open until the program runs, as all that is open here. A kernel without IPv4 has no lo worth bringing up. */
	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : err_sys(e, errno, "none: making a socket");
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? err_sys(e, errno, "none: bringing lo up") : 0;
}

DRIVER(net, none) = {
	.name = "none",
	.about = "a network namespace with lo only",
	.kernel = "NET_NS",
	.kind = NET_NONE,
	.inside = none_inside,
};
