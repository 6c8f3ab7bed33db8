/* SPDX-License-Identifier: MIT */
/*
 * Programs of others that serve a container from outside: a user's network or file system. Each is the child of
 * a small keeper process, which waits for the container's end and takes the program with it; when the keeper
 * dies the kernel does that. Executed by path and argv, never through a shell. Source: prctl(2), pidfd_open(2).
 */
#ifndef CORE_LIB_HELPER_H
#define CORE_LIB_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/lib/config.h"
#include "core/lib/err.h"

#define HELPER_PATH 40
#define HELPER_GIVEN 5
#define HELPER_READY 3 /* the descriptor on which the program says that it is ready, by a byte */

struct helper {
	const char *name;  /* for messages: "slirp4netns" */
	char *const *argv; /* argv[0] its path */
	/* The process with whose end it ends: a pidfd, or -1: helper_follow() says so later. */
	int pidfd;
	int given; /* a descriptor that the program gets as HELPER_GIVEN; 0: none */
	/* Optional: tells that it is ready, where it writes nothing to HELPER_READY. Asked again and again. */
	bool (*is_ready)(const void *arg);
	const void *arg;
};

#if IS_ENABLED(CONFIG_HELPERS)
/* Its path where it is in one of the system's folders of programs; NULL where it is not. Returns buf. */
const char *helper_find(const char *name, char buf[HELPER_PATH]);

/* Is the word in the environment's MYCTR_AVOID ("overlay fuse")? To try what is for other machines on this one. */
bool helper_avoided(const char *word);

/* Executes it and waits for its end, with nothing but its standard error. 0 when it exits with 0. */
int helper_run(const char *name, char *const *argv, int given, struct err *e);

/* Is a file system of a user's program mounted at the path arg? For .is_ready. */
bool helper_is_fuse(const void *arg);

/* Starts it and waits until it is ready, at most ten seconds. What it says when it fails is in e. 0 or -errno. */
int helper_start(const struct helper *h, struct err *e);

/* From now on those started without a pidfd in this process end with that one. */
void helper_follow(int pidfd);
#else
static inline void helper_follow(int pidfd UNUSED)
{
}
#endif

#endif
