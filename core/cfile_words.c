// SPDX-License-Identifier: MIT
/*
 * Words and variables of a Containerfile, as Docker reads them (not quite a shell: see cfile.h). Pure
 * text, bounded in length and in depth.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/build_match.h"
#include "core/cfile.h"
#include "core/lib/fd.h"

#define WORDS_MAX_BYTES (1U << 20) /* of one value */
#define WORDS_MAX_DEPTH 16	   /* of ${A:-${B:-...}} */
#define WORDS_NAME 256

/* A text that grows; malloc'd. */
struct words_text {
	char *s;
	size_t n, room;
};

struct words_reader {
	const struct cfile_vars *v;
	const char *p;
	struct words_text out;
	struct strv *list; /* where ended words go; NULL: everything is one value */
	bool inside;	   /* a word has begun, be it empty */
	bool text;	   /* of a file: quotes are text */
	unsigned int depth;
	struct err *e;
};

static int words_until(struct words_reader *r, char stop);

static int words_put(struct words_reader *r, char c)
{
	struct words_text *t = &r->out;

	if (t->n + 1 >= t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		char *s = room > WORDS_MAX_BYTES ? NULL : realloc(t->s, room);

		if (!s)
			return err_set(r->e, E2BIG, "value too long");
		t->s = s;
		t->room = room;
	}
	t->s[t->n++] = c;
	t->s[t->n] = '\0';
	r->inside = true;
	return 0;
}

static bool words_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* Ends the word, if one has begun. */
static int words_end(struct words_reader *r)
{
	if (!r->inside)
		return 0;
	if (strv_add(r->v->arena, r->list, r->out.s ? r->out.s : "") < 0)
		return err_set(r->e, ENOMEM, "out of memory");
	r->inside = false;
	r->out.n = 0;
	if (r->out.s)
		*r->out.s = '\0';
	return 0;
}

/* Text that a variable brought: it is split where it was not quoted. */
static int words_add(struct words_reader *r, const char *s, bool quoted)
{
	int ret = 0;

	for (; *s && ret >= 0; s++)
		ret = r->list && !quoted && words_blank(*s) ? words_end(r) : words_put(r, *s);
	return ret;
}

/* ---- ${name op word} ------------------------------------------------------------------------------- */

static bool words_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* The name at r->p; "" when there is none. -E2BIG. */
static int words_name(struct words_reader *r, char name[WORDS_NAME])
{
	size_t n = 0;

	while (words_name_char(*r->p)) {
		if (n + 1 >= WORDS_NAME)
			return err_set(r->e, E2BIG, "variable name too long");
		name[n++] = *r->p++;
	}
	name[n] = '\0';
	return 0;
}

/* The text up to stop (or the closing brace), itself expanded, malloc'd. */
static int words_operand(struct words_reader *r, char stop, char **out)
{
	struct words_reader in = { .v = r->v, .p = r->p, .depth = r->depth + 1, .e = r->e };
	int ret = in.depth > WORDS_MAX_DEPTH ? err_set(r->e, ELOOP, "nested too deep")
					     : words_until(&in, stop);

	r->p = in.p;
	*out = NULL;
	if (ret >= 0) {
		*out = in.out.s ? in.out.s : calloc(1, 1);
		return *out ? 0 : err_set(r->e, ENOMEM, "out of memory");
	}
	free(in.out.s);
	return ret;
}

/* How many bytes at s match glob: the fewest, or the most; -1 for none. s is changed and put back. */
static long words_match(char *s, const char *glob, bool most)
{
	size_t len = strlen(s);

	for (size_t i = 0; i <= len; i++) {
		size_t n = most ? len - i : i;
		char c = s[n];
		bool is;

		s[n] = '\0';
		is = build_match_text(glob, s);
		s[n] = c;
		if (is)
			return (long)n;
	}
	return -1;
}

/* ${A%glob}: cuts the shortest (or longest) end that matches. */
static void words_cut_end(char *s, const char *glob, bool most)
{
	size_t len = strlen(s);

	for (size_t i = 0; i <= len; i++) {
		size_t n = most ? i : len - i;

		if (build_match_text(glob, s + n)) {
			s[n] = '\0';
			return;
		}
	}
}

/* ${A#glob} and the like. value is a copy that may be changed. */
static int words_trim(struct words_reader *r, char op, char *value, bool quoted)
{
	AUTO_FREE char *glob = NULL;
	bool most = *r->p == op;
	long n;
	int ret;

	r->p += most;
	ret = words_operand(r, '}', &glob);
	if (ret < 0)
		return ret;
	if (op == '%') {
		words_cut_end(value, glob, most);
		return words_add(r, value, quoted);
	}
	n = words_match(value, glob, most);
	return words_add(r, value + (n > 0 ? n : 0), quoted);
}

