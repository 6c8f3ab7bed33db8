/* SPDX-License-Identifier: MIT */
/*
 * Shell-style quoting without a shell: 'literal', "text with \" and \\", $'with \n and \x1b', back\ slash. No
 * variable, no pattern, no command is ever expanded. A # at the start of a word begins a comment.
 * Source: POSIX.1-2024, Shell Command Language, 2.2 Quoting.
 */
#ifndef CORE_LIB_WORDS_H
#define CORE_LIB_WORDS_H

#include <stdbool.h>

#include "core/lib/out.h"

/*
 * Reads the next word of *text to word, which has room for strlen(*text) + 1 bytes, and moves *text
 * behind it. 1 when there was a word, 0 at the end (or a comment), -EINVAL when a quote is not closed.
 */
int words_next(const char **text, char *word);

/*
 * Reads text as one value: quotes and a comment go, blanks within it stay, blanks around it go. value has
 * room for strlen(text) + 1 bytes. 0 or -EINVAL when a quote is not closed.
 */
int words_value(const char *text, char *value);

/* Prints word so that words_next() reads it back; as_value: so that words_value() does. */
void words_print(struct out *o, const char *word, bool as_value);

#endif
