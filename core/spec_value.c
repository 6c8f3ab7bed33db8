// SPDX-License-Identifier: MIT
/*
 * The value of one field of any struct with a table of fields: from text, checked, and back to text. See
 * spec.h. Knows neither where a text came from nor what a field means.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"
#include "core/lib/fd.h"
#include "core/lib/words.h"

/* ---- text to field ------------------------------------------------------------------------------- */

static int spec_bad(const struct spec_field *f, const char *text, const char *wanted, struct err *e)
{
	return err_set(e, EINVAL, "%s = %s: expected %s", f->name, text, wanted);
}

/* Plain words for the message: a table of fields can say them all. */
static int spec_set_enum(const struct spec_field *f, const char *text, uint64_t *out, struct err *e)
{
	char all[96] = "";
	size_t used = 0;

	for (unsigned int i = 0; f->words[i]; i++) {
		if (strcmp(f->words[i], text) == 0) {
			*out = i;
			return 0;
		}
		used += str_format(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
				   f->words[i]);
	}
	return err_set(e, EINVAL, "%s = %s: expected one of %s", f->name, text, all);
}

/* "50%", "1.5", "2": thousandths of one processor. */
static int spec_set_cpu(const char *text, uint64_t *out)
{
	uint64_t whole, part = 0, scale = 1000;
	char number[16];
	size_t n = strcspn(text, ".%");

	if (strcmp(text, "max") == 0) {
		*out = SPEC_UNLIMITED;
		return 0;
	}
	if (n == 0 || n >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, n);
	number[n] = '\0';
	if (str_u64(number, 0, 100000, &whole) < 0)
		return -EINVAL;
	text += n;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++) {
			scale /= 10;
			part += (uint64_t)(*text - '0') * scale;
		}
	}
	*out = *text == '%' ? whole * 10 + part / 100 : whole * 1000 + part;
	if (*text == '%')
		text++;
	return *text || *out == 0 ? -EINVAL : 0;
}

static int spec_set_number(const struct spec_field *f, const char *text, uint64_t *out,
			   struct err *e)
{
	uint64_t max = f->max == SPEC_ANY ? SPEC_UNLIMITED - 1 : f->max;

	if (f->max == SPEC_ANY && strcmp(text, "max") == 0) {
		*out = SPEC_UNLIMITED;
		return 0;
	}
	if (str_u64(text, (uint64_t)f->min, max, out) == 0)
		return 0;
	if (f->max == SPEC_ANY)
		return err_set(e, EINVAL, "%s = %s: expected a number from %d on, or max", f->name,
			       text, f->min);
	return err_set(e, EINVAL, "%s = %s: expected a number within %d..%u", f->name, text, f->min,
		       f->max);
}

static int spec_check_entry(const struct spec_field *f, const char *text, struct err *e)
{
	int r = f->check ? f->check(text, e) : 0;

	if (r < 0)
		err_wrap(e, f->name);
	return r;
}

static int spec_add(struct arena *a, const struct spec_field *f, struct strv *l, const char *text,
		    struct err *e)
{
	int r = spec_check_entry(f, text, e);

	if (r < 0)
		return r;
	return strv_add(a, l, text) < 0 ? err_set(e, ENOMEM, "%s: too much text", f->name) : 0;
}

