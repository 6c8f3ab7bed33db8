// SPDX-License-Identifier: MIT
/*
 * String functions that take one byte at a time, instead of the C library's, which take eight and are five
 * times as long. Linked into static programs only, where size comes before speed. Compiled without
 * built-ins, else the compiler would make calls to these functions out of their own loops.
 */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#ifdef __x86_64__
void *memset(void *to, int c, size_t n)
{
	void *p = to;

	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
	return to;
}
#else
void *memset(void *to, int c, size_t n)
{
	unsigned char *p = to;

	while (n--)
		*p++ = (unsigned char)c;
	return to;
}
#endif

void *memchr(const void *in, int c, size_t n)
{
	const unsigned char *p = in;

	for (; n--; p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, (size_t)-1);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)last;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n--; a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, (size_t)-1);
}

/* Bytes at the start of s which are, or are not, among those of set. */
static size_t small_span(const char *s, const char *set, int among)
{
	size_t n = 0;

	while (s[n] && (strchr(set, s[n]) != NULL) == among)
		n++;
	return n;
}

size_t strspn(const char *s, const char *set)
{
	return small_span(s, set, 1);
}

size_t strcspn(const char *s, const char *set)
{
	return small_span(s, set, 0);
}

void *memmem(const void *in, size_t len, const void *what, size_t n)
{
	for (const char *p = in; len >= n; p++, len--)
		if (memcmp(p, what, n) == 0)
			return (void *)p;
	return NULL;
}
