/* SPDX-License-Identifier: MIT */
/* What health.c and health_probe.c share: one look, and what comes of it. */
#ifndef INIT_HEALTH_H
#define INIT_HEALTH_H

#include "core/health.h"
#include "init/sup.h"

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
