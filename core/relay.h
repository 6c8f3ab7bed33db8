/* SPDX-License-Identifier: MIT */
/*
 * The CLI while a program runs in the foreground: signals are passed on, a terminal is relayed, the
 * exit status becomes ours.
 */
#ifndef CORE_RELAY_H
#define CORE_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

/* Blocks the signals that are passed on; before the clone, so that none is lost in between. */
void relay_begin(void);

/*
 * Waits for the child pid. master is the pty of a program with a terminal, else -1; with stdin_too
 * our standard input goes to it, raw when it is a terminal. Returns the wait(2) status.
 */
int relay_run(pid_t pid, int master, bool stdin_too);

/* wait(2) status as an exit status: its own, or 128 + signal. */
int relay_status(int status);

#endif
