/* SPDX-License-Identifier: MIT */
/*
 * A Containerfile as a list of steps: text in, instructions with their flags, exec forms and
 * here-documents out. Pure text; nothing is expanded and nothing is looked up, because what a variable
 * means is known only when the step before has run.
 * Source: the Dockerfile reference of Docker and containerfile(5).
 */
#ifndef CORE_CFILE_H
#define CORE_CFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/lib/arena.h"
#include "core/lib/err.h"
#include "core/lib/str.h"

#define CFILE_MAX_BYTES (1U << 20)
#define CFILE_MAX_STEPS 1000

enum cfile_op {
	CFILE_ADD,
	CFILE_ARG,
	CFILE_CMD,
	CFILE_COPY,
	CFILE_ENTRYPOINT,
	CFILE_ENV,
	CFILE_EXPOSE,
	CFILE_FROM,
	CFILE_HEALTHCHECK,
	CFILE_LABEL,
	CFILE_MAINTAINER,
	CFILE_RUN,
	CFILE_SHELL,
	CFILE_STOPSIGNAL,
	CFILE_USER,
	CFILE_VOLUME,
	CFILE_WORKDIR,
	CFILE_OPS
};

/* A here-document of RUN, COPY or ADD. */
struct cfile_doc {
	const char *name; /* as written after << , without quotes */
	const char *text; /* its lines, each with a newline; tabs stripped after <<- */
	bool expand;	  /* the name was not quoted: variables in it count (COPY, ADD) */
};

struct cfile_step {
	enum cfile_op op;
	const char *keyword; /* in capitals */
	unsigned int line;   /* of its first line, from 1 */
	struct strv flags;   /* without the dashes: "from=build", "link" */
	const char *text; /* what follows keyword and flags, lines joined, blanks around it gone */
	bool is_exec;	  /* text is a JSON list of strings, and exec has them */
	struct strv exec;
	struct cfile_doc *docs;
	unsigned int n_docs;
};

struct cfile {
	struct arena arena; /* owns every string below */
	char escape;	    /* backslash, or what a directive chose */
	struct cfile_step *steps;
	unsigned int n;
};

/*
 * Parses text called name into *f, which cfile_free() gives back also after an error. Errors are
 * "name:line: INSTRUCTION: ...". The first instruction but ARG is FROM.
 */
int cfile_parse(struct cfile *f, const char *name, const char *text, size_t len, struct err *e);
void cfile_free(struct cfile *f);

/* The value of a flag that was given ("" without one), else NULL. */
const char *cfile_flag(const struct cfile_step *s, const char *name);

/* A JSON list of strings. 1 when text is one, 0 when it is not, -ENOMEM. *out is then empty. */
int cfile_exec_form(struct arena *a, const char *text, struct strv *out);

/* ---- words and variables (core/cfile_words.c) ------------------------------------------------ */

/* What a variable is set to, or NULL. */
typedef const char *cfile_lookup(void *arg, const char *name);

struct cfile_vars {
	struct arena *arena;  /* results live here */
	char escape;	      /* of the file */
	cfile_lookup *lookup; /* NULL: nothing is expanded, a dollar is a dollar */
	void *arg;
};

/*
 * One value: quotes go, variables are replaced: $A ${A} ${A:-word} ${A-word} ${A:+word} ${A+word}
 * ${A:?why} ${A?why} ${A#glob} ${A##glob} ${A%glob} ${A%%glob} ${A/glob/text} ${A//glob/text}.
 * NULL with *e filled on failure.
 */
char *cfile_expand(const struct cfile_vars *v, const char *text, struct err *e);

/* The text of a here-document: variables as above; quotes stay, and so does the escape but before a $. */
char *cfile_expand_text(const struct cfile_vars *v, const char *text, struct err *e);

/* Blank-separated words; what an unquoted variable brings is split, too. */
int cfile_words(const struct cfile_vars *v, const char *text, struct strv *out, struct err *e);

/*
 * NAME=VALUE entries of ENV, LABEL and ARG: several in a line, or (single) the old form NAME VALUE
 * with one value to the end of the line. bare allows a NAME without a value, as ARG does.
 */
int cfile_pairs(const struct cfile_vars *v, const char *text, bool single, bool bare,
		struct strv *out, struct err *e);

#endif
