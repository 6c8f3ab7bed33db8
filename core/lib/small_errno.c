// SPDX-License-Identifier: MIT
/*
 * errno as a plain variable: this program has one thread. The compiler, which sees the whole program, then reads
 * it where it is needed instead of calling for its address. Linked into static programs only.
 */
#include <errno.h>

int *__errno_location(void)
{
	static int number;

	return &number;
}

/* The C library's own name for the same. */
int *___errno_location(void) __attribute__((const, alias("__errno_location")));
