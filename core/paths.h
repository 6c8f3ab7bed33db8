/* SPDX-License-Identifier: MIT */
/*
 * Where things are on the device: one place, from Kconfig strings, or XDG folders for a user without root.
 */
#ifndef CORE_PATHS_H
#define CORE_PATHS_H

#include <stddef.h>

#include "core/lib/err.h"

#define PATHS_MAX 192

/* Folder roots, decided once by paths_init(): /run/myctr, /var/lib/myctr, /var/log/myctr, /etc/myctr. */
struct paths {
	char run[96], data[96], log[96], etc[96];
};

extern struct paths paths;

/*
 * Fills paths: Kconfig strings, for other users than root XDG_RUNTIME_DIR and XDG_DATA_HOME; then the
 * environment MYCTR_RUN, MYCTR_DATA, MYCTR_LOG, MYCTR_ETC (tests, factory). Makes nothing. Beside them
 * MYCTR_CGROUP names the cgroup that holds those of the containers; see drivers/cgroup/v2.c.
 */
int paths_init(struct err *e);

/*
 * "root/sub" and "root/sub/name" into buf of PATHS_MAX bytes. It always fits: root is one of the above, sub a word or
 * two of ours, name NULL or that of a container, or a file named after one.
 */
void paths_of(char *buf, const char *root, const char *sub, const char *name);

/* The same of anything. -ENAMETOOLONG. */
int paths_join(char *buf, const char *root, const char *sub, const char *name);

/*
 * For another user than root: makes the two folders of his own, run and data, and what is in run, or says why they cannot be trusted.
 * paths_init() looks at them already where they exist.
 */
int paths_make_own(struct err *e);

/* Makes run/, run/logs, run/specs, run/mnt/{lower,root} (0700) when missing. */
int paths_make_run(struct err *e);

#endif
