/* SPDX-License-Identifier: MIT */
/*
 * Waiting until files change: for commands that follow a log or a record. Uses inotify(7); on a kernel
 * without it, looks again ten times a second.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "core/lib/util.h"

struct watch {
	int fd; /* inotify, -1 without it */
};

/* Cannot fail: without inotify watch_wait() sleeps. */
void watch_open(struct watch *w);
void watch_close(struct watch *w);
#define AUTO_WATCH CLEANUP(watch_close)

/* Watches a file, or a folder and what is in it; one that is not there is left out. Add, then look. */
void watch_add(struct watch *w, const char *path);

/*
 * Returns when something watched has changed since the last call, or pidfd (-1 for none) became
 * readable, or after ms milliseconds. May return early. Changes that come quickly one after another are
 * one: it takes at least 10 ms after the first.
 */
void watch_wait(struct watch *w, int pidfd, int ms);

#endif