/* Blank or comma separated; an empty text clears the list. */
static int spec_add_names(struct arena *a, const struct spec_field *f, struct strv *l,
			  const char *text, struct err *e)
{
	char name[128];

	if (!*text)
		*l = (struct strv){ 0 };
	while (*(text += strspn(text, " \t,"))) {
		size_t n = strcspn(text, " \t,");
		int r;

		if (n >= sizeof(name))
			return err_set(e, EINVAL, "%s: %.40s...: too long", f->name, text);
		memcpy(name, text, n);
		name[n] = '\0';
		text += n;
		r = spec_add(a, f, l, name, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int spec_set_words(struct arena *a, const struct spec_field *f, struct strv *l,
			  const char *text, struct err *e)
{
	AUTO_FREE char *word = malloc(strlen(text) + 1);
	int r = word ? 1 : err_set(e, ENOMEM, "%s: out of memory", f->name);

	*l = (struct strv){ 0 };
	while (r > 0) {
		r = words_next(&text, word);
		if (r == -EINVAL)
			return err_set(e, EINVAL, "%s: a quote is not closed", f->name);
		if (r > 0 && spec_add(a, f, l, word, e) < 0)
			return -EINVAL;
	}
	return r;
}

static int spec_set_str(struct arena *a, const struct spec_field *f, const char **out,
			const char *text, struct err *e)
{
	int r = spec_check_entry(f, text, e);

	if (r < 0)
		return r;
	*out = arena_str(a, text);
	return *out ? 0 : err_set(e, ENOMEM, "%s: too much text", f->name);
}

int spec_set_field(void *base, struct arena *a, const struct spec_field *f, const char *text,
		   struct err *e)
{
	void *m = spec_member(base, f);

	switch (f->type) {
	case SPEC_STR:
		return spec_set_str(a, f, m, text, e);
	case SPEC_WORDS:
		return spec_set_words(a, f, m, text, e);
	case SPEC_LIST:
		if (!*text)
			*(struct strv *)m = (struct strv){ 0 };
		return *text ? spec_add(a, f, m, text, e) : 0;
	case SPEC_NAMES:
		return spec_add_names(a, f, m, text, e);
	case SPEC_BOOL:
		return str_bool(text, m) < 0 ? spec_bad(f, text, "yes or no", e) : 0;
	case SPEC_NUM:
		return spec_set_number(f, text, m, e);
	case SPEC_INT:
		return str_i64(text, f->min, (int64_t)f->max, m) < 0
			       ? err_set(e, EINVAL, "%s = %s: expected a number within %d..%u",
					 f->name, text, f->min, f->max)
			       : 0;
	case SPEC_SIZE:
		return str_size(text, m) < 0
			       ? spec_bad(f, text, "a size like 512K, 32M, 1G or max", e)
			       : 0;
	case SPEC_TIME:
		return str_time(text, m) < 0 ? spec_bad(f, text, "a time like 500ms, 10s, 5m", e)
					     : 0;
	case SPEC_CPU:
		return spec_set_cpu(text, m) < 0
			       ? spec_bad(f, text, "processors like 50%, 1.5 or max", e)
			       : 0;
	case SPEC_ENUM:
		return spec_set_enum(f, text, m, e);
	}
	return err_set(e, EINVAL, "%s: a field of unknown type", f->name);
}

/* ---- field to text ------------------------------------------------------------------------------- */

static bool spec_needs_quotes(const char *word)
{
	return !*word || word[strcspn(word, " \t'\"\\#")];
}

/* The words of a command, quoted so that spec_set_words() reads them back. */
static void spec_get_words(const struct strv *l, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < l->n; i++) {
		bool quotes = spec_needs_quotes(l->v[i]);

		used += str_format(buf + used, size - used, "%s%s", i ? " " : "",
				   quotes ? "\"" : "");
		for (const char *p = l->v[i]; *p; p++)
			used += str_format(buf + used, size - used, "%s%c",
					   *p == '"' || *p == '\\' ? "\\" : "", *p);
		if (quotes)
			used += str_format(buf + used, size - used, "\"");
	}
}

/* Exactly, unlike str_of_size(): what is printed reads back as the same number. */
static void spec_get_size(uint64_t v, char *buf, size_t size)
{
	static const char units[] = "KMGT";
	unsigned int i = 0;

	while (v && v % 1024 == 0 && i < 4) {
		v /= 1024;
		i++;
	}
	str_format(buf, size, "%llu%.*s", (unsigned long long)v, i > 0, &units[i ? i - 1 : 0]);
}

static bool spec_get_u64(uint64_t v, const struct spec_field *f, char *buf, size_t size)
{
	if (v == SPEC_UNLIMITED)
		str_copy(buf, size, "max");
	else if (f->type == SPEC_SIZE)
		spec_get_size(v, buf, size);
	else if (f->type == SPEC_TIME)
		str_format(buf, size, v % 1000 ? "%llums" : "%llus",
			   (unsigned long long)(v % 1000 ? v : v / 1000));
	else if (f->type == SPEC_CPU)
		str_format(buf, size, v % 10 ? "%llu.%03llu" : "%llu%%",
			   (unsigned long long)(v % 10 ? v / 1000 : v / 10),
			   (unsigned long long)(v % 1000));
	else
		str_format(buf, size, "%llu", (unsigned long long)v);
	return true;
}

bool spec_get_field(const void *base, const struct spec_field *f, unsigned int i, char *buf,
		    size_t size)
{
	const void *m = spec_member(base, f);
	const struct strv *l = m;

	if (f->type == SPEC_LIST || f->type == SPEC_NAMES) {
		if (i < l->n)
			str_copy(buf, size, l->v[i]);
		return i < l->n;
	}
	if (i > 0)
		return false;
	switch (f->type) {
	case SPEC_STR:
		str_copy(buf, size, *(const char *const *)m ? *(const char *const *)m : "");
		return *(const char *const *)m != NULL;
	case SPEC_WORDS:
		spec_get_words(l, buf, size);
		return l->n > 0;
	case SPEC_BOOL:
		return str_copy(buf, size, *(const bool *)m ? "yes" : "no");
	case SPEC_ENUM:
		return str_copy(buf, size, f->words[*(const uint64_t *)m]);
	case SPEC_INT:
		str_format(buf, size, "%lld", (long long)*(const int64_t *)m);
		return true;
	default:
		return spec_get_u64(*(const uint64_t *)m, f, buf, size);
	}
}
