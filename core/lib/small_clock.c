// SPDX-License-Identifier: MIT
/*
 * clock_gettime(2) by its system call. The C library's asks code that the kernel maps into every process,
 * faster, but has to find it there first. Linked into static programs only, where size comes before
 * speed.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* 32-bit machines have a second one whose seconds do not end in 2038. */
#ifdef SYS_clock_gettime64
enum { SMALL_CLOCK_GETTIME = SYS_clock_gettime64 };
#else
enum { SMALL_CLOCK_GETTIME = SYS_clock_gettime };
#endif

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	return (int)syscall(SMALL_CLOCK_GETTIME, clock, ts);
}
