// SPDX-License-Identifier: MIT
/*
 * A few functions of the C library, smaller: number parsing without its stream layer, strstr, qsort and
 * realpath without their clever algorithms, faccessat without a process to start. Linked into static programs only. Must behave as the standard says for what it is given here:
 * short texts and short arrays.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* The value of a digit in any base, or 255. */
static unsigned int small_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if ((c | 32) >= 'a' && (c | 32) <= 'z')
		return (unsigned int)((c | 32) - 'a' + 10);
	return 255;
}

/* 0x, 0 or nothing in front; moves *s past 0x only when a digit follows. */
static unsigned int small_base(const char **s, unsigned int base)
{
	bool hex = (*s)[0] == '0' && ((*s)[1] | 32) == 'x' && small_digit((*s)[2]) < 16;

	if ((base == 0 || base == 16) && hex) {
		*s += 2;
		return 16;
	}
	if (base)
		return base;
	return **s == '0' ? 8 : 10;
}

/* Digits into *value as far as max allows; false on overflow. *s ends behind the digits. */
static bool small_digits(const char **s, unsigned int base, uintmax_t max, uintmax_t *value)
{
	bool fits = true;

	for (*value = 0; small_digit(**s) < base; (*s)++) {
		unsigned int digit = small_digit(**s);

		fits = fits && *value <= (max - digit) / base;
		*value = fits ? *value * base + digit : max;
	}
	return fits;
}

/* A number with an optional sign; most and least are its limits, least as a positive number. */
static uintmax_t small_number(const char *text, char **end, int base, uintmax_t most,
			      uintmax_t least, bool is_signed)
{
	const char *s = text + strspn(text, " \t\n\v\f\r"), *first;
	bool negative = *s == '-', fits;
	uintmax_t value;
	unsigned int b;

	if (*s == '-' || *s == '+')
		s++;
	b = small_base(&s, (unsigned int)base);
	first = s;
	fits = small_digits(&s, b, negative && is_signed ? least : most, &value);
	if (end)
		*end = (char *)(s == first ? text : s);
	if (!fits) {
		errno = ERANGE;
		return negative && is_signed ? 0 - least : most;
	}
	return negative ? 0 - value : value;
}

long strtol(const char *restrict text, char **restrict end, int base)
{
	return (long)small_number(text, end, base, LONG_MAX, (uintmax_t)LONG_MAX + 1, true);
}

long long strtoll(const char *restrict text, char **restrict end, int base)
{
	return (long long)small_number(text, end, base, LLONG_MAX, (uintmax_t)LLONG_MAX + 1, true);
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
	return (unsigned long)small_number(text, end, base, ULONG_MAX, ULONG_MAX, false);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
	return small_number(text, end, base, ULLONG_MAX, ULLONG_MAX, false);
}

intmax_t strtoimax(const char *restrict text, char **restrict end, int base)
{
	return strtoll(text, end, base);
}

uintmax_t strtoumax(const char *restrict text, char **restrict end, int base)
{
	return strtoull(text, end, base);
}

int atoi(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

char *strstr(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; strncmp(text, word, len) != 0; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

static void small_swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = *a;

		*a++ = *b;
		*b++ = c;
	}
}

/* Shell's sort with Knuth's gaps: little code, no recursion, fast enough for thousands. */
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
	char *items = base;
	size_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap; gap /= 3)
		for (size_t i = gap; i < n; i++)
			for (size_t j = i; j >= gap; j -= gap) {
				char *a = items + (j - gap) * size, *b = items + j * size;

				if (compare(a, b) <= 0)
					break;
				small_swap(a, b, size);
			}
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	return (int)(flags ? syscall(SYS_faccessat2, dir, path, mode, flags)
			   : syscall(SYS_faccessat, dir, path, mode));
}

/* The kernel's own idea of the path, which needs /proc. buf is NULL or of PATH_MAX bytes. */
char *realpath(const char *restrict path, char *restrict buf)
{
	char link[32], full[PATH_MAX];
	int fd = open(path, O_PATH | O_CLOEXEC);
	ssize_t n;
	char *to;

	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, full, sizeof(full) - 1);
	close(fd);
	if (n < 0)
		return NULL;
	full[n] = '\0';
	to = buf ? buf : malloc((size_t)n + 1);
	return to ? memcpy(to, full, (size_t)n + 1) : NULL;
}
