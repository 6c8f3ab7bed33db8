/* SPDX-License-Identifier: MIT */
/*
 * An error is a value: a positive errno code and one sentence a person can act on.
 *
 * It is made once, where the name of the thing is known, and wrapped at most once per layer with
 * the name of that layer ("web: image: web.sqfs: not a squashfs or tar file"). Whoever talks to a
 * person prints it once. Functions return 0 or more on success and -code on failure.
 */
#ifndef CORE_LIB_ERR_H
#define CORE_LIB_ERR_H

#include "core/lib/util.h"

struct err {
	int code;      /* positive errno, 0 while there is no error */
	char msg[252]; /* NUL-terminated sentence without a final full stop or newline */
};

/*
 * Records code and the formatted sentence in *e (which may be NULL) and returns -code. A code of 0
 * becomes EIO, so that an error is never mistaken for success. Longer sentences are cut.
 */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, with ": " and the text of the code after the sentence. */
int err_sys(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "layer: " before the sentence and returns -e->code. Does nothing to an empty error. */
int err_wrap(struct err *e, const char *layer);

/* The text of an errno value, from libc; a positive or a negative value may be given. */
const char *err_text(int code);

#endif
