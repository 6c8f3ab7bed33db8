/* SPDX-License-Identifier: MIT */
/*
 * Building an image from a Containerfile: stages of steps, each of which changes the files of its stage
 * (a layer, kept for the next build) or what the image says of itself.
 *
 *	build.c         the stages in order, progress
 *	build_finish.c  the image at the end
 *	build_step.c    what each instruction does to files
 *	build_config.c  and to the configuration
 *	build_arg.c     NAME=VALUE lists, ARG
 *	build_run.c     RUN: a container of ours on the stage's files
 *	build_copy.c    COPY and ADD
 *	build_layers.c  the layers on disk
 *	cfile.c         the file itself
 */
#ifndef CORE_BUILD_H
#define CORE_BUILD_H

#include <stdbool.h>

#include "core/build_layers.h"
#include "core/cfile.h"
#include "core/lib/err.h"
#include "core/lib/out.h"
#include "core/lib/str.h"
#include "core/spec.h"

#define BUILD_STAGES_MAX 64

/* What was asked for. The strings are the caller's. */
struct build_request {
	const char *context; /* folder */
	const char *file; /* NULL: Containerfile or Dockerfile in the context; "-": standard input */
	const char *target;	/* stage name or number; NULL: the last */
	const char *format;	/* as pack_write() takes it */
	const char *output;	/* file to write; NULL: into the store */
	struct strv tag;	/* full names for the store */
	struct strv image;	/* NAME=PATH: images by names for FROM and --from */
	struct strv arg;	/* NAME=VALUE of --build-arg; or NAME: from our environment */
	const struct spec *run; /* what containers of RUN get beside: limits, networks, rights */
	bool no_cache, quiet;
};

struct build_stage {
	const char *name;   /* after AS, or NULL */
	const char *base;   /* after FROM, expanded */
	unsigned int from;  /* index of its FROM among the steps */
	unsigned int steps; /* how many belong to it, with FROM */
	bool needed;
	bool done;
	struct build_tree tree;
	struct spec *config; /* of the image it would be, only what an image may say */
	struct strv shell;   /* for shell forms */
	struct strv arg;     /* NAME=VALUE known by now */
	bool command_here;   /* CMD was in this stage, not in its base */
};

struct build {
	const struct build_request *request;
	struct arena arena;
	struct cfile file;
	char name[64]; /* of the file, for messages */
	struct build_layers layers;
	int context;	    /* folder */
	struct strv ignore; /* patterns of the context */
	struct strv arg;    /* NAME=VALUE before the first FROM */
	struct build_stage stage[BUILD_STAGES_MAX];
	unsigned int n_stages;
	unsigned int step, steps; /* for "step 2/7" */
	struct out out;		  /* standard output, where progress goes */
};

/* Builds. On failure *e names file, line and instruction. */
int build_image(const struct build_request *request, struct err *e);

/* Can the file be written? Asked before the first step; it is made after the last, so that COPY does not see it. */
int build_try_output(const char *path, struct err *e);

/* Makes the image of a stage that is done, or finds the one an earlier build made, and says what it is. */
int build_finish(struct build *b, struct build_stage *s, uint64_t began, struct err *e);

/* ---- between the parts ------------------------------------------------------------------------- */

/* Does one instruction of a stage that FROM has begun. */
int build_step(struct build *b, struct build_stage *s, const struct cfile_step *step,
	       struct err *e);

/* The same for one that only changes the configuration; and setting one key of that, with its check. */
int build_config(struct build *b, struct build_stage *s, const struct cfile_step *step,
		 struct err *e);
int build_set_key(struct build_stage *s, const char *key, const char *value, struct err *e);

/* The text of a step as one value. NULL with *e. */
const char *build_value(struct build *b, struct build_stage *s, const struct cfile_step *step,
			struct err *e);

/* Its words; an exec form has them already, and variables in them count all the same. */
int build_words(struct build *b, struct build_stage *s, const struct cfile_step *step,
		struct strv *out, struct err *e);

/* Begins the stage: its base as tree and configuration. */
int build_step_from(struct build *b, struct build_stage *s, struct err *e);

/*
 * Attaches the image that the file calls name: of --build-image, below the context ("./PATH"), or of the
 * store. A path of the host is refused: the file is not the operator's.
 */
int build_base(struct build *b, const char *name, struct build_tree *t, struct err *e);

/* A key's value of NAME=VALUE entries, or NULL; and setting one, in place of an older one. */
const char *build_get(const struct strv *l, const char *name);
int build_set(struct arena *a, struct strv *l, const char *entry, struct err *e);

/* An ARG instruction: adds to l what it declares, a value of --build-arg before its default. */
int build_declare(struct build *b, struct strv *l, const struct cfile_vars *v, const char *text,
		  struct err *e);

/* What is known without being given: TARGETARCH, BUILDPLATFORM and so on, else NULL. Static, overwritten. */
const char *build_platform(const char *name);

/* The proxies' names count in RUN when --build-arg gives them, without an ARG. */
bool build_is_proxy(const char *entry);

/* How the words of a step of this stage are read. */
struct cfile_vars build_vars(struct build *b, struct build_stage *s);

/* The stage of this name or number before stage s, or NULL. */
struct build_stage *build_stage_of(struct build *b, const struct build_stage *s, const char *name);

/* Path as of WORKDIR: absolute, in the arena, its final slash kept. NULL when out of memory. */
char *build_path(struct build *b, const struct build_stage *s, const char *path);

/* Says whether a step's layer was there already. */
void build_said(struct build *b, const char *what);

/* RUN on the writable tree root (a folder fd) mounted at path. */
int build_run(struct build *b, struct build_stage *s, const struct cfile_step *step, int root,
	      const char *path, struct err *e);

/* What decides what RUN does, beside the tree. */
int build_run_hash(struct build *b, struct build_stage *s, const struct cfile_step *step,
		   struct hash_sha256 *h, struct err *e);

#endif
