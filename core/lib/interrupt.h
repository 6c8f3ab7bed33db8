/* SPDX-License-Identifier: MIT */
/*
 * Asked to end while busy: for long work in a process that has blocked its signals so as to leave nothing
 * half done. It looks here now and then, and fails with EINTR on its usual way out.
 */
#ifndef CORE_LIB_INTERRUPT_H
#define CORE_LIB_INTERRUPT_H

#include <signal.h>

/* A blocked SIGINT, SIGTERM, SIGHUP or SIGQUIT that waits to be taken, or 0. Takes nothing. */
static inline int interrupt_pending(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	if (sigpending(&set) < 0)
		return 0;
	for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigismember(&set, ends[i]) == 1)
			return ends[i];
	return 0;
}

#endif
