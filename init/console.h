/* SPDX-License-Identifier: MIT */
/* What runs on the terminals of the device. */
#ifndef INIT_CONSOLE_H
#define INIT_CONSOLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/lib/config.h"

struct sup;

/* console.c */
void console_start(struct sup *s);
bool console_ended(struct sup *s, pid_t pid);
/* In a child: argv on a terminal of its own. term is "TERM=..."; first, which may be NULL, runs before. */
NORETURN void console_child(const char *tty, const char *term, char **argv, void (*first)(void));

/* consoles.c: the [console]s */
#if IS_ENABLED(CONFIG_CONSOLES)
/* Starts those that do not run and whose terminal is there; called again after a change of either. */
void consoles_start(struct sup *s);
bool consoles_ended(struct sup *s, pid_t pid);
#else
static inline void consoles_start(struct sup *s UNUSED)
{
}
static inline bool consoles_ended(struct sup *s UNUSED, pid_t pid UNUSED)
{
	return false;
}
#endif

#endif
