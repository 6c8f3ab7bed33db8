// SPDX-License-Identifier: MIT
/*
 * The manifest's text: INI lines into structs. Runs where a manifest is read: at boot, on reload, on the PC
 * that compiles it. Accepts any bytes; every error says name:line:column and what was expected there.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/words.h"
#include "core/manifest.h"

#define TEXT_FIELDS_MAX 128

struct text {
	struct manifest *m;
	const char *name; /* of the file, for messages */
	unsigned int line;
	char *row;   /* the line at hand, NUL-terminated */
	char *value; /* as long as row */
	struct err *e;
	struct spec *image;		 /* it is the configuration of an image, for this */
	bool (*allows)(const char *key); /* then: which keys it may have */
	struct fields section;		 /* .base is NULL before the first [section] */
	bool passing;			 /* over a container that nobody wants */
	unsigned int system_at[TEXT_FIELDS_MAX],
		named_at[TEXT_FIELDS_MAX]; /* the line of each key */
	unsigned int *at;		   /* one of the two */
};

static int text_fail(struct text *t, const char *where, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int text_fail(struct text *t, const char *where, const char *fmt, ...)
{
	unsigned int column = (unsigned int)(where - t->row) + 1;
	char msg[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(t->e, EINVAL, "%s:%u:%u: %s", t->name, t->line, column, msg);
}

/* The error is about what stands at where; its sentence stays. */
static int text_place(struct text *t, const char *where)
{
	struct err inner = *t->e;

	text_fail(t, where, "%s", inner.msg);
	t->e->code = inner.code;
	return -inner.code;
}

static const char *text_skip(const char *p)
{
	return p + strspn(p, " \t");
}

/* ---- [kind name] --------------------------------------------------------------------------------- */

static int text_container(struct text *t, const char *where, const char *name)
{
	const struct spec *twin = manifest_find(t->m, name);
	char origin[160];
	struct spec *s;

	if (!path_is_name(name))
		return text_fail(
			t, where,
			"'%.70s' cannot name a container (letters, digits, - _ . and at most %d of them)",
			name, SPEC_NAME_MAX);
	if (twin)
		return text_fail(t, where, "a second [container %s]; the first is at %s", name,
				 twin->origin ? twin->origin : "another place");
	s = spec_new();
	if (!s)
		return text_fail(t, where, "out of memory");
	str_format(origin, sizeof(origin), "%s:%u", t->name, t->line);
	s->name = arena_str(&s->arena, name);
	s->origin = arena_str(&s->arena, origin);
	if (manifest_add(t->m, s, t->e) < 0)
		return text_place(t, where);
	if (!s->name || !s->origin)
		return text_fail(t, where, "out of memory");
	t->section = SPEC_FIELDS(s);
	memset(t->named_at, 0, sizeof(t->named_at));
	t->at = t->named_at;
	return 0;
}

/* [network NAME], [interface NAME] */
static int text_named(struct text *t, const char *where, enum section_kind kind, const char *name)
{
	const struct section_table *table = &section_tables[kind];
	const struct section *twin;
	char origin[160];
	struct section *s;

	if (!table->is_name(name))
		return text_fail(t, where, "'%.70s' cannot name %s", name, table->what);
	twin = section_find(t->m->sections[kind], name);
	if (twin)
		return text_fail(t, where, "a second [%s %s]; the first is at %s", table->kind,
				 name, twin->origin ? twin->origin : "another place");
	s = section_new(kind);
	if (!s)
		return text_fail(t, where, "out of memory");
	str_format(origin, sizeof(origin), "%s:%u", t->name, t->line);
	s->name = arena_str(&s->arena, name);
	s->origin = arena_str(&s->arena, origin);
	if (!s->name || !s->origin) {
		section_free(s);
		return text_fail(t, where, "out of memory");
	}
	section_append(&t->m->sections[kind], s);
	t->section = manifest_section_fields(s, kind);
	memset(t->named_at, 0, sizeof(t->named_at));
	t->at = t->named_at;
	return 0;
}

static int text_system(struct text *t, const char *where, const char *name)
{
	if (*name)
		return text_fail(t, where, "[system] has no name");
	t->section = SYSTEM_FIELDS(&t->m->system);
	t->at = t->system_at;
	return 0;
}

/* The one section of an image's configuration. */
static int text_image(struct text *t, const char *where, const char *kind, const char *name)
{
	if (strcmp(kind, "image") != 0 || *name)
		return text_fail(t, where, "an image has only the section [image]");
	t->section = SPEC_FIELDS(t->image);
	t->at = t->named_at;
	return 0;
}

static const char *const text_kinds[] = {
	"container", "system", "network", "interface",
#if IS_ENABLED(CONFIG_MACHINE)
	"mount",     "device", "console",
#endif
};

#if IS_ENABLED(CONFIG_MACHINE)
#define TEXT_KINDS \
	"[network NAME], [interface NAME], [mount PATH], [device PATTERN] and [console TTY]"
#else
#define TEXT_KINDS "[network NAME] and [interface NAME]"
#endif

static int text_unknown_section(struct text *t, const char *where, const char *kind)
{
	const char *near;

	for (size_t i = 2; i < ARRAY_SIZE(text_kinds); i++) {
		if (!strcmp(text_kinds[i], kind))
			return text_fail(t, where, "this build has no [%s] sections", kind);
	}
	near = str_nearest(kind, text_kinds, ARRAY_SIZE(text_kinds));
	if (near)
		return text_fail(t, where, "unknown section [%.40s] (did you mean [%s]?)", kind,
				 near);
	return text_fail(
		t, where,
		"unknown section [%.40s]; there are [system], [container NAME], " TEXT_KINDS, kind);
}

static int text_section(struct text *t, char *p)
{
	char *kind = p + 1 + strspn(p + 1, " \t");
	char *name = kind + strcspn(kind, " \t]");
	char *end = strchr(name, ']');
	const char *rest;

	if (!end)
		return text_fail(t, p, "'[' without ']'");
	rest = text_skip(end + 1);
	if (*rest && *rest != '#')
		return text_fail(t, rest, "unexpected text after ']'");
	while (end > name && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	if (*name) {
		*name++ = '\0';
		name += strspn(name, " \t");
	}
	if (t->image)
		return text_image(t, kind, kind, name);
	t->passing = t->m->brief && !strcmp(kind, "container");
	if (t->passing)
		return 0;
	if (!strcmp(kind, "container"))
		return text_container(t, name, name);
	if (!strcmp(kind, "system"))
		return text_system(t, name, name);
	for (unsigned int i = 0; IS_ENABLED(CONFIG_NETWORK) && i < SECTION_N; i++)
		if (!strcmp(kind, section_tables[i].kind))
			return text_named(t, name, i, name);
	return text_unknown_section(t, kind, kind);
}

/* ---- key = value --------------------------------------------------------------------------------- */

static bool text_repeats(const struct spec_field *f)
{
	return f->type == SPEC_LIST || f->type == SPEC_NAMES;
}

static int text_unknown_key(struct text *t, const char *key)
{
	unsigned int best = str_nearest_begin(key);
	const char *near = NULL;

	for (unsigned int i = 0; i < t->section.n; i++)
		near = str_nearest_more(key, t->section.rows[i].name, &best, near);
	if (near)
		return text_fail(t, key, "unknown key \"%.40s\" (did you mean \"%s\"?)", key, near);
	return text_fail(t, key, "unknown key \"%.40s\"", key);
}

static const struct spec_field *text_field(const struct text *t, const char *key)
{
	for (unsigned int i = 0; i < t->section.n; i++) {
		if (!strcmp(t->section.rows[i].name, key))
			return &t->section.rows[i];
	}
	return NULL;
}

static int text_set(struct text *t, const struct spec_field *f, const char *text)
{
	const char *value = text;

	/* A line of words keeps its quotes, which say where the words end. */
	if (f->type != SPEC_WORDS) {
		if (words_value(text, t->value) < 0)
			return text_fail(t, text, "%s: a quote is not closed", f->name);
		value = t->value;
	}
	if (!*value && !text_repeats(f) && f->type != SPEC_WORDS && f->type != SPEC_STR)
		return text_fail(t, text, "%s: a value is missing", f->name);
	if (spec_set_field(t->section.base, t->section.arena, f, value, t->e) < 0)
		return text_place(t, text);
	fields_mark(&t->section, f);
	return 0;
}

static int text_key(struct text *t, char *key)
{
	char *end = key + strcspn(key, "= \t");
	char *eq = end + strspn(end, " \t");
	const struct spec_field *f;
	unsigned int *at;

	if (*eq != '=' || eq == key)
		return text_fail(t, eq, "expected KEY = VALUE or [SECTION]");
	*end = '\0';
	if (!t->section.base)
		return text_fail(t, key, "\"%.40s\" stands before the first [section]", key);
	f = text_field(t, key);
	if (!f)
		return text_unknown_key(t, key);
	if (t->allows && !t->allows(key))
		return text_fail(t, key, "%s: an image may not set this", key);
	at = &t->at[f - t->section.rows];
	if (fields_is_set(&t->section, f) && !text_repeats(f)) {
		if (*at)
			return text_fail(t, key, "%s is already set in line %u", key, *at);
		return text_fail(t, key, "%s is already set in another file", key);
	}
	*at = t->line;
	return text_set(t, f, text_skip(eq + 1));
}

/* ---- lines --------------------------------------------------------------------------------------- */

static int text_line(struct text *t, const char *line, size_t len)
{
	char *p;

	if (len && line[len - 1] == '\r')
		len--;
	memcpy(t->row, line, len);
	t->row[len] = '\0';
	if (strlen(t->row) != len)
		return text_fail(t, t->row + strlen(t->row), "a NUL byte in text");
	p = t->row + strspn(t->row, " \t");
	if (!*p || *p == '#')
		return 0;
	if (*p == '[')
		return text_section(t, p);
	return t->passing ? 0 : text_key(t, p);
}

static size_t text_longest(const char *text, size_t len)
{
	size_t longest = 0, n;

	for (; len; text += n, len -= n) {
		const char *end = memchr(text, '\n', len);

		n = end ? (size_t)(end - text) + 1 : len;
		if (n > longest)
			longest = n;
	}
	return longest;
}

static int text_lines(struct text *t, const char *text, size_t len)
{
	int ret = 0;

	/* Editors of another system put a mark in front. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	while (ret >= 0 && len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		t->line++;
		ret = text_line(t, text, n);
		n += end != NULL;
		text += n;
		len -= n;
	}
	return ret;
}

/* t says where to. */
static int text_parse(const struct text *into, const char *name, const char *text, size_t len,
		      struct err *e)
{
	AUTO_FREE struct text *t = calloc(1, sizeof(*t));
	size_t room = text_longest(text, len) + 1;
	AUTO_FREE char *rows = malloc(2 * room);
	struct err unused = { 0 };

	if (!t || !rows)
		return err_set(e, ENOMEM, "%s: out of memory", name);
	*t = *into;
	t->name = name;
	t->row = rows;
	t->value = rows + room;
	t->e = e ? e : &unused;
	return text_lines(t, text, len);
}

int manifest_parse(struct manifest *m, const char *name, const char *text, size_t len,
		   struct err *e)
{
	if (len > MANIFEST_MAX_BYTES)
		return err_set(e, EFBIG, "%s: longer than %u bytes", name, MANIFEST_MAX_BYTES);
	return text_parse(&(struct text){ .m = m }, name, text, len, e);
}

int manifest_parse_image(struct spec *s, const char *name, const char *text, size_t len,
			 bool (*allows)(const char *key), struct err *e)
{
	struct manifest none = { 0 };

	return text_parse(&(struct text){ .m = &none, .image = s, .allows = allows }, name, text,
			  len, e);
}

_Static_assert(TEXT_FIELDS_MAX >= 128, "struct text keeps a line for each field of struct spec");
