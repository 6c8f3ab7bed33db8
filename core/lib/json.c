/* SPDX-License-Identifier: MIT */
/*
 * JSON as tokens; see json.h. Runs in launchers and the CLI. Strict jsmn lets a few things pass that are not
 * JSON; they are refused here, before anybody walks the tokens.
 */
#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <jsmn.h>
#pragma GCC diagnostic pop

#include "core/lib/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/str.h"

/* ---- parsing ---- */

/* Every key of an object is a string with one value, and there is one value in all. */
static bool json_sound(const struct json *j)
{
	for (int i = 0; i < j->n; i++) {
		int parent = j->token[i].parent;

		if (j->token[i].type == JSMN_UNDEFINED || j->token[i].end < 0 ||
		    (parent < 0) != (i == 0))
			return false;
		if (parent >= 0 && j->token[parent].type == JSMN_OBJECT &&
		    (j->token[i].type != JSMN_STRING || j->token[i].size != 1))
			return false;
		if (parent >= 0 && j->token[parent].type == JSMN_PRIMITIVE)
			return false;
	}
	return json_is(j, 0, JSMN_OBJECT) || json_is(j, 0, JSMN_ARRAY);
}

/*
 * jsmn looks at every open bracket for each closing one, so deep texts would take it minutes; and it lets
 * control bytes in strings pass.
 */
static bool json_plain(const char *text, size_t len)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < len && depth <= JSON_DEPTH; i++) {
		if (quoted && (unsigned char)text[i] < 0x20)
			return false;
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth--;
	}
	return depth <= JSON_DEPTH;
}

int json_parse(struct json *j, const char *text, size_t len)
{
	jsmn_parser parser;
	size_t room = 16;

	*j = (struct json){ .text = text };
	if (len > INT32_MAX / 2 || memchr(text, '\0', len) || !json_plain(text, len))
		return -EINVAL;
	/* No text has more tokens than these bytes; few have a tenth. */
	for (size_t i = 0; i < len; i++)
		room += text[i] == '"' || text[i] == ',' || text[i] == ':' || text[i] == '{' ||
			text[i] == '[' || text[i] == ' ' || text[i] == '\n' || text[i] == '\t' ||
			text[i] == '\r';
	j->token = malloc(room * sizeof(*j->token));
	if (!j->token)
		return -ENOMEM;
	jsmn_init(&parser);
	j->n = jsmn_parse(&parser, text, len, j->token, (unsigned int)room);
	j->at = parser.pos;
	return j->n > 0 && json_sound(j) ? 0 : -EINVAL;
}

void json_free(struct json *j)
{
	free(j->token);
	j->token = NULL;
	j->n = 0;
}

/* ---- walking ---- */

int json_skip(const struct json *j, int i)
{
	int end = j->token[i].end;

	for (i++; i < j->n && j->token[i].start < end; i++)
		;
	return i;
}

bool json_is(const struct json *j, int i, jsmntype_t type)
{
	return i >= 0 && i < j->n && j->token[i].type == type;
}

static size_t json_len(const struct json *j, int i)
{
	return (size_t)(j->token[i].end - j->token[i].start);
}

bool json_is_text(const struct json *j, int i, const char *text)
{
	return json_is(j, i, JSMN_STRING) && strlen(text) == json_len(j, i) &&
	       memcmp(j->text + j->token[i].start, text, json_len(j, i)) == 0;
}

bool json_word(const struct json *j, int i, jsmntype_t type, char *word, size_t size)
{
	size_t len;

	if (!json_is(j, i, type))
		return false;
	len = json_len(j, i);
	if (len == 0 || len >= size || memchr(j->text + j->token[i].start, '\\', len))
		return false;
	memcpy(word, j->text + j->token[i].start, len);
	word[len] = '\0';
	return true;
}

bool json_number(const struct json *j, int i, uint64_t max, uint64_t *n)
{
	char word[STR_NUMBER + 1];

	return json_word(j, i, JSMN_PRIMITIVE, word, sizeof(word)) && str_u64(word, 0, max, n) == 0;
}

int json_count(const struct json *j, int i)
{
	return json_is(j, i, JSMN_OBJECT) || json_is(j, i, JSMN_ARRAY) ? j->token[i].size : 0;
}

int json_first(const struct json *j, int parent)
{
	return json_count(j, parent) > 0 && parent + 1 < j->n ? parent + 1 : -1;
}

int json_after(const struct json *j, int parent, int i)
{
	/* A key goes up to its colon only; its value is the token after it. */
	i = json_skip(j, json_is(j, parent, JSMN_OBJECT) ? i + 1 : i);
	return i < j->n && j->token[i].start < j->token[parent].end ? i : -1;
}

int json_member(const struct json *j, int object, const char *key)
{
	if (json_is(j, object, JSMN_OBJECT))
		for (JSON_EACH(j, object, i))
			if (json_is_text(j, i, key))
				return i + 1;
	return -1;
}

bool json_has(const struct json *j, int array, const char *text)
{
	if (json_is(j, array, JSMN_ARRAY))
		for (JSON_EACH(j, array, i))
			if (json_is_text(j, i, text))
				return true;
	return false;
}

unsigned int json_line(const struct json *j, int i)
{
	unsigned int line = 1;

	for (int at = 0; i >= 0 && i < j->n && at < j->token[i].start; at++)
		line += j->text[at] == '\n';
	return line;
}

/* ---- strings ---- */

static unsigned int json_hex4(const char *p)
{
	unsigned int v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned int c = (unsigned char)p[i] | 0x20;

		v = v << 4 | (c >= 'a' ? c - 'a' + 10 : c - '0');
	}
	return v;
}

/* UTF-8 of a code point; returns its bytes. */
static size_t json_utf8(char *to, unsigned int v)
{
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; v >>= 6)
		to[i] = (char)(0x80 | (v & 0x3f));
	to[0] = (char)(n == 1 ? v : heads[n] | v);
	return n;
}

/*
 * The escape at p (behind its backslash, jsmn has seen that it is one): writes what it means, moves *p behind
 * it. 0 for half of a pair, which no text can hold, and for a NUL.
 */
static size_t json_escape(const char **p, const char *end, char *to)
{
	static const char from[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *known = strchr(from, **p);
	unsigned int v, low;

	if (**p != 'u') {
		*to = known ? means[known - from] : **p;
		(*p)++;
		return 1;
	}
	v = json_hex4(*p + 1);
	*p += 5;
	if (v >= 0xd800 && v < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		low = json_hex4(*p + 2);
		if (low < 0xdc00 || low > 0xdfff)
			return 0;
		*p += 6;
		v = 0x10000 + ((v & 0x3ff) << 10 | (low & 0x3ff));
	}
	return v == 0 || (v >= 0xd800 && v < 0xe000) ? 0 : json_utf8(to, v);
}

char *json_string(const struct json *j, int i, struct arena *a)
{
	const char *p, *end;
	char *out, *to;

	if (!json_is(j, i, JSMN_STRING))
		return NULL;
	p = j->text + j->token[i].start;
	end = j->text + j->token[i].end;
	/* What an escape means is never longer than the escape. */
	out = to = arena_alloc(a, (size_t)(end - p) + 1);
	while (out && p < end) {
		size_t n = 1;

		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		n = json_escape(&p, end, to);
		if (n == 0)
			return NULL;
		to += n;
	}
	if (to)
		*to = '\0';
	return out;
}
