// SPDX-License-Identifier: MIT
/*
 * Lists of strings and numbers with units; see str.h. Pure functions of their arguments. Never uses
 * strtoul(3), which skips blanks, takes signs for unsigned numbers and needs errno.
 */
#include "core/lib/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int strv_add(struct arena *a, struct strv *l, const char *s)
{
	char *copy = arena_str(a, s);
	char **v = l->v;

	if (!copy)
		return -ENOMEM;
	/* Room is doubled at 0, 3, 7, 15 ... entries, so that no capacity need be kept. */
	if (!v || (l->n >= 3 && ((l->n + 1) & l->n) == 0)) {
		v = arena_alloc(a, (v ? 2 * (l->n + 1) : 4) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
	}
	v[l->n++] = copy;
	v[l->n] = NULL;
	return 0;
}

/* Digits at *s as a number; *s is left at the first other byte. */
static int str_digits(const char **s, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	*s = p;
	*out = v;
	return 0;
}

int str_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v;
	int ret = str_digits(&s, &v);

	if (ret < 0)
		return ret;
	if (*s)
		return -EINVAL;
	if (v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int str_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	uint64_t v;
	int64_t n;
	int ret = str_u64(s + negative, 0, (uint64_t)INT64_MAX, &v);

	if (ret < 0)
		return ret;
	n = negative ? -(int64_t)v : (int64_t)v;
	if (n < min || n > max)
		return -ERANGE;
	*out = n;
	return 0;
}

static char str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool str_same(const char *a, const char *b)
{
	while (*a && str_lower(*a) == str_lower(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

/* "", k, kb, kib, ... after a number of bytes: how far to shift, or -EINVAL. */
static int str_size_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *at;

	if (!*unit || str_same(unit, "b"))
		return 0;
	at = strchr(letters, str_lower(*unit));
	if (!at || (unit[1] && !str_same(unit + 1, "b") && !str_same(unit + 1, "ib")))
		return -EINVAL;
	return (int)(at - letters + 1) * 10;
}

int str_size(const char *s, uint64_t *bytes)
{
	uint64_t v;
	int shift, ret;

	if (!strcmp(s, "max")) {
		*bytes = UINT64_MAX;
		return 0;
	}
	ret = str_digits(&s, &v);
	if (ret < 0)
		return ret;
	shift = str_size_shift(s);
	if (shift < 0)
		return shift;
	/* Beyond what a file or a cgroup counts; UINT64_MAX itself means "max". */
	if (v > (uint64_t)INT64_MAX >> shift)
		return -ERANGE;
	*bytes = v << shift;
	return 0;
}

static const struct {
	char name[3];
	uint32_t ms;
} str_time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }
};

int str_time(const char *s, uint64_t *ms)
{
	uint64_t v, unit = 0;
	int ret = str_digits(&s, &v);

	if (ret < 0)
		return ret;
	if (!*s)
		s = "s";
	for (size_t i = 0; i < ARRAY_SIZE(str_time_units); i++) {
		if (!strcmp(s, str_time_units[i].name))
			unit = str_time_units[i].ms;
	}
	if (!unit)
		return -EINVAL;
	if (v > (uint64_t)INT64_MAX / unit)
		return -ERANGE;
	*ms = v * unit;
	return 0;
}

int str_bool(const char *s, bool *out)
{
	static const char words[][6] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(s, words[i])) {
			*out = i & 1;
			return 0;
		}
	}
	return -EINVAL;
}

const char *str_of_size(uint64_t bytes, char *buf, size_t size)
{
	static const char letters[] = "\0KMGTP";
	unsigned int i = 0, tenth = 0;
	char unit[2] = "";

	if (bytes == UINT64_MAX) {
		str_copy(buf, size, "max");
		return buf;
	}
	while (bytes >= 1024 && i < 5) {
		tenth = (unsigned int)(bytes % 1024) * 10 / 1024;
		bytes /= 1024;
		i++;
	}
	unit[0] = letters[i];
	if (tenth && bytes < 100)
		str_format(buf, size, "%llu.%u%s", (unsigned long long)bytes, tenth, unit);
	else
		str_format(buf, size, "%llu%s", (unsigned long long)bytes, unit);
	return buf;
}

size_t str_number(char buf[STR_NUMBER], uint64_t v)
{
	char back[STR_NUMBER];
	size_t n = 0;

	do {
		back[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	for (size_t i = 0; i < n; i++)
		buf[i] = back[n - 1 - i];
	return n;
}

/* Without printf: a list of containers formats one time for each. */
const char *str_of_time(uint64_t ms, char *buf, size_t size)
{
	static const struct {
		uint32_t seconds;
		char unit;
	} steps[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	char text[2 * STR_NUMBER + 4];
	uint64_t s = ms / 1000;
	size_t n, i = 0;

	if (ms && ms < 1000) {
		n = str_number(text, ms);
		text[n++] = 'm';
		text[n++] = 's';
	} else {
		while (i < 3 && s < steps[i].seconds)
			i++;
		n = str_number(text, s / steps[i].seconds);
		text[n++] = steps[i].unit;
		s %= steps[i].seconds;
		if (i < 3 && s >= steps[i + 1].seconds) {
			n += str_number(text + n, s / steps[i + 1].seconds);
			text[n++] = steps[i + 1].unit;
		}
	}
	text[n] = '\0';
	str_copy(buf, size, text);
	return buf;
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size);
	bool fits = n < size;

	if (!size)
		return false;
	if (!fits)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return fits;
}

size_t str_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!size)
		return 0;
	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n < 0) {
		buf[0] = '\0';
		return 0;
	}
	return (size_t)n < size ? (size_t)n : size - 1;
}