/* ${A/glob/text}, once or (//) everywhere. */
static int words_replace(struct words_reader *r, char *value, bool quoted)
{
	AUTO_FREE char *glob = NULL, *by = NULL;
	bool all = *r->p == '/', done = false;
	int ret;

	r->p += all;
	ret = words_operand(r, '/', &glob);
	if (ret >= 0 && r->p[-1] == '/')
		ret = words_operand(r, '}', &by);
	while (ret >= 0 && *value) {
		long n = done && !all ? -1 : words_match(value, glob, true);

		if (n > 0) {
			ret = by ? words_add(r, by, quoted) : 0;
			value += n;
			done = true;
		} else {
			char one[2] = { *value++, '\0' };

			ret = words_add(r, one, quoted);
		}
	}
	return ret;
}

/* - + ? with or without the colon, which takes an empty value for an unset one. */
static int words_choose(struct words_reader *r, const char *name, const char *value, bool colon,
			bool quoted)
{
	AUTO_FREE char *word = NULL;
	bool is = value && (!colon || *value);
	char op = *r->p;
	int ret;

	if (!op || !strchr("-+?", op))
		return err_set(r->e, EINVAL,
			       "${%s: unknown operator; it may be :- :+ :? - + ? # ## "
			       "%% %%%% / //",
			       name);
	r->p++;
	ret = words_operand(r, '}', &word);
	if (ret < 0)
		return ret;
	if (op == '?' && !is)
		return err_set(r->e, EINVAL, "%s: %s", name, *word ? word : "is not set");
	if (op == '+')
		return is ? words_add(r, word, quoted) : 0;
	return words_add(r, is ? value : word, quoted);
}

/* What follows "${". */
static int words_brace(struct words_reader *r, bool quoted)
{
	AUTO_FREE char *copy = NULL;
	char name[WORDS_NAME];
	const char *value;
	int ret = words_name(r, name);

	if (ret < 0)
		return ret;
	if (!*name)
		return err_set(r->e, EINVAL, "${ without the name of a variable");
	value = r->v->lookup(r->v->arg, name);
	switch (*r->p) {
	case '}':
		r->p++;
		return value ? words_add(r, value, quoted) : 0;
	case '#':
	case '%':
	case '/':
		copy = strdup(value ? value : "");
		if (!copy)
			return err_set(r->e, ENOMEM, "out of memory");
		if (*r->p++ == '/')
			return words_replace(r, copy, quoted);
		return words_trim(r, r->p[-1], copy, quoted);
	case ':':
		r->p++;
		return words_choose(r, name, value, true, quoted);
	case '\0':
		return err_set(r->e, EINVAL, "${%s is not closed with }", name);
	default:
		return words_choose(r, name, value, false, quoted);
	}
}

/* What follows a dollar. */
static int words_dollar(struct words_reader *r, bool quoted)
{
	char name[WORDS_NAME];
	const char *value;
	int ret;

	if (*r->p == '{') {
		r->p++;
		return words_brace(r, quoted);
	}
	ret = words_name(r, name);
	if (ret < 0)
		return ret;
	if (!*name)
		return words_put(r, '$');
	value = r->v->lookup(r->v->arg, name);
	return value ? words_add(r, value, quoted) : 0;
}

/* ---- quotes ---------------------------------------------------------------------------------------- */

static int words_single(struct words_reader *r)
{
	int ret = 0;

	r->inside = true;
	for (; ret >= 0 && *r->p && *r->p != '\''; r->p++)
		ret = words_put(r, *r->p);
	if (ret >= 0 && !*r->p)
		return err_set(r->e, EINVAL, "a single quote is not closed");
	r->p += ret >= 0;
	return ret;
}

static int words_double(struct words_reader *r)
{
	int ret = 0;

	r->inside = true;
	while (ret >= 0 && *r->p && *r->p != '"') {
		char c = *r->p++;

		if (c == '$' && r->v->lookup) {
			ret = words_dollar(r, true);
			continue;
		}
		/* It escapes what means something here; before anything else it is itself. */
		if (c == r->v->escape && (*r->p == '"' || *r->p == '$' || *r->p == c))
			c = *r->p++;
		ret = words_put(r, c);
	}
	if (ret >= 0 && !*r->p)
		return err_set(r->e, EINVAL, "a double quote is not closed");
	r->p += ret >= 0;
	return ret;
}

