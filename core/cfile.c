// SPDX-License-Identifier: MIT
/*
 * Reads a Containerfile. See cfile.h. Lines are joined where they end in the escape character,
 * comments among them go, then the instruction's row in a table says what may follow.
 */
#include "core/cfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CFILE_FLAGS_MAX 16
#define CFILE_DOCS_MAX 16

/* What an instruction may have. */
struct cfile_row {
	const char *keyword;
	const char *flags; /* names, blank separated */
	bool exec;	   /* a JSON list is its exec form */
	bool docs;	   /* << begins a here-document */
};

static const struct cfile_row rows[CFILE_OPS] = {
	[CFILE_ADD] = { "ADD", "chown chmod link exclude keep-git-dir checksum", true, true },
	[CFILE_ARG] = { "ARG", "", false, false },
	[CFILE_CMD] = { "CMD", "", true, false },
	[CFILE_COPY] = { "COPY", "from chown chmod link exclude parents", true, true },
	[CFILE_ENTRYPOINT] = { "ENTRYPOINT", "", true, false },
	[CFILE_ENV] = { "ENV", "", false, false },
	[CFILE_EXPOSE] = { "EXPOSE", "", false, false },
	[CFILE_FROM] = { "FROM", "platform", false, false },
	[CFILE_HEALTHCHECK] = { "HEALTHCHECK",
				"interval timeout start-period start-interval retries", false,
				false },
	[CFILE_LABEL] = { "LABEL", "", false, false },
	[CFILE_MAINTAINER] = { "MAINTAINER", "", false, false },
	[CFILE_RUN] = { "RUN", "mount network security", true, true },
	[CFILE_SHELL] = { "SHELL", "", true, false },
	[CFILE_STOPSIGNAL] = { "STOPSIGNAL", "", false, false },
	[CFILE_USER] = { "USER", "", false, false },
	[CFILE_VOLUME] = { "VOLUME", "", true, false },
	[CFILE_WORKDIR] = { "WORKDIR", "", false, false },
};

/* Where the reader is. */
struct cfile_reader {
	struct cfile *f;
	const char *name;
	const char *at, *end;
	unsigned int line; /* of what at points to */
	unsigned int capacity;
	char *scratch; /* as long as the file: a line or a here-document being put together */
	struct err *e;
};

/* One line of the file, without its end. */
struct cfile_line {
	const char *text;
	size_t len;
	unsigned int number;
};

static bool cfile_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static const char *cfile_skip(const char *p)
{
	while (cfile_blank(*p))
		p++;
	return p;
}

static int cfile_bad(const struct cfile_reader *r, unsigned int line, const char *keyword,
		     const char *why)
{
	return err_set(r->e, EINVAL, "%s:%u: %s%s%s", r->name, line, keyword, *keyword ? ": " : "",
		       why);
}

static int cfile_memory(const struct cfile_reader *r)
{
	return err_set(r->e, ENOMEM, "%s: out of memory", r->name);
}

/* False at the end of the file. */
static bool cfile_next_line(struct cfile_reader *r, struct cfile_line *l)
{
	const char *nl;

	if (r->at >= r->end)
		return false;
	nl = memchr(r->at, '\n', (size_t)(r->end - r->at));
	l->text = r->at;
	l->len = (size_t)((nl ? nl : r->end) - r->at);
	l->number = r->line++;
	r->at = nl ? nl + 1 : r->end;
	if (l->len > 0 && l->text[l->len - 1] == '\r')
		l->len--;
	return true;
}

static void cfile_trim_left(struct cfile_line *l)
{
	while (l->len > 0 && cfile_blank(*l->text)) {
		l->text++;
		l->len--;
	}
}

static void cfile_trim_right(struct cfile_line *l)
{
	while (l->len > 0 && cfile_blank(l->text[l->len - 1]))
		l->len--;
}

/* ---- directives --------------------------------------------------------------------------------- */

/* "# name = value" into the two; false when the line is another comment. */
static bool cfile_directive(struct cfile_line l, char *name, size_t size, struct cfile_line *value)
{
	size_t n = 0;

	if (l.len == 0 || *l.text != '#')
		return false;
	l.text++;
	l.len--;
	cfile_trim_left(&l);
	while (n < l.len && n + 1 < size && (l.text[n] | 0x20) >= 'a' &&
	       (l.text[n] | 0x20) <= 'z') {
		name[n] = (char)(l.text[n] | 0x20);
		n++;
	}
	name[n] = '\0';
	l.text += n;
	l.len -= n;
	cfile_trim_left(&l);
	if (n == 0 || l.len == 0 || *l.text != '=')
		return false;
	l.text++;
	l.len--;
	cfile_trim_left(&l);
	cfile_trim_right(&l);
	*value = l;
	return true;
}

