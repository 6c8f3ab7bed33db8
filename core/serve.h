/* SPDX-License-Identifier: MIT */
/*
 * Networks that a program outside serves (slirp, pasta): which ports, which program. For containers of users.
 */
#ifndef CORE_SERVE_H
#define CORE_SERVE_H

#include "core/launch.h"
#include "core/lib/config.h"

#if IS_ENABLED(CONFIG_HELPERS)
/* Before anything is made: can the ports of l->spec be had? */
int serve_check(const struct launch *l, struct err *e);

/* The driver's up() for the waiting process pid, with the ports read. */
int serve_up(const struct launch *l, pid_t pid, struct err *e);

/* The name of the one which `run` of a user uses: whose program is installed, or NULL. */
const char *serve_default(void);
#else
static inline int serve_check(const struct launch *l UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline int serve_up(const struct launch *l UNUSED, pid_t pid UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline const char *serve_default(void)
{
	return NULL;
}
#endif

#endif
