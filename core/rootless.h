/* SPDX-License-Identifier: MIT */
/*
 * Life without root: a user namespace of the caller's own, in which he is root over the ids that
 * /etc/subuid and /etc/subgid give him, or over himself alone. See rootless.c.
 */
#ifndef CORE_ROOTLESS_H
#define CORE_ROOTLESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/lib/config.h"
#include "core/lib/err.h"

/* What we are; found out once. */
enum rootless_kind {
	ROOTLESS_UNKNOWN,
	ROOTLESS_ROOT,	 /* root of the machine */
	ROOTLESS_INSIDE, /* root of a user namespace that somebody else has made: in a container */
	ROOTLESS_MAKES, /* another user, or root in a container without CAP_SYS_ADMIN: must make one */
};

/* What this process has become; all false for root and before rootless_enter(). */
struct rootless {
	bool active; /* it is in a user namespace that it made */
	bool single; /* only its own id is known there, and setgroups(2) is denied */
	enum rootless_kind kind;
};

#if IS_ENABLED(CONFIG_ROOTLESS)
extern struct rootless rootless;

/*
 * For a user who is not root: puts this process, which must have one thread, into a user namespace of its own
 * and makes it root there. 0 and nothing done for root, and when it is done already. It may not execute
 * myctr again afterwards, which would take itself for root's.
 */
int rootless_enter(struct err *e);

/*
 * Into the user namespace that the process pid, of a container of the same user, is in or below: from one of our own
 * we could not signal those in it who are not its root. 0 or -errno; then nothing has changed.
 */
int rootless_join(pid_t pid);

/*
 * Must we make a user namespace: are we another user than root, or root without the rights of one? For root that costs
 * two system calls, once.
 */
bool rootless_wanted(void);

/* Are we in a user namespace by now, of our own or one that a container around us has? */
bool rootless_active(void);

/* Why a call that a user namespace should allow was refused: the knob and the remedy, or NULL. */
const char *rootless_knob(int code);

/*
 * Makes, or looks at, a folder of the user's own: path's parent must be his or root's and writable by nobody else,
 * path itself his, a folder and no link; others get no rights to it. make: when it is missing.
 */
int rootless_folder(const char *path, bool make, struct err *e);

/*
 * For `myctr check`: calls row() with "found", "MISSING" or "absent", a name, and what to do, for each thing that
 * containers of this user need or may use. Returns how many are MISSING. Tries in processes of its own.
 */
unsigned int rootless_check(void (*row)(const char *state, const char *name, const char *text,
					void *arg),
			    void *arg);

static inline bool rootless_single(void)
{
	return rootless.single;
}
#else
static inline int rootless_enter(struct err *e UNUSED)
{
	return 0;
}
static inline int rootless_join(pid_t pid UNUSED)
{
	return 0;
}
static inline bool rootless_wanted(void)
{
	return false;
}
static inline const char *rootless_knob(int code UNUSED)
{
	return NULL;
}
static inline unsigned int rootless_check(void (*row)(const char *state, const char *name,
						      const char *text, void *arg) UNUSED,
					  void *arg UNUSED)
{
	return 0;
}
static inline int rootless_folder(const char *path UNUSED, bool make UNUSED, struct err *e UNUSED)
{
	return 0;
}
static inline bool rootless_active(void)
{
	return false;
}
static inline bool rootless_single(void)
{
	return false;
}
#endif

#endif
