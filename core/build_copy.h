/* SPDX-License-Identifier: MIT */
/*
 * COPY and ADD: from a folder (the context, a stage, an image) into the root of a stage. Sources never
 * leave their folder and destinations never leave the root, whatever links either holds.
 */
#ifndef CORE_BUILD_COPY_H
#define CORE_BUILD_COPY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/lib/err.h"
#include "core/lib/hash.h"
#include "core/lib/str.h"

struct build_copy {
	/* asked by the caller */
	struct arena *arena;
	int from;		   /* folder that sources are below */
	const char *from_name;	   /* "the context", "stage build": for messages */
	const struct strv *ignore; /* patterns of files that do not exist for us; may be empty */
	struct strv exclude;	   /* the same, of --exclude */
	struct strv source;	   /* as written, patterns and all */
	const char *to;		   /* absolute path in the root; a / at its end means a folder */
	bool parents;		   /* the folders of a source are made, too */
	const char *chown;	   /* USER[:GROUP], looked up in the root; NULL: 0:0 */
	bool keep_owner;	   /* from another stage: owners stay without chown */
	bool chmod;		   /* mode is for everything */
	mode_t mode;
	bool unpack; /* ADD: an archive's content instead of the archive */

	/* build_copy_find() */
	struct strv found; /* paths below from, "" for all of it */
};

/* Which files are meant. An error names the source that matches none. */
int build_copy_find(struct build_copy *c, struct err *e);

/* Feeds h with everything that decides what build_copy_do() leaves in the root. */
int build_copy_hash(struct build_copy *c, struct hash_sha256 *h, struct err *e);

/* Copies into the tree at root. */
int build_copy_do(struct build_copy *c, int root, struct err *e);

/* Writes a file of len bytes as COPY would: for here-documents. */
int build_copy_text(const struct build_copy *c, int root, const char *name, const char *text,
		    size_t len, struct err *e);

#endif