/* Those before anything else in the file; syntax and check are about other builders. */
static int cfile_directives(struct cfile_reader *r)
{
	struct cfile_reader back = *r;
	struct cfile_line l, value;
	bool seen = false;
	char name[16];

	while (cfile_next_line(r, &l) && cfile_directive(l, name, sizeof(name), &value)) {
		back = *r;
		if (strcmp(name, "escape") != 0) {
			if (strcmp(name, "syntax") != 0 && strcmp(name, "check") != 0)
				break;
			continue;
		}
		if (seen)
			return cfile_bad(r, l.number, "escape", "given twice");
		if (value.len != 1 || (*value.text != '\\' && *value.text != '`'))
			return cfile_bad(r, l.number, "escape", "must be \\ or `");
		r->f->escape = *value.text;
		seen = true;
	}
	r->at = back.at;
	r->line = back.line;
	return 0;
}

/* ---- one instruction ------------------------------------------------------------------------------ */

/* Takes the escape character off the end of a line that goes on with the next; true when it does. */
static bool cfile_goes_on(const struct cfile_reader *r, struct cfile_line *l)
{
	struct cfile_line cut = *l;

	cfile_trim_right(&cut);
	if (cut.len == 0 || cut.text[cut.len - 1] != r->f->escape)
		return false;
	if (cut.len > 1 && cut.text[cut.len - 2] == r->f->escape)
		return false;
	l->len = cut.len - 1;
	return true;
}

/* The instruction that begins with l, its lines joined into the arena. */
static char *cfile_join(struct cfile_reader *r, struct cfile_line l)
{
	bool more = cfile_goes_on(r, &l);
	char *text = r->scratch;
	size_t n = l.len;

	memcpy(text, l.text, l.len);
	while (more && cfile_next_line(r, &l)) {
		struct cfile_line bare = l;

		cfile_trim_left(&bare);
		if (bare.len == 0 || *bare.text == '#')
			continue;
		more = cfile_goes_on(r, &l);
		memcpy(text + n, l.text, l.len);
		n += l.len;
	}
	while (n > 0 && cfile_blank(text[n - 1]))
		n--;
	return arena_strn(&r->f->arena, text, n);
}

static const struct cfile_row *cfile_row(const char *word, size_t len)
{
	for (size_t i = 0; i < CFILE_OPS; i++)
		if (strlen(rows[i].keyword) == len && strncasecmp(rows[i].keyword, word, len) == 0)
			return &rows[i];
	return NULL;
}

