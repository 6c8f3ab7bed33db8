/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON that nobody vouches for: jsmn cuts the text into tokens, here they are checked and walked.
 * Values are token numbers, -1 for one that is not there; every function takes -1 and any type. Nothing is
 * ever written as JSON to be read again by us. Source: RFC 8259.
 */
#ifndef CORE_LIB_JSON_H
#define CORE_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/arena.h"

/* Only the types: the code of jsmn is in json.c. The same settings must hold for both. */
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#define JSMN_HEADER
#include <jsmn.h>
#undef JSMN_HEADER

#define JSON_DEPTH 32 /* of brackets */

struct json {
	const char *text; /* not owned */
	jsmntok_t *token;
	int n;
	unsigned int at; /* byte where an error is */
};

/*
 * Cuts text into j, whose token 0 is the whole value: an object or an array. -EINVAL with j->at when it is not
 * JSON, has a NUL byte or brackets deeper than JSON_DEPTH; -ENOMEM. The memory taken depends on the values
 * that are there. json_free() also after an error.
 */
int json_parse(struct json *j, const char *text, size_t len);
void json_free(struct json *j);

/* The token after the whole of value i. */
int json_skip(const struct json *j, int i);

bool json_is(const struct json *j, int i, jsmntype_t type);

/* A string that is exactly this text. */
bool json_is_text(const struct json *j, int i, const char *text);

/* A string or number as it is written; false when it is empty, does not fit or has an escape in it. */
bool json_word(const struct json *j, int i, jsmntype_t type, char *word, size_t size);
bool json_number(const struct json *j, int i, uint64_t max, uint64_t *n);

/* A string with its escapes replaced, in the arena. NULL when it is none, has a NUL in it, or for ENOMEM. */
char *json_string(const struct json *j, int i, struct arena *a);

/* Value of a member of object i, or -1. A member that is there twice counts as the first. */
int json_member(const struct json *j, int object, const char *key);

/* Does the array have this string in it? */
bool json_has(const struct json *j, int array, const char *text);

/* Members of an array, or keys of an object: 0 for anything else. */
int json_count(const struct json *j, int i);

/*
 * for (JSON_EACH(j, array, i)) use(i): i is each element of an array, or each key of an object (its value
 * is i + 1). Nothing for any other type.
 */
int json_first(const struct json *j, int parent);
int json_after(const struct json *j, int parent, int i);
#define JSON_EACH(j, parent, i)        \
	int i = json_first(j, parent); \
	i >= 0;                        \
	i = json_after(j, parent, i)

/* Line of value i in the text, from 1, for messages. */
unsigned int json_line(const struct json *j, int i);

#endif
