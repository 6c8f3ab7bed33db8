// SPDX-License-Identifier: MIT
/*
 * Can this kernel make links of a kind: asked for in a network namespace of its own, which ends with the
 * probe. Runs for `myctr check` only.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#include "core/feature.h"
#include "core/lib/netlink.h"

enum feature_state feature_try_link(const struct feature *f)
{
	AUTO_NETLINK struct netlink n = { .fd = -1 };
	NETLINK_BUF buf[128];
	struct netlink_req r = NETLINK_REQ(buf);
	struct ifinfomsg ifi = { 0 };
	size_t info;
	int ret;

	if (unshare(CLONE_NEWNET) < 0 || netlink_open(&n, NETLINK_ROUTE, -1, NULL) < 0)
		return FEATURE_UNKNOWN;
	netlink_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &ifi, sizeof(ifi),
		      NULL);
	info = netlink_nest(&r, IFLA_LINKINFO);
	netlink_put_text(&r, IFLA_INFO_KIND, f->arg);
	netlink_nest_end(&r, info);
	ret = netlink_talk(&n, &r, NULL, NULL, NULL);
	/* One that is known may still miss what is to be below it. */
	return ret == -EOPNOTSUPP ? FEATURE_MISSING : FEATURE_FOUND;
}
