// SPDX-License-Identifier: MIT
/*
 * Buffered text output of out.h. Used by the CLI and by one-line messages; never allocates, remembers
 * the first write error and writes nothing after it.
 */
#include "core/lib/out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"

int out_flush(struct out *o)
{
	if (o->len && !o->error)
		o->error = fd_write(o->fd, o->buf, o->len);
	o->len = 0;
	return o->error;
}

void out_bytes(struct out *o, const void *p, size_t len)
{
	const char *from = p;
	size_t n;

	while (len) {
		if (o->len == sizeof(o->buf))
			out_flush(o);
		n = sizeof(o->buf) - o->len;
		if (n > len)
			n = len;
		memcpy(o->buf + o->len, from, n);
		o->len += n;
		from += n;
		len -= n;
	}
}

void out_text(struct out *o, const char *s)
{
	out_bytes(o, s, strlen(s));
}

void out_number(struct out *o, uint64_t v)
{
	char digits[STR_NUMBER];
	size_t n = str_number(digits, v);

	out_bytes(o, digits, n);
}

void out_pad(struct out *o, int n)
{
	static const char blanks[] = "                                ";

	for (; n > 0; n -= (int)sizeof(blanks) - 1)
		out_bytes(o, blanks, n < (int)sizeof(blanks) - 1 ? (size_t)n : sizeof(blanks) - 1);
}

void out_printf(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	/* Straight into the buffer; once more into an empty one when it was too full. */
	for (int attempt = 0; attempt < 2; attempt++) {
		size_t room = sizeof(o->buf) - o->len;

		va_start(ap, fmt);
		n = vsnprintf(o->buf + o->len, room, fmt, ap);
		va_end(ap);
		if (n >= 0 && (size_t)n < room) {
			o->len += (size_t)n;
			return;
		}
		if (!o->len)
			break;
		out_flush(o);
	}
	/* Longer than the whole buffer: what fits is printed, and the loss is not silent. */
	if (n > 0)
		o->len = sizeof(o->buf) - 1;
	if (!o->error)
		o->error = -EMSGSIZE;
}

void out_escaped(struct out *o, const char *s, size_t len)
{
	char one[STR_ESCAPE_ONE];
	size_t n, eaten;

	for (; len; s += eaten, len -= eaten) {
		eaten = str_escape_one(s, len, one, &n);
		out_bytes(o, one, n);
	}
}

static void out_json_one(struct out *o, const char *one, size_t n)
{
	if (n == 1 && (one[0] == '"' || one[0] == '\\'))
		out_text(o, "\\");
	/* A byte str_escape() made \xNN of; JSON has \u00NN. */
	if (n == 4 && one[0] == '\\' && one[1] == 'x') {
		out_text(o, "\\u00");
		out_bytes(o, one + 2, 2);
		return;
	}
	out_bytes(o, one, n);
}

void out_json(struct out *o, const char *s)
{
	char one[STR_ESCAPE_ONE];
	size_t len = strlen(s), n, eaten;

	out_text(o, "\"");
	for (; len; s += eaten, len -= eaten) {
		eaten = str_escape_one(s, len, one, &n);
		out_json_one(o, one, n);
	}
	out_text(o, "\"");
}