/* Up to stop outside quotes, which is taken; stop 0 is the end of the text. */
static int words_until(struct words_reader *r, char stop)
{
	int ret = 0;

	while (ret >= 0 && *r->p) {
		char c = *r->p++;

		if (stop && (c == stop || c == '}'))
			return 0;
		if (r->text && c != '$') {
			/* Only the dollar means something, and can be escaped. */
			if (c == r->v->escape && *r->p == '$')
				c = *r->p++;
			ret = words_put(r, c);
		} else if (c == '\'') {
			ret = words_single(r);
		} else if (c == '"') {
			ret = words_double(r);
		} else if (c == '$' && r->v->lookup) {
			ret = words_dollar(r, false);
		} else if (r->list && words_blank(c)) {
			ret = words_end(r);
		} else if (c != r->v->escape) {
			ret = words_put(r, c);
		} else if (*r->p) {
			ret = words_put(r, *r->p++);
		}
	}
	if (ret >= 0 && stop)
		return err_set(r->e, EINVAL, "${ is not closed with }");
	return ret;
}

static char *words_expand(struct words_reader *r)
{
	char *s = NULL;

	if (words_until(r, 0) >= 0) {
		s = arena_str(r->v->arena, r->out.s ? r->out.s : "");
		if (!s)
			err_set(r->e, ENOMEM, "out of memory");
	}
	free(r->out.s);
	return s;
}

char *cfile_expand(const struct cfile_vars *v, const char *text, struct err *e)
{
	return words_expand(&(struct words_reader){ .v = v, .p = text, .e = e });
}

char *cfile_expand_text(const struct cfile_vars *v, const char *text, struct err *e)
{
	return words_expand(&(struct words_reader){ .v = v, .p = text, .text = true, .e = e });
}

int cfile_words(const struct cfile_vars *v, const char *text, struct strv *out, struct err *e)
{
	struct words_reader r = { .v = v, .p = text, .list = out, .e = e };
	int ret = words_until(&r, 0);

	if (ret >= 0)
		ret = words_end(&r);
	free(r.out.s);
	return ret;
}

/* ---- NAME=VALUE ------------------------------------------------------------------------------------ */

/* Where the word at p ends: the first blank outside quotes, not escaped. */
static const char *words_word_end(const char *p, char escape)
{
	char quote = 0;

	for (; *p && (quote || !words_blank(*p)); p++) {
		if (*p == escape && quote != '\'' && p[1])
			p++;
		else if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
	}
	return p;
}

static int words_pair_add(const struct cfile_vars *v, const char *name, const char *value,
			  struct strv *out, struct err *e)
{
	size_t n = strlen(name) + strlen(value) + 2;
	AUTO_FREE char *pair = malloc(n);

	if (pair)
		str_format(pair, n, "%s=%s", name, value);
	return pair && strv_add(v->arena, out, pair) >= 0 ? 0 : err_set(e, ENOMEM, "out of memory");
}

/* One word NAME=VALUE or, with bare, NAME. */
static int words_pair(const struct cfile_vars *v, const char *word, bool bare, struct strv *out,
		      struct err *e)
{
	const char *text = cfile_expand(v, word, e);

	if (!text)
		return -e->code;
	if (*text == '=' || !*text)
		return err_set(e, EINVAL, "%.60s: has no name before the =", word);
	if (!strchr(text, '=') && !bare)
		return err_set(e, EINVAL, "%.60s: wants NAME=VALUE", word);
	return strv_add(v->arena, out, text) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

/* NAME VALUE: all that follows the name is one value. */
static int words_single_pair(const struct cfile_vars *v, const char *text, struct strv *out,
			     struct err *e)
{
	size_t n = strcspn(text, " \t\n\r\v\f");
	const char *name = arena_strn(v->arena, text, n), *value;

	text += n;
	while (words_blank(*text))
		text++;
	if (!name)
		return err_set(e, ENOMEM, "out of memory");
	if (!*text)
		return err_set(e, EINVAL, "%.60s: wants a value: %.60s=VALUE", name, name);
	name = cfile_expand(v, name, e);
	value = name ? cfile_expand(v, text, e) : NULL;
	return value ? words_pair_add(v, name, value, out, e) : -e->code;
}

int cfile_pairs(const struct cfile_vars *v, const char *text, bool single, bool bare,
		struct strv *out, struct err *e)
{
	const char *end = words_word_end(text, v->escape);
	int ret = 0;

	if (single && !memchr(text, '=', (size_t)(end - text)))
		return words_single_pair(v, text, out, e);
	while (*text && ret >= 0) {
		AUTO_FREE char *word = strndup(text, (size_t)(end - text));

		ret = word ? words_pair(v, word, bare, out, e)
			   : err_set(e, ENOMEM, "out of memory");
		text = end;
		while (words_blank(*text))
			text++;
		end = words_word_end(text, v->escape);
	}
	return ret;
}
