/* SPDX-License-Identifier: MIT */
/* How containers are, for the rest of the supervisor, and what health.c and health_probe.c share. */
#ifndef INIT_HEALTH_H
#define INIT_HEALTH_H

#include "core/health.h"
#include "init/sup.h"

/* health.c: its program runs; it is told to end, or has ended */
#if IS_ENABLED(CONFIG_HEALTH)
void health_start(struct ctr *c);
void health_stop(struct ctr *c);
/* Of one that ran before us. */
void health_adopt(struct ctr *c);
/* Takes over the socket at which it will say how it is. */
void health_socket(struct ctr *c, int fd);
/* False: not one of our children. */
bool health_ended(struct sup *s, pid_t pid);
/* Healthy, or nobody looks. */
bool health_is_good(const struct ctr *c);
#else
static inline void health_start(struct ctr *c UNUSED)
{
}
static inline void health_stop(struct ctr *c UNUSED)
{
}
static inline void health_adopt(struct ctr *c UNUSED)
{
}
static inline void health_socket(struct ctr *c UNUSED, int fd)
{
	fd_close(&fd);
}
static inline bool health_ended(struct sup *s UNUSED, pid_t pid UNUSED)
{
	return false;
}
static inline bool health_is_good(const struct ctr *c UNUSED)
{
	return true;
}
#endif

/* From the probe's process to the supervisor, once; any end without it is a look that failed. */
struct health_said {
	int32_t code;		/* 0: it is well */
	char text[HEALTH_TEXT]; /* why not, or what a command has printed */
};

/* The probe's process: enters c's namespaces, looks once, writes a struct health_said to out and exits. */
NORETURN void health_probe(const struct ctr *c, const struct health *h, int out);

/* The same for a socket that has lost its name: binds it to path again, in the mount namespace of c. */
NORETURN void health_rebind(const struct ctr *c, int sock, const char *path);

#endif
