// SPDX-License-Identifier: MIT
/*
 * inet_pton(3) and inet_ntop(3) in half the C library's room. Linked into static programs only, where size
 * comes before all else. Must accept and print what those do. Sources: RFC 4291 (2.2), RFC 5952.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Digits of the base at *s, at most max of them; moves *s behind them. -1 when there is none. */
static int small_group(const char **s, unsigned int base, int max)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	int value = 0, n = 0;
	const char *at;

	for (; n < max && **s && (at = strchr(base == 16 ? digits : "0123456789", **s)) != NULL;
	     n++, (*s)++)
		value = value * (int)base + (int)(base == 16 ? (at - digits) % 16 : **s - '0');
	return n ? value : -1;
}

static int small_pton4(const char *s, uint8_t *to)
{
	for (int i = 0; i < 4; i++) {
		const char *first = s;
		int value = small_group(&s, 10, 3);

		if (value < 0 || value > 255 || (*first == '0' && s - first > 1) ||
		    *s++ != (i < 3 ? '.' : '\0'))
			return 0;
		to[i] = (uint8_t)value;
	}
	return 1;
}

static int small_pton6(const char *s, uint8_t *to)
{
	int n = 0, gap = -1;

	memset(to, 0, 16);
	if (*s == ':' && *++s != ':')
		return 0;
	for (;;) {
		const char *first;
		int value;

		if (*s == ':') {
			if (gap >= 0 || n == 8)
				return 0;
			gap = n;
			if (!*++s)
				break;
		}
		first = s;
		value = small_group(&s, 16, 4);
		if (n <= 6 && *s == '.' && small_pton4(first, to + 2 * n)) {
			n += 2;
			break;
		}
		if (value < 0 || n == 8)
			return 0;
		to[2 * n] = (uint8_t)(value >> 8);
		to[2 * n++ + 1] = (uint8_t)value;
		if (!*s)
			break;
		if (*s++ != ':' || !*s)
			return 0;
	}
	if (gap < 0 || n == 8)
		return gap < 0 && n == 8;
	memmove(to + 16 - 2 * (n - gap), to + 2 * gap, 2 * (size_t)(n - gap));
	memset(to + 2 * gap, 0, 2 * (size_t)(8 - n));
	return 1;
}

int inet_pton(int family, const char *restrict text, void *restrict to)
{
	if (family == AF_INET)
		return small_pton4(text, to);
	if (family == AF_INET6)
		return small_pton6(text, to);
	errno = EAFNOSUPPORT;
	return -1;
}

/* How many groups are zero from group i on. */
static int small_zeros(const uint8_t *a, int i)
{
	int n = 0;

	while (i + n < 8 && !a[2 * (i + n)] && !a[2 * (i + n) + 1])
		n++;
	return n;
}

static size_t small_ntop6(const uint8_t *a, char *text, size_t size)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	int gap = 0, longest = 1;
	size_t n = 0;

	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return (size_t)snprintf(text, size, "::ffff:%d.%d.%d.%d", a[12], a[13], a[14],
					a[15]);
	for (int i = 0; i < 8; i++) {
		if (small_zeros(a, i) > longest) {
			longest = small_zeros(a, i);
			gap = i;
		}
	}
	for (int i = 0; i < 8; i++) {
		bool skip = longest > 1 && i == gap;

		if (skip)
			i += longest - 1;
		if (skip)
			n += (size_t)snprintf(text + n, size - n, "%s", i == 7 ? "::" : ":");
		else
			n += (size_t)snprintf(text + n, size - n, "%s%x", i ? ":" : "",
					      a[2 * i] << 8 | a[2 * i + 1]);
	}
	return n;
}

const char *inet_ntop(int family, const void *restrict from, char *restrict text, socklen_t size)
{
	const uint8_t *a = from;
	char whole[INET6_ADDRSTRLEN];
	size_t n;

	if (family != AF_INET && family != AF_INET6) {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	n = family == AF_INET
		    ? (size_t)snprintf(whole, sizeof(whole), "%d.%d.%d.%d", a[0], a[1], a[2], a[3])
		    : small_ntop6(a, whole, sizeof(whole));
	if (n >= size) {
		errno = ENOSPC;
		return NULL;
	}
	return memcpy(text, whole, n + 1);
}
