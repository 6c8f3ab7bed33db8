// SPDX-License-Identifier: MIT
/*
 * What assert(3) of a library calls that was linked: says what has failed with our few functions instead of
 * the streams of musl, which would come with it. Linked into static programs only. Never returns.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void __assert_fail(const char *text, const char *file, int line, const char *function)
{
	char said[256];
	int n = snprintf(said, sizeof(said), "%s:%d: %s: assertion failed: %s\n", file, line,
			 function, text);

	if (n > 0 && write(STDERR_FILENO, said, strnlen(said, sizeof(said))) < 0)
		_exit(127);
	__builtin_trap();
}
