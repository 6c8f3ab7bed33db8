// SPDX-License-Identifier: MIT
/*
 * The exec form of a Containerfile's instruction: a JSON list of strings and nothing else. What is not
 * one is the shell form, so nothing here is an error. Source: RFC 8259.
 */
#include "core/cfile.h"

#include <errno.h>
#include <string.h>

static const char *exec_skip(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Four hexadecimal digits, or -1. */
static long exec_hex(const char *p)
{
	long v = 0;

	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)p[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static char *exec_utf8(char *to, unsigned long c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* \uXXXX, two of them for what lies beyond the first 65,536; p behind the u. NULL when it is neither. */
static const char *exec_unicode(const char *p, char **to)
{
	long c = exec_hex(p), low;

	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;
	p += 4;
	if (c >= 0xd800 && c <= 0xdbff) {
		low = p[0] == '\\' && p[1] == 'u' ? exec_hex(p + 2) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	*to = exec_utf8(*to, (unsigned long)c);
	return p;
}

/* A string, p behind its opening quote, to the buffer at to; returns what follows it, or NULL. */
static const char *exec_string(const char *p, char *to)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";

	while (*p && *p != '"') {
		const char *name;

		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		if (*p == 'u') {
			p = exec_unicode(p + 1, &to);
			if (!p)
				return NULL;
			continue;
		}
		name = *p ? strchr(names, *p) : NULL;
		if (!name)
			return NULL;
		*to++ = bytes[name - names];
		p++;
	}
	*to = '\0';
	return *p ? p + 1 : NULL;
}

/* The strings and the closing bracket, p behind the opening one. 1, 0 or -ENOMEM. */
static int exec_list(struct arena *a, const char *p, char *word, struct strv *out)
{
	p = exec_skip(p);
	if (*p == ']')
		return !*exec_skip(p + 1);
	for (;;) {
		if (*p != '"')
			return 0;
		p = exec_string(p + 1, word);
		if (!p)
			return 0;
		if (strv_add(a, out, word) < 0)
			return -ENOMEM;
		p = exec_skip(p);
		if (*p == ']')
			return !*exec_skip(p + 1);
		if (*p != ',')
			return 0;
		p = exec_skip(p + 1);
	}
}

int cfile_exec_form(struct arena *a, const char *text, struct strv *out)
{
	char *word;
	int ret;

	*out = (struct strv){ 0 };
	if (*text != '[')
		return 0;
	word = arena_alloc(a, strlen(text) + 1);
	if (!word)
		return -ENOMEM;
	ret = exec_list(a, text + 1, word, out);
	if (ret <= 0)
		*out = (struct strv){ 0 };
	return ret;
}
