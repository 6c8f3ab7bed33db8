/* SPDX-License-Identifier: MIT */
/*
 * Capabilities of a container: from names to sets, and from sets to the running process.
 *
 * The set a container may have is decided once from its spec (cap_of_spec) and applied in two
 * steps around the change of user, because dropping from the bounding set needs CAP_SETPCAP and
 * ambient capabilities must survive setuid(2):
 *
 *	cap_bound(&sets, e); ids_apply(&ids, false, e); cap_apply(&sets, ids.uid, e);
 *
 * After that the inheritable and ambient sets are empty unless asked for. Raw capset(2) and
 * prctl(2), so that the start of a container needs no libcap.
 * Sources: capabilities(7), capset(2), prctl(2).
 */
#ifndef CORE_CAP_H
#define CORE_CAP_H

#include <stdint.h>
#include <sys/types.h>

#include "core/lib/err.h"
#include "core/spec.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

struct cap_sets {
	uint64_t bounding; /* bit per CAP_*: also what uid 0 has permitted and effective */
	uint64_t ambient;  /* kept by a program without file capabilities under any uid */
};

/* What a container has when its spec says nothing about capabilities. */
uint64_t cap_default(void);

/*
 * One capability: NET_ADMIN, cap_net_admin (libcap's names, any case) or its number.
 * Returns the number, or -EINVAL with a sentence naming the word.
 */
int cap_of_name(const char *word, struct err *e);

/*
 * The sets of a spec: the default set (privileged: everything), without cap_drop, with cap_add; ALL
 * is a name in each list, so a capability in both lists stays. Then cap_ambient, each of which must
 * be in the set (ALL: the whole set). 0 or -EINVAL.
 */
int cap_of_spec(const struct spec *s, struct cap_sets *out, struct err *e);

/* Checks one entry of cap_add, cap_drop or cap_ambient. 0 or -EINVAL. */
int cap_check(const char *word, struct err *e);

/*
 * Drops from the bounding set whatever is not in sets, kernel's newest capabilities included, and
 * asks to keep the rest over setuid(2) where ambient ones are wanted. Runs inside, before
 * ids_apply(). 0 or -errno.
 */
int cap_bound(const struct cap_sets *sets, struct err *e);

/*
 * Permitted, effective, inheritable and ambient of this thread, which has become uid by now; the last
 * change of rights. A uid other than 0 keeps the ambient ones only. -EPERM names a capability that
 * this process has not got itself; ALL means those it has. 0 or -errno.
 */
int cap_apply(const struct cap_sets *sets, uid_t uid, struct err *e);

#endif
