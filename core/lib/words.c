// SPDX-License-Identifier: MIT
/*
 * Shell-style quoting of words.h. Pure text; never longer than what it was made from.
 */
#include "core/lib/words.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static bool words_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int words_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What follows a backslash within $'...'; returns the byte and moves *p behind it. */
static char words_escape(const char **p)
{
	static const char names[] = "ntrabfve", bytes[] = "\n\t\r\a\b\f\v\033";
	const char *at = *p;
	const char *name = strchr(names, *at);
	int high, low;

	if (*at == 'x' && (high = words_hex(at[1])) >= 0) {
		low = words_hex(at[2]);
		*p = at + (low >= 0 ? 3 : 2);
		high = low >= 0 ? high * 16 + low : high;
		/* A NUL would end the text it is part of. */
		return high ? (char)high : '?';
	}
	*p = at + 1;
	return name ? bytes[name - names] : *at;
}

/* One quoted part, p behind its opening quote; returns what follows the closing one, or NULL. */
static const char *words_quoted(const char *p, char quote, bool dollar, char **out)
{
	while (*p && *p != quote) {
		if (*p == '\\' && dollar && p[1]) {
			p++;
			*(*out)++ = words_escape(&p);
			continue;
		}
		if (*p == '\\' && quote == '"' && p[1] && strchr("\"\\$`", p[1]))
			p++;
		*(*out)++ = *p++;
	}
	return *p ? p + 1 : NULL;
}

/* One part of a word, quoted or not; returns what follows it or NULL. */
static const char *words_part(const char *p, char **out)
{
	if (*p == '\'' || *p == '"')
		return words_quoted(p + 1, *p, false, out);
	if (*p == '$' && p[1] == '\'')
		return words_quoted(p + 2, '\'', true, out);
	if (*p == '\\' && p[1])
		p++;
	*(*out)++ = *p;
	return p + 1;
}

int words_next(const char **text, char *word)
{
	const char *p = *text;

	while (words_blank(*p))
		p++;
	if (!*p || *p == '#') {
		*text = p + strlen(p);
		return 0;
	}
	while (p && *p && !words_blank(*p))
		p = words_part(p, &word);
	*word = '\0';
	if (!p)
		return -EINVAL;
	*text = p;
	return 1;
}

int words_value(const char *text, char *value)
{
	char *end = value;
	bool start = true;

	while (words_blank(*text))
		text++;
	while (*text && !(start && *text == '#')) {
		start = words_blank(*text);
		if (start) {
			*value++ = *text++;
			continue;
		}
		text = words_part(text, &value);
		if (!text)
			return -EINVAL;
		end = value;
	}
	/* Blanks after the last part are not in it. */
	*end = '\0';
	return 0;
}

static bool words_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	}
	return false;
}

static void words_print_dollar(struct out *o, const char *s)
{
	out_text(o, "$'");
	for (; *s; s++) {
		if (*s == '\n')
			out_text(o, "\\n");
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			out_printf(o, "\\x%02x", (unsigned int)(unsigned char)*s);
		else if (*s == '\'' || *s == '\\')
			out_printf(o, "\\%c", *s);
		else
			out_bytes(o, s, 1);
	}
	out_text(o, "'");
}

void words_print(struct out *o, const char *s, bool as_value)
{
	size_t n = strlen(s);
	bool quotes = !n || s[strcspn(s, as_value ? "'\"\\#$" : " '\"\\#$")];

	if (words_control(s)) {
		words_print_dollar(o, s);
		return;
	}
	if (n && as_value)
		quotes |= words_blank(s[0]) || words_blank(s[n - 1]);
	if (!quotes) {
		out_text(o, s);
		return;
	}
	out_text(o, "\"");
	for (; *s; s++) {
		if (strchr("\"\\$`", *s))
			out_text(o, "\\");
		out_bytes(o, s, 1);
	}
	out_text(o, "\"");
}
