// SPDX-License-Identifier: MIT
/*
 * Output as messages, see lines.h. Runs in the supervisor. Must never hold more than one message.
 */
#include "drivers/log/lines.h"

#include <string.h>

#include "core/lib/str.h"

void lines_end(struct lines *l, lines_fn *each, void *arg)
{
	if (l->n)
		each(arg, l->text, l->n);
	l->n = 0;
}

void lines_take(struct lines *l, const char *bytes, size_t len, lines_fn *each, void *arg)
{
	while (len) {
		char out[STR_ESCAPE_ONE];
		size_t n = 0, used = 1;

		if (*bytes == '\n') {
			lines_end(l, each, arg);
		} else if (*bytes == '\r' || *bytes == '\t') {
			out[0] = ' ';
			n = *bytes == '\t';
		} else {
			used = str_escape_one(bytes, len, out, &n);
		}
		if (l->n + n > LINES_MAX)
			lines_end(l, each, arg);
		memcpy(l->text + l->n, out, n);
		l->n += n;
		bytes += used;
		len -= used;
	}
}
