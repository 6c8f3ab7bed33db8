/* SPDX-License-Identifier: MIT */
/*
 * What the two halves of log driver file share: names and form of the files.
 *
 *	DIR/NAME.log            lines "2026-11-23T16:43:28.123Z text", the newest last
 *	DIR/NAME.log.1[.lz4]    the file before it, compressed a moment after it was renamed
 *	DIR/NAME.log.2[.lz4] …  older ones, up to log-files of them
 *	DIR/NAME.log.tmp        being compressed; of no use once its process is dead
 *
 * Every file begins with a time, also when that is in the middle of a line: the first STAMP_LEN bytes
 * name a file wherever rotation has moved it.
 */
#ifndef DRIVERS_LOG_FILE_H
#define DRIVERS_LOG_FILE_H

#include "core/driver.h"

#define FILE_PATH 320
#define FILE_SUFFIX ".lz4"
#define FILE_MAX 99 /* rotated files */

/* Path of file number n (0: the one being written) with suffix ("" or FILE_SUFFIX). */
int file_path(const struct log_args *a, unsigned int n, const char *suffix, char path[FILE_PATH]);

/* See log_driver. In file_read.c. */
int file_read(const struct log_args *a, uint64_t *cursor, log_each_fn *each, void *arg,
	      struct err *e);

#endif
