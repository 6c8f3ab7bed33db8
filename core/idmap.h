/* SPDX-License-Identifier: MIT */
/*
 * Maps of user and group ids between a user namespace and the one around it, and the files that say which
 * ids a user may give away. Reads texts only; writes and executes nothing.
 * Sources: user_namespaces(7), subuid(5).
 */
#ifndef CORE_IDMAP_H
#define CORE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"

#define IDMAP_RANGES 32	       /* of one map; the kernel takes 340 */
#define IDMAP_TEXT 1024	       /* bytes of a map as text; IDMAP_RANGES lines of three numbers fit */
#define IDMAP_LAST 4294967294U /* 4294967295 means "leave it" to the kernel */
#define IDMAP_WANTED 65536U    /* ids that an image may need */

/* Ids inside .. inside + count - 1 are outside .. outside + count - 1 in the namespace around. */
struct idmap_range {
	uint32_t inside, outside, count;
};

struct idmap {
	struct idmap_range r[IDMAP_RANGES];
	unsigned int n;
};

/* Adds a range. -ERANGE beyond the last id, -EEXIST for one that overlaps on either side, -E2BIG. */
int idmap_add(struct idmap *m, uint64_t inside, uint64_t outside, uint64_t count);

/* "INSIDE:OUTSIDE:COUNT[,...]" into an empty map. */
int idmap_parse(const char *text, struct idmap *m, struct err *e);

/* The lines of /proc/PID/uid_map into an empty map. -EINVAL for what is not such a file. */
int idmap_parse_proc(const char *text, struct idmap *m);

/* As lines that /proc/PID/uid_map takes. Returns buf. */
const char *idmap_text(const struct idmap *m, char buf[IDMAP_TEXT]);

/* How many ids there are inside. */
uint64_t idmap_count(const struct idmap *m);

/* The id outside that id inside is, or -ENOENT. */
int64_t idmap_outside(const struct idmap *m, uint32_t inside);

/* The id inside that is id outside, or -ENOENT. */
int64_t idmap_inside(const struct idmap *m, uint32_t outside);

/* Each id of m as itself, for a namespace inside of m's. */
void idmap_same(const struct idmap *m, struct idmap *out);

/*
 * A copy of m seen from a namespace inside of it: there id (which m must know) is what 0 is here, and the others
 * keep their order around it. -ENOENT when m has no 0.
 */
int idmap_keep(const struct idmap *m, uint32_t id, struct idmap *out);

/*
 * The ranges which the text of file (/etc/subuid, /etc/subgid) gives to the user, by name (NULL: has none) or
 * number, one after the other from inside 1 on, with 0 being own. None is not an error. A malformed or
 * impossible line of the user, and one that overlaps another line, is: with file, line and the command.
 */
int idmap_subids(const char *text, const char *file, const char *name, uint32_t id, uint32_t own,
		 struct idmap *m, struct err *e);

/* The first id behind all ranges of the text, 100000 at least: where a new range may begin. 0: there is no room. */
uint32_t idmap_subids_free(const char *text);

/* The name of id in the text of a passwd file; -ENOENT. */
int idmap_user(const char *passwd, uint32_t id, char *name, size_t size);

#endif
