/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of a device that comes or goes: a datagram of NETLINK_KOBJECT_UEVENT, or the file uevent
 * of a device in sysfs. Source: lib/kobject_uevent.c, Documentation/ABI/testing/sysfs-uevent.
 */
#ifndef CORE_LIB_UEVENT_H
#define CORE_LIB_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

#define UEVENT_MAX 8192 /* bytes of a datagram with the NUL that uevent_parse() adds */

struct uevent {
	const char *action;    /* "add", "remove", ...; "" in sysfs */
	const char *devpath;   /* below /sys, begins with a slash; "" in sysfs */
	const char *subsystem; /* "" */
	const char *devname;   /* below /dev, without ..; "" for what has no node */
	const char *verity; /* TYPE,BLOCK of a dm-verity device that was not what its tree says; "" */
};

/*
 * Reads len bytes of buf, which has room for one more, into *u, whose texts point into buf. Lines end with a NUL
 * (a datagram, whose first line is ACTION@DEVPATH) or with a newline (sysfs, which has no such line). 0, or
 * -EBADMSG for anything the kernel would not say.
 */
int uevent_parse(struct uevent *u, char *buf, size_t len, bool datagram);

#endif
