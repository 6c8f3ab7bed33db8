// SPDX-License-Identifier: MIT
/* From stored pieces to printed lines. See logs_text.h. Runs in the CLI; all input is foreign. */
#include "core/cmd/logs_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/stamp.h"
#include "core/lib/str.h"

/* ---- the last lines -------------------------------------------------------------------------- */

static void tail_drop_line(struct logs_text *t)
{
	char *end = memchr(t->buf + t->from, '\n', t->len);
	size_t n = end ? (size_t)(end - t->buf) + 1 - t->from : t->len;

	t->from += n;
	t->len -= n;
	t->lines--;
}

/* Memory is twice what the wanted lines need: the front is given back when half of it is free. */
static int tail_make_room(struct logs_text *t, size_t len)
{
	char *more;

	if (t->from + t->len + len <= t->room)
		return 0;
	if (t->from > t->len) {
		memmove(t->buf, t->buf + t->from, t->len);
		t->from = 0;
	}
	if (t->from + t->len + len <= t->room)
		return 0;
	more = realloc(t->buf, (t->room + len) * 2);
	if (!more)
		return -ENOMEM;
	t->buf = more;
	t->room = (t->room + len) * 2;
	return 0;
}

static void tail_add(struct logs_text *t, const char *p, size_t len)
{
	if (tail_make_room(t, len)) {
		t->no_memory = true;
		return;
	}
	memcpy(t->buf + t->from + t->len, p, len);
	t->len += len;
	t->lines += p[len - 1] == '\n';
	while (t->lines > t->want)
		tail_drop_line(t);
}

void logs_text_end_tail(struct logs_text *t)
{
	if (!t->tail)
		return;
	t->tail = false;
	/* a last line without its end counts as one, too */
	if (t->len && t->buf[t->from + t->len - 1] != '\n' && t->lines == t->want) {
		if (t->lines)
			tail_drop_line(t);
		else
			t->len = 0;
	}
	out_bytes(&t->out, t->buf + t->from, t->len);
	free(t->buf);
	t->buf = NULL;
	t->len = t->room = 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void text_emit(struct logs_text *t, const char *p, size_t len)
{
	if (!len)
		return;
	if (t->tail)
		tail_add(t, p, len);
	else
		out_bytes(&t->out, p, len);
}

static void text_escape(struct logs_text *t, const char *p, size_t len)
{
	char one[STR_ESCAPE_ONE];
	size_t n, used;

	for (; len; p += used, len -= used) {
		if (*p == '\t') {
			text_emit(t, p, 1);
			used = 1;
			continue;
		}
		used = str_escape_one(p, len, one, &n);
		text_emit(t, one, n);
	}
}

/* A piece of one line, with its newline when that is in it. */
static void text_line(struct logs_text *t, uint64_t ms, const char *p, size_t len)
{
	bool ends = p[len - 1] == '\n';
	char stamp[STAMP_LEN + 2];

	if (!t->mid_line && t->times) {
		stamp_format(ms, stamp);
		stamp[STAMP_LEN] = ' ';
		text_emit(t, stamp, STAMP_LEN + 1);
	}
	t->mid_line = !ends;
	len -= ends;
	if (t->escape && ends && len &&
	    p[len - 1] == '\r') /* a line end of a container's terminal */
		len--;
	if (t->escape)
		text_escape(t, p, len);
	else
		text_emit(t, p, len);
	if (ends)
		text_emit(t, "\n", 1);
}

static void text_lines(struct logs_text *t, uint64_t ms, const char *p, size_t len)
{
	while (len) {
		const char *end = memchr(p, '\n', len);
		size_t n = end ? (size_t)(end - p) + 1 : len;

		text_line(t, ms, p, n);
		p += n;
		len -= n;
	}
}

/* Bytes at the end of p that begin a UTF-8 character whose rest has not come yet. */
static size_t text_unfinished(const char *p, size_t len)
{
	for (size_t n = 1; n <= LOGS_HOLD && n <= len; n++) {
		unsigned char c = (unsigned char)p[len - n];
		size_t needs = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;

		if ((c & 0xc0) != 0x80)
			return n < needs ? n : 0;
	}
	return 0;
}

static void text_lost(struct logs_text *t, size_t len)
{
	struct out say = OUT(STDERR_FILENO);

	out_flush(&t->out);
	t->n_held = 0;
	if (len)
		out_printf(&say, "... %zu bytes lost\n", len);
	else
		out_text(&say, "... some output lost\n");
	out_flush(&say);
}

/* Adds bytes to the character that is held back until it is whole or none. Returns the bytes used. */
static size_t text_complete(struct logs_text *t, uint64_t ms, const char *p, size_t len)
{
	char whole[LOGS_HOLD + 1];
	size_t n = t->n_held, used = 0;

	memcpy(whole, t->held, n);
	while (used < len && text_unfinished(whole, n) == n)
		whole[n++] = p[used++];
	if (text_unfinished(whole, n) == n) {
		memcpy(t->held, whole, n);
		t->n_held = n;
		return used;
	}
	t->n_held = 0;
	text_lines(t, ms, whole, n);
	return used;
}

/* Pieces end anywhere, also inside a character, which is put together here before it is judged. */
void logs_text_each(void *arg, uint64_t ms, const char *p, size_t len)
{
	struct logs_text *t = arg;
	size_t used;

	if (!p) {
		text_lost(t, len);
		return;
	}
	if (t->n_held) {
		used = text_complete(t, ms, p, len);
		p += used;
		len -= used;
	}
	if (t->escape && len) {
		t->n_held = text_unfinished(p, len);
		len -= t->n_held;
		memcpy(t->held, p + len, t->n_held);
	}
	text_lines(t, ms, p, len);
}

int logs_text_finish(struct logs_text *t)
{
	size_t n = t->n_held;
	int rc;

	t->n_held = 0;
	text_lines(t, 0, t->held, n);
	logs_text_end_tail(t);
	rc = out_flush(&t->out);
	free(t->buf);
	t->buf = NULL;
	return rc ?: t->no_memory ? -ENOMEM : 0;
}
