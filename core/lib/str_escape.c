// SPDX-License-Identifier: MIT
/*
 * Foreign bytes as printable text. What a container or an image named may hold terminal escapes,
 * so everything that is printed of it goes through here. Keeps valid UTF-8 as it is.
 */
#include "core/lib/str.h"

#include <string.h>

/* Bytes of the valid UTF-8 sequence at s, 0 when there is none. Source: RFC 3629. */
static size_t str_utf8(const unsigned char *s, size_t len)
{
	uint32_t v;
	size_t n;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2, v = s[0] & 0x1f;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3, v = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4, v = s[0] & 0x07;
	else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	/* Overlong forms, surrogates, beyond the last code point, and C1 control characters. */
	if ((n == 3 && v < 0x800) || (n == 4 && (v < 0x10000 || v > 0x10ffff)) ||
	    (v >= 0xd800 && v <= 0xdfff) || v < 0xa0)
		return 0;
	return n;
}

size_t str_escape_one(const char *src, size_t len, char out[STR_ESCAPE_ONE], size_t *out_len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)src;
	size_t n = s[0] >= 0x20 && s[0] < 0x7f ? 1 : str_utf8(s, len);

	if (n) {
		memcpy(out, s, n);
		*out_len = n;
		return n;
	}
	out[0] = '\\';
	if (s[0] == '\n') {
		out[1] = 'n';
		*out_len = 2;
		return 1;
	}
	out[1] = 'x';
	out[2] = hex[s[0] >> 4];
	out[3] = hex[s[0] & 15];
	*out_len = 4;
	return 1;
}

const char *str_escape(char *dst, size_t size, const char *src, size_t len)
{
	char one[STR_ESCAPE_ONE];
	size_t used = 0, n, eaten;

	if (!size)
		return dst;
	for (; len; src += eaten, len -= eaten) {
		eaten = str_escape_one(src, len, one, &n);
		if (used + n >= size)
			break;
		memcpy(dst + used, one, n);
		used += n;
	}
	dst[used] = '\0';
	return dst;
}
