/* SPDX-License-Identifier: MIT */
/*
 * A folder in memory for a fuzz target that unpacks into top/root: begin() once, and check_beside() after each input
 * that nothing came to be beside it.
 */
#ifndef TESTS_FUZZ_BESIDE_H
#define TESTS_FUZZ_BESIDE_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/path.h"

static int top = -1;
static char top_path[] = "/dev/shm/fuzz.XXXXXX";

static void leave(void)
{
	path_remove(AT_FDCWD, top_path);
}

static void begin(void)
{
	if (!mkdtemp(top_path) || (geteuid() == 0 && chown(top_path, 65534, 65534) < 0))
		abort();
	top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atexit(leave);
}

static void check_beside(void)
{
	struct stat st;

	/* Only root/ is there, made by us. */
	if (fstat(top, &st) < 0 || st.st_nlink != 3 ||
	    fstatat(top, "root", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		abort();
}

#endif
