/* SPDX-License-Identifier: MIT */
/* A supervisor of the bench's own and requests to it. */
#ifndef TESTS_BENCH_DAEMON_H
#define TESTS_BENCH_DAEMON_H

#include "tests/bench/bench.h"

/* Starts `myctr daemon` and waits until it answers; its pid, or -errno. */
pid_t daemon_start(const struct bench *b);
/* Ends it and everything it has started. */
void daemon_stop(const struct bench *b, pid_t pid);
/* `myctr run -d` of the stamp payload, output into the container's log; exit
 * status. */
int daemon_run(const struct bench *b, const char *name, const char *payload_option);
/* One request over the control socket, see core/ctl.h; 0 or -errno. */
int daemon_ask(int op, const char *name);
/* The stamp a container wrote last, in ns of CLOCK_MONOTONIC; waits a little
 * for one after. */
int64_t daemon_stamp(const struct bench *b, const char *name, int64_t after);
/* Kills every stamp payload there is, through /proc. */
void daemon_kill_payloads(const struct bench *b);

#endif
