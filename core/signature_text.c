// SPDX-License-Identifier: MIT
/*
 * Reading key and signature files of minisign and signify; see signature.h. Runs in launchers and the CLI, on
 * bytes that nobody has checked yet. Must never take a file that those programs would not.
 */
#include <errno.h>
#include <string.h>

#include "core/lib/str.h"
#include "core/signature.h"

enum { TEXT_KEY = 2 + SIGNATURE_ID + 32, TEXT_SIGNATURE = 2 + SIGNATURE_ID + SIGNATURE_BYTES };

static int text_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Base64 of exactly size bytes, with its padding and no bit set that means nothing. Source: RFC 4648. */
static bool text_base64(const char *text, size_t len, uint8_t *out, size_t size)
{
	size_t digits = (size * 8 + 5) / 6, n = 0;
	uint32_t bits = 0;

	if (len != (size + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = text_digit(text[i]);

		if (i >= digits ? text[i] != '=' : digit < 0)
			return false;
		if (i >= digits)
			continue;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 && n < size)
			out[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
	}
	return !(bits & (size % 3 == 1 ? 15 : size % 3 == 2 ? 3 : 0));
}

/* The next line, without its end; false after the last. */
static bool text_line(const char **at, const char *end, const char **line, size_t *len)
{
	const char *newline;

	if (*at >= end)
		return false;
	newline = memchr(*at, '\n', (size_t)(end - *at));
	*line = *at;
	*len = (size_t)((newline ? newline : end) - *at);
	*at = newline ? newline + 1 : end;
	if (*len && (*line)[*len - 1] == '\r')
		--*len;
	return true;
}

static bool text_begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

int signature_parse_key(struct signature_key *k, const char *text, size_t len, struct err *e)
{
	const char *at = text, *end = text + len, *line;
	uint8_t b[TEXT_KEY];
	size_t n;

	memset(k, 0, sizeof(*k));
	if (!text_line(&at, end, &line, &n) ||
	    (text_begins(line, n, "untrusted comment:") && !text_line(&at, end, &line, &n)) ||
	    !text_base64(line, n, b, sizeof(b)) || memcmp(b, "Ed", 2) != 0)
		return err_set(e, EINVAL, "not a public key of minisign or signify");
	memcpy(k->id, b + 2, sizeof(k->id));
	memcpy(k->key, b + 2 + SIGNATURE_ID, sizeof(k->key));
	return 0;
}

/* minisign's second pair of lines. signify has none. */
static int text_second(struct signature *s, const char *at, const char *end, struct err *e)
{
	static const char begin[] = "trusted comment: ";
	const char *line;
	size_t n;

	if (!text_line(&at, end, &line, &n))
		return s->prehashed ? err_set(e, EINVAL, "has no trusted comment") : 0;
	if (!text_begins(line, n, begin))
		return err_set(e, EINVAL, "has something else where its trusted comment belongs");
	s->comment = line + strlen(begin);
	s->comment_len = n - strlen(begin);
	if (!text_line(&at, end, &line, &n) ||
	    !text_base64(line, n, s->second, sizeof(s->second)) || text_line(&at, end, &line, &n))
		return err_set(e, EINVAL, "is damaged in its fourth line, or has more than that");
	return 0;
}

int signature_parse(struct signature *s, const char *text, size_t len, struct err *e)
{
	const char *at = text, *end = text + len, *line;
	uint8_t b[TEXT_SIGNATURE];
	size_t n;

	memset(s, 0, sizeof(*s));
	if (!text_line(&at, end, &line, &n) || !text_begins(line, n, "untrusted comment:"))
		return err_set(e, EINVAL, "not a signature of minisign or signify");
	if (!text_line(&at, end, &line, &n) || !text_base64(line, n, b, sizeof(b)) || b[0] != 'E' ||
	    (b[1] != 'd' && b[1] != 'D'))
		return err_set(e, EINVAL, "has no ed25519 signature in its second line");
	s->prehashed = b[1] == 'D';
	memcpy(s->id, b + 2, sizeof(s->id));
	memcpy(s->bytes, b + 2 + SIGNATURE_ID, sizeof(s->bytes));
	return text_second(s, at, end, e);
}
