/* SPDX-License-Identifier: MIT */
/* Starts and restarts under a supervisor, counted: the part of icount_init.c that speaks its protocol. */
#ifndef TESTS_BENCH_ICOUNT_SUP_H
#define TESTS_BENCH_ICOUNT_SUP_H

/*
 * Starts argv ("myctr", "daemon"), a container of the payload that says when it runs in rootfs /c, and
 * prints medians of runs: the floor, a start and a restart with its stop, each to the first instruction of the payload.
 */
void icount_supervised(int runs, char **argv);

#endif
