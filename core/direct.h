/* SPDX-License-Identifier: MIT */
/*
 * What the CLI does to containers itself: those of a `myctr run` in a terminal, and any when no
 * supervisor is there. Everything goes by the state file and pidfds; start times are compared, so
 * that no stranger with a reused pid is ever signalled.
 */
#ifndef CORE_DIRECT_H
#define CORE_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/err.h"
#include "core/state.h"

/* The container's record. -ENOENT with a sentence (and the nearest name) when there is none. */
int direct_find(const char *name, struct state_record *r, struct err *e);

/* True when a living `myctr run` owns the record: the supervisor has no part in it. */
bool direct_is_foreground(const struct state_record *r);

/* True when its first process lives. */
bool direct_is_running(const struct state_record *r);

/* Sends sig to its first process; SIGKILL reaches everything in it. -ESRCH when it does not run. */
int direct_kill(const struct state_record *r, int sig, struct err *e);

/*
 * Stops it: its stop signal, up to ms milliseconds (CTL_NO_TIMEOUT: the spec's), SIGKILL. Cleans up and
 * updates the record when its owner is gone. 0 also when it was not running.
 */
int direct_stop(const struct state_record *r, uint32_t ms, struct err *e);

/* Forgets a container that does not run: what it wrote, its log, its record. */
int direct_remove(const struct state_record *r, struct err *e);

/*
 * For another user than root: his folders, and into the user namespace of a container of his that runs, else into a
 * new one. Before anything is done to containers of his that are not ours.
 */
int direct_enter(struct err *e);

#endif