static int cfile_unknown(const struct cfile_reader *r, unsigned int line, const char *word,
			 size_t len)
{
	char name[24], upper[24];
	const char *near = NULL;
	unsigned int best;

	str_escape(name, sizeof(name), word, len);
	str_copy(upper, sizeof(upper), name);
	for (char *p = upper; *p; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	if (strcmp(upper, "ONBUILD") == 0)
		return cfile_bad(r, line, "ONBUILD",
				 "not supported; put its instruction into the file that builds on "
				 "this one");
	best = str_nearest_begin(upper);
	for (size_t i = 0; i < CFILE_OPS; i++)
		near = str_nearest_more(upper, rows[i].keyword, &best, near);
	if (near)
		return err_set(r->e, EINVAL, "%s:%u: unknown instruction %s; did you mean %s?",
			       r->name, line, name, near);
	return err_set(r->e, EINVAL, "%s:%u: unknown instruction %s", r->name, line, name);
}

static bool cfile_flag_known(const char *known, const char *name, size_t len)
{
	while (*known) {
		size_t n = strcspn(known, " ");

		if (n == len && memcmp(known, name, n) == 0)
			return true;
		known += n + (known[n] == ' ');
	}
	return false;
}

/* The --flags at the beginning of s->text, each up to a blank outside quotes. */
static int cfile_flags(struct cfile_reader *r, struct cfile_step *s)
{
	const char *known = rows[s->op].flags;
	const char *p = s->text;

	while (*known && p[0] == '-' && p[1] == '-') {
		const char *begin = p + 2;
		size_t name = strcspn(begin, "= \t");
		char quote = 0, *flag, *to;

		if (name == 0) { /* "--" alone ends them */
			s->text = cfile_skip(begin);
			return 0;
		}
		if (!cfile_flag_known(known, begin, name))
			return err_set(r->e, EINVAL, "%s:%u: %s: unknown flag --%.*s; it has: %s",
				       r->name, s->line, s->keyword, (int)min_u64(name, 40), begin,
				       known);
		flag = to = arena_alloc(&r->f->arena, strlen(begin) + 1);
		if (!flag)
			return cfile_memory(r);
		for (p = begin; *p && (quote || !cfile_blank(*p)); p++) {
			if (!quote && (*p == '"' || *p == '\''))
				quote = *p;
			else if (quote && *p == quote)
				quote = 0;
			else
				*to++ = *p;
		}
		if (quote)
			return cfile_bad(r, s->line, s->keyword, "a quote in a flag is not closed");
		if (s->flags.n == CFILE_FLAGS_MAX)
			return cfile_bad(r, s->line, s->keyword, "too many flags");
		if (strv_add(&r->f->arena, &s->flags, flag) < 0)
			return cfile_memory(r);
		p = cfile_skip(p);
	}
	s->text = p;
	return 0;
}

/* ---- here-documents --------------------------------------------------------------------------------- */

/*
 * The next << outside quotes at the beginning of a word; *p moves behind its name, which is written to
 * name. Returns 1, 0 when there is none, -EINVAL when it has no good name.
 */
static int cfile_doc_mark(const char **p, char *name, size_t size, bool *tabs, bool *expand)
{
	char quote = 0;
	bool start = true;

	for (const char *c = *p; *c; c++) {
		if (quote) {
			quote = *c == quote ? 0 : quote;
			continue;
		}
		if (*c == '\'' || *c == '"')
			quote = *c;
		if (start && c[0] == '<' && c[1] == '<' && c[2] != '<') {
			size_t n = 0;

			c += 2;
			*tabs = *c == '-';
			c += *tabs;
			quote = *c == '\'' || *c == '"' ? *c : 0;
			*expand = !quote;
			c += quote != 0;
			while (*c && !cfile_blank(*c) && *c != quote && !strchr("<>|&;'\"", *c)) {
				if (n + 1 >= size)
					return -EINVAL;
				name[n++] = *c++;
			}
			name[n] = '\0';
			if (quote && (n == 0 || *c != quote))
				return -EINVAL;
			/* $((1 << 3)): no document begins here. */
			if (n == 0) {
				start = false;
				c--;
				continue;
			}
			*p = c + (quote != 0);
			return 1;
		}
		start = cfile_blank(*c) || (*c >= '0' && *c <= '9' && start);
	}
	return 0;
}

static int cfile_doc_text(struct cfile_reader *r, struct cfile_doc *d, bool tabs)
{
	char *text = r->scratch;
	struct cfile_line l;
	size_t n = 0;

	while (cfile_next_line(r, &l)) {
		while (tabs && l.len > 0 && *l.text == '\t') {
			l.text++;
			l.len--;
		}
		if (l.len == strlen(d->name) && memcmp(l.text, d->name, l.len) == 0) {
			d->text = arena_strn(&r->f->arena, text, n);
			return d->text ? 0 : -ENOMEM;
		}
		memcpy(text + n, l.text, l.len);
		n += l.len;
		text[n++] = '\n';
	}
	return -EINVAL;
}

static int cfile_docs(struct cfile_reader *r, struct cfile_step *s)
{
	const char *p = s->text;
	bool tabs, expand;
	char name[64];
	int ret;

	while ((ret = cfile_doc_mark(&p, name, sizeof(name), &tabs, &expand)) > 0) {
		struct cfile_doc *d;

		if (s->n_docs == CFILE_DOCS_MAX)
			return cfile_bad(r, s->line, s->keyword, "too many here-documents");
		if (!s->docs)
			s->docs = arena_alloc(&r->f->arena, CFILE_DOCS_MAX * sizeof(*s->docs));
		if (!s->docs)
			return cfile_memory(r);
		d = &s->docs[s->n_docs++];
		d->name = arena_str(&r->f->arena, name);
		d->expand = expand;
		ret = d->name ? cfile_doc_text(r, d, tabs) : -ENOMEM;
		if (ret == -EINVAL)
			return err_set(r->e, EINVAL, "%s:%u: %s: here-document without its end: %s",
				       r->name, s->line, s->keyword, name);
		if (ret < 0)
			return cfile_memory(r);
	}
	return ret < 0 ? cfile_bad(r, s->line, s->keyword, "<< without a name") : 0;
}

/* ---- the file ------------------------------------------------------------------------------------- */

/* HEALTHCHECK CMD command: the command may have either form. */
static int cfile_health(struct cfile_reader *r, struct cfile_step *s)
{
	const char *rest = s->text + 3;
	int ret;

	if (strcasecmp(s->text, "NONE") == 0) {
		s->text = "NONE";
		return 0;
	}
	if (strncasecmp(s->text, "CMD", 3) != 0 || !cfile_blank(*rest))
		return cfile_bad(r, s->line, s->keyword, "wants CMD command, or NONE");
	s->text = cfile_skip(rest);
	ret = cfile_exec_form(&r->f->arena, s->text, &s->exec);
	s->is_exec = ret > 0;
	return ret < 0 ? cfile_memory(r) : 0;
}

static int cfile_body(struct cfile_reader *r, struct cfile_step *s)
{
	const struct cfile_row *row = &rows[s->op];
	int ret = cfile_flags(r, s);

	if (ret < 0)
		return ret;
	if (!*s->text)
		return cfile_bad(r, s->line, s->keyword, "wants something after it");
	if (s->op == CFILE_HEALTHCHECK)
		return cfile_health(r, s);
	if (row->exec) {
		ret = cfile_exec_form(&r->f->arena, s->text, &s->exec);
		if (ret < 0)
			return cfile_memory(r);
		s->is_exec = ret > 0;
	}
	if (s->op == CFILE_SHELL && (!s->is_exec || s->exec.n == 0))
		return cfile_bad(r, s->line, s->keyword,
				 "wants a list: SHELL [\"/bin/sh\", \"-c\"]");
	return row->docs && !s->is_exec ? cfile_docs(r, s) : 0;
}

/* Room for one more step at the end of the list. */
static struct cfile_step *cfile_new_step(struct cfile_reader *r)
{
	struct cfile *f = r->f;
	struct cfile_step *grown;

	if (f->n == r->capacity) {
		unsigned int n = r->capacity ? r->capacity * 2 : 32;

		grown = arena_alloc(&f->arena, n * sizeof(*grown));
		if (!grown)
			return NULL;
		if (f->n > 0)
			memcpy(grown, f->steps, f->n * sizeof(*grown));
		f->steps = grown;
		r->capacity = n;
	}
	return &f->steps[f->n];
}

static int cfile_step(struct cfile_reader *r, struct cfile_line l)
{
	const struct cfile_row *row;
	struct cfile_step *s;
	char *text = cfile_join(r, l);
	size_t word;
	int ret;

	if (!text)
		return cfile_memory(r);
	word = strcspn(text, " \t\v\f");
	row = cfile_row(text, word);
	if (!row)
		return cfile_unknown(r, l.number, text, word);
	if (r->f->n == CFILE_MAX_STEPS)
		return cfile_bad(r, l.number, row->keyword, "too many instructions in one file");
	s = cfile_new_step(r);
	if (!s)
		return cfile_memory(r);
	*s = (struct cfile_step){ .op = (enum cfile_op)(row - rows),
				  .keyword = row->keyword,
				  .line = l.number,
				  .text = cfile_skip(text + word) };
	ret = cfile_body(r, s);
	if (ret < 0)
		return ret;
	r->f->n++;
	return 0;
}

/* Nothing but ARG comes before the first FROM. */
static int cfile_order(const struct cfile_reader *r)
{
	const struct cfile *f = r->f;

	for (unsigned int i = 0; i < f->n; i++) {
		if (f->steps[i].op == CFILE_FROM)
			return 0;
		if (f->steps[i].op != CFILE_ARG)
			return cfile_bad(r, f->steps[i].line, f->steps[i].keyword,
					 "comes before the first FROM");
	}
	return err_set(r->e, EINVAL, "%s: has no FROM; begin with FROM scratch, or an image",
		       r->name);
}

int cfile_parse(struct cfile *f, const char *name, const char *text, size_t len, struct err *e)
{
	struct cfile_reader r = {
		.f = f, .name = name, .at = text, .end = text + len, .line = 1, .e = e
	};
	struct cfile_line l;
	int ret;

	*f = (struct cfile){ .escape = '\\', .arena.limit = 64UL << 20 };
	if (len > CFILE_MAX_BYTES)
		return err_set(e, EFBIG, "%s: longer than %u bytes", name, CFILE_MAX_BYTES);
	if (len > 0 && memchr(text, 0, len))
		return err_set(e, EINVAL, "%s: has a NUL byte: not a text file", name);
	r.scratch = malloc(len + 2);
	if (!r.scratch)
		return cfile_memory(&r);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	ret = cfile_directives(&r);
	while (ret >= 0 && cfile_next_line(&r, &l)) {
		cfile_trim_left(&l);
		if (l.len > 0 && *l.text != '#')
			ret = cfile_step(&r, l);
	}
	free(r.scratch);
	return ret < 0 ? ret : cfile_order(&r);
}

void cfile_free(struct cfile *f)
{
	arena_free(&f->arena);
	f->steps = NULL;
	f->n = 0;
}

const char *cfile_flag(const struct cfile_step *s, const char *name)
{
	size_t n = strlen(name);

	for (unsigned int i = s->flags.n; i-- > 0;) {
		const char *flag = s->flags.v[i];

		if (strncmp(flag, name, n) == 0 && (flag[n] == '=' || !flag[n]))
			return flag[n] ? flag + n + 1 : "";
	}
	return NULL;
}
