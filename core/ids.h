/* SPDX-License-Identifier: MIT */
/*
 * Which user a container's program runs as: exactly the one that was written, or an error.
 *
 *	NAME | UID  [ ":" GROUP | GID ]
 *
 * A word of digits only is a number within 0..4294967294 and nothing else; any other word is a
 * name, looked up in the image's /etc/passwd and /etc/group (never the host's). No blanks, signs, or
 * empty parts. A name brings its group and supplementary groups from those files; a number does
 * where it is listed. A number that is not listed gets the group of the same number, not group 0.
 */
#ifndef CORE_IDS_H
#define CORE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/lib/err.h"
#include "core/lib/str.h"

#define IDS_GROUPS_MAX 64	/* supplementary groups of one user; more is an error */
#define IDS_FILE_MAX (1U << 20) /* bytes of passwd and group that are read; more is an error */

struct ids {
	uid_t uid;
	gid_t gid;
	gid_t groups[IDS_GROUPS_MAX];
	unsigned int n_groups;
	char home[128]; /* for HOME: from passwd, else "/root" for uid 0 and "/" for others */
};

/*
 * Fills out from user (NULL or "" is 0:0, without reading a file) and groups (spec groups = names or
 * numbers, added to the ones of the files). root is a folder fd of the container's root; it may be
 * -1 when user and groups are numbers only. -ENOENT names who is missing, -EINVAL what is malformed.
 */
int ids_lookup(int root, const char *user, const struct strv *groups, struct ids *out,
	       struct err *e);

/* Form of one user or group word without any lookup, for checks of a manifest. 0 or -EINVAL. */
int ids_check(const char *user, struct err *e);
int ids_check_group(const char *group, struct err *e);

/*
 * Becomes that user: setgroups(2) (left out where no_setgroups, a user namespace that denies it), setgid,
 * setuid, all by raw numbers. 0 or -errno.
 */
int ids_apply(const struct ids *ids, bool no_setgroups, struct err *e);

#endif
