// SPDX-License-Identifier: MIT
/*
 * Patterns over paths. See build_match.h. Linear in memory, and at most quadratic in time: a star that
 * cannot be satisfied never makes an earlier one be tried again.
 */
#include "core/build_match.h"

#include <errno.h>
#include <string.h>

/* [a-z] at *p against c, never not_this; moves *p behind the bracket. One without its end is itself. */
static bool match_class(const char **p, char c, char not_this)
{
	const char *at = *p + 1;
	bool negate = *at == '^' || *at == '!', is = false;

	at += negate;
	do {
		unsigned char low, high;

		if (*at == '\\' && at[1])
			at++;
		if (!*at)
			break;
		low = high = (unsigned char)*at++;
		if (*at == '-' && at[1] && at[1] != ']') {
			at++;
			at += *at == '\\' && at[1];
			high = (unsigned char)*at++;
		}
		is |= (unsigned char)c >= low && (unsigned char)c <= high;
	} while (*at && *at != ']');
	if (*at != ']') {
		(*p)++;
		return c == '[';
	}
	*p = at + 1;
	return is != negate && c != not_this;
}

/* One character of the pattern, which is no star, against c. */
static bool match_one(const char **p, char c, char not_this)
{
	if (**p == '[')
		return match_class(p, c, not_this);
	if (**p == '?') {
		(*p)++;
		return c != not_this;
	}
	if (**p == '\\' && (*p)[1])
		(*p)++;
	return *(*p)++ == c;
}

static bool match_is_deep(const char *pattern, const char *p)
{
	return p[0] == '*' && p[1] == '*' && (p[2] == '/' || !p[2]) &&
	       (p == pattern || p[-1] == '/');
}

/* slash is what a star does not pass over, NUL for nothing. */
static bool match(const char *pattern, const char *path, char slash)
{
	const char *p = pattern, *s = path;
	const char *star = NULL, *star_at = NULL; /* after the last *, and what it ends before */
	const char *deep = NULL, *deep_at = NULL; /* the same of the last ** */

	for (;;) {
		const char *next = p;

		if (slash && match_is_deep(pattern, p)) {
			if (!p[2])
				return *s != '\0';
			deep = p += 3;
			deep_at = s;
			star = NULL;
			continue;
		}
		if (*p == '*') {
			star = ++p;
			star_at = s;
			continue;
		}
		if (!*p && !*s)
			return true;
		if (*p && *s && match_one(&next, *s, slash)) {
			p = next;
			s++;
			continue;
		}
		if (star && *star_at && *star_at != slash) {
			s = ++star_at;
			p = star;
			continue;
		}
		if (!deep || !strchr(deep_at, '/'))
			return false;
		s = deep_at = strchr(deep_at, '/') + 1;
		p = deep;
		star = NULL;
	}
}

bool build_match(const char *pattern, const char *path)
{
	return match(pattern, path, '/');
}

bool build_match_text(const char *pattern, const char *text)
{
	return match(pattern, text, '\0');
}

bool build_match_is_pattern(const char *pattern)
{
	return strpbrk(pattern, "*?[\\") != NULL;
}

char *build_match_clean(char *path)
{
	char *to = path, *from = path;

	while (*from) {
		size_t n = strcspn(from, "/");

		if (n == 2 && from[0] == '.' && from[1] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (n > 0 && !(n == 1 && *from == '.')) {
			if (to > path)
				*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n + (from[n] == '/');
	}
	*to = '\0';
	return path;
}

/* One line, trimmed, into the list; comments and empty lines are none. */
static int match_line(struct arena *a, const char *line, size_t len, struct strv *out)
{
	bool back;
	char *text;
	int ret;

	while (len > 0 && strchr(" \t\r", line[len - 1]))
		len--;
	while (len > 0 && strchr(" \t", *line)) {
		line++;
		len--;
	}
	if (len == 0 || *line == '#')
		return 0;
	back = *line == '!';
	text = arena_strn(a, line, len);
	if (!text)
		return -ENOMEM;
	build_match_clean(text + back);
	/* "!" alone, and what is cleaned to nothing, name no file. */
	ret = text[back] ? strv_add(a, out, text) : 0;
	return ret;
}

int build_match_ignore(struct arena *a, const char *text, size_t len, struct strv *out,
		       struct err *e)
{
	const char *end = text + len;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));

		if (match_line(a, text, (size_t)((nl ? nl : end) - text), out) < 0)
			return err_set(e, ENOMEM, "out of memory");
		text = nl ? nl + 1 : end;
	}
	return 0;
}

/* Does pattern match path or a folder above it? */
static bool match_above(const char *pattern, const char *path)
{
	char part[4096];

	if (build_match(pattern, path))
		return true;
	if (!str_copy(part, sizeof(part), path))
		return false;
	for (char *slash = strrchr(part, '/'); slash; slash = strrchr(part, '/')) {
		*slash = '\0';
		if (build_match(pattern, part))
			return true;
	}
	return false;
}

bool build_match_ignored(const struct strv *patterns, const char *path)
{
	bool ignored = false;

	for (unsigned int i = 0; i < patterns->n; i++) {
		bool back = patterns->v[i][0] == '!';

		if (ignored == back && match_above(patterns->v[i] + back, path))
			ignored = !back;
	}
	return ignored;
}

bool build_match_may_return(const struct strv *patterns)
{
	for (unsigned int i = 0; i < patterns->n; i++)
		if (patterns->v[i][0] == '!')
			return true;
	return false;
}
