/* SPDX-License-Identifier: MIT */
/*
 * Which files of a build's context are meant: the patterns of COPY and of .containerignore. Pure text.
 * Source: Go's filepath.Match and the Dockerfile reference, ".dockerignore file".
 */
#ifndef CORE_BUILD_MATCH_H
#define CORE_BUILD_MATCH_H

#include <stdbool.h>

#include "core/lib/arena.h"
#include "core/lib/err.h"
#include "core/lib/str.h"

/*
 * Does path match pattern as a whole? * and ? stay within one component, ** as a component stands for any
 * number of them, [a-z] [^a-z] and \x as in Go. Neither begins with a slash.
 */
bool build_match(const char *pattern, const char *path);

/* The same for any text: a slash is a character like others, and ** is as *. What ${A#glob} wants. */
bool build_match_text(const char *pattern, const char *text);

/* True when pattern has a character that means more than itself. */
bool build_match_is_pattern(const char *pattern);

/*
 * "a//./b/../c" as "a/c": no slash at either end, ".." stops at the top; "" is the top itself. In place,
 * returns path.
 */
char *build_match_clean(char *path);

/* An ignore file's lines as patterns; one that brings files back keeps its "!". -ENOMEM with *e. */
int build_match_ignore(struct arena *a, const char *text, size_t len, struct strv *out,
		       struct err *e);

/* Is path, or a folder it is in, left out? The last pattern that says something wins. */
bool build_match_ignored(const struct strv *patterns, const char *path);

/* Could something below the ignored folder path be brought back by a "!" pattern? */
bool build_match_may_return(const struct strv *patterns);

#endif
