/* SPDX-License-Identifier: MIT */
/* What the files of the seccomp profile driver share. Nothing but it and its fuzz target includes this. */
#ifndef DRIVERS_SECCOMP_PROFILE_H
#define DRIVERS_SECCOMP_PROFILE_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/arena.h"
#include "core/lib/err.h"

#define PROFILE_MAX_BYTES (256U << 10)

struct sock_fprog;

/* A profile while it is read. */
struct profile {
	const char *path; /* for messages */
	uint64_t caps;	  /* bit per CAP_* the container may have */
	scmp_filter_ctx filter;
	uint32_t otherwise; /* SCMP_ACT_* of calls without a rule */
};

/* Starts p->filter with its default answer, for this machine's architecture. 0 or -errno. */
int profile_begin(struct profile *p, uint32_t otherwise, struct err *e);

/* Adds another architecture by its SCMP_ARCH_ token; one this machine cannot run is left out. */
int profile_add_arch(struct profile *p, uint32_t arch, struct err *e);

/*
 * Adds a rule for a call by name; args are all to hold. A name libseccomp does not know is -ENOENT
 * without a word, so that the caller decides; other errors fill e.
 */
int profile_add_rule(struct profile *p, const char *name, uint32_t action,
		     const struct scmp_arg_cmp *args, unsigned int n_args, struct err *e);

/* Docker's or OCI's JSON; text need not end in NUL. 0 or -errno. */
int profile_read_json(struct profile *p, const char *text, size_t len, struct err *e);

/* Lines of names. Writes NULs into text, which has one at text[len]. 0 or -errno. */
int profile_read_list(struct profile *p, char *text, size_t len, struct err *e);

/* A whole profile from its text (NUL at text[len]) to a program in arena. 0 or -errno. */
int profile_compile(const char *path, char *text, size_t len, uint64_t caps, struct arena *arena,
		    struct sock_fprog *out, struct err *e);

#endif
