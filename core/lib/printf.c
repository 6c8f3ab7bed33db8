// SPDX-License-Identifier: MIT
/*
 * snprintf(3) and vsnprintf(3) without floating point, wide characters and locales, in place of the C
 * library's, which bring ten times the code. Linked into static programs only. Must behave like the
 * standard's for what it knows: d i u x X o c s p %, the flags - 0 + blank and #, width, precision,
 * and hh h l ll z j t. Anything else is printed as it stands.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct printf_sink {
	char *buf;
	size_t size;
	size_t n; /* bytes it would take; what does not fit is only counted */
};

/* One conversion as it was written. */
struct printf_spec {
	bool left, zero, plus, blank, alternate;
	int width;
	int precision; /* -1: none given */
	int length;    /* of the argument: -2 hh, -1 h, 0 int, 1 long, 2 long long */
};

static void printf_put(struct printf_sink *sink, const char *text, size_t len)
{
	if (sink->n < sink->size)
		memcpy(sink->buf + sink->n, text,
		       len < sink->size - sink->n ? len : sink->size - sink->n);
	sink->n += len;
}

static void printf_pad(struct printf_sink *sink, char c, int n)
{
	while (n-- > 0)
		printf_put(sink, &c, 1);
}

/* prefix, zeros, text, all within the width. */
static void printf_field(struct printf_sink *sink, const struct printf_spec *spec,
			 const char *prefix, int zeros, const char *text, size_t len)
{
	size_t used = strlen(prefix) + (size_t)(zeros > 0 ? zeros : 0) + len;
	int pad = used < (size_t)spec->width ? spec->width - (int)used : 0;

	if (spec->zero && !spec->left) {
		zeros = (zeros > 0 ? zeros : 0) + pad;
		pad = 0;
	}
	if (!spec->left)
		printf_pad(sink, ' ', pad);
	printf_put(sink, prefix, strlen(prefix));
	printf_pad(sink, '0', zeros);
	printf_put(sink, text, len);
	if (spec->left)
		printf_pad(sink, ' ', pad);
}

static void printf_number(struct printf_sink *sink, struct printf_spec *spec, uintmax_t value,
			  char conversion, const char *prefix)
{
	const char *digits = conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = conversion == 'o'						  ? 8
			    : conversion == 'x' || conversion == 'X' || conversion == 'p' ? 16
											  : 10;
	char text[3 * sizeof(value)], *p = text + sizeof(text);
	int zeros;

	if (spec->alternate && value && base == 16)
		prefix = conversion == 'X' ? "0X" : "0x";
	for (; value; value /= base)
		*--p = digits[value % base];
	if (p == text + sizeof(text) && spec->precision != 0)
		*--p = '0';
	if (spec->alternate && base == 8 && (p == text + sizeof(text) || *p != '0'))
		*--p = '0';
	zeros = spec->precision - (int)(text + sizeof(text) - p);
	if (spec->precision >= 0)
		spec->zero = false;
	printf_field(sink, spec, prefix, zeros, p, (size_t)(text + sizeof(text) - p));
}

static void printf_text(struct printf_sink *sink, struct printf_spec *spec, const char *text)
{
	if (!text)
		text = "(null)";
	spec->zero = false;
	printf_field(sink, spec, "", 0, text,
		     spec->precision < 0 ? strlen(text) : strnlen(text, (size_t)spec->precision));
}

/* Reads a number or a '*'; moves *fmt past it. */
static int printf_count(const char **fmt, va_list *args)
{
	int n = 0;

	if (**fmt == '*') {
		(*fmt)++;
		return va_arg(*args, int);
	}
	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		n = n > INT_MAX / 10 - 1 ? n : n * 10 + (**fmt - '0');
	return n;
}

static const char *printf_flags(const char *fmt, struct printf_spec *spec)
{
	for (;; fmt++) {
		if (*fmt == '-')
			spec->left = true;
		else if (*fmt == '0')
			spec->zero = true;
		else if (*fmt == '+')
			spec->plus = true;
		else if (*fmt == ' ')
			spec->blank = true;
		else if (*fmt == '#')
			spec->alternate = true;
		else
			return fmt;
	}
}

static const char *printf_length(const char *fmt, struct printf_spec *spec)
{
	_Static_assert(sizeof(size_t) == sizeof(long) && sizeof(ptrdiff_t) == sizeof(long),
		       "z and t are long");

	for (;; fmt++) {
		if (*fmt == 'h')
			spec->length--;
		else if (*fmt == 'l')
			spec->length++;
		else if (*fmt == 'z' || *fmt == 't')
			spec->length = 1;
		else if (*fmt == 'j')
			spec->length = 2;
		else
			return fmt;
	}
}

static const char *printf_parse(const char *fmt, struct printf_spec *spec, va_list *args)
{
	fmt = printf_flags(fmt, spec);
	spec->width = printf_count(&fmt, args);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
	}
	spec->precision = -1;
	if (*fmt == '.') {
		fmt++;
		spec->precision = printf_count(&fmt, args);
	}
	return printf_length(fmt, spec);
}

static intmax_t printf_signed(const struct printf_spec *spec, va_list *args)
{
	if (spec->length >= 2)
		return va_arg(*args, long long);
	if (spec->length == 1)
		return va_arg(*args, long);
	if (spec->length == -1)
		return (short)va_arg(*args, int);
	return spec->length ? (signed char)va_arg(*args, int) : va_arg(*args, int);
}

static uintmax_t printf_unsigned(const struct printf_spec *spec, va_list *args)
{
	if (spec->length >= 2)
		return va_arg(*args, unsigned long long);
	if (spec->length == 1)
		return va_arg(*args, unsigned long);
	if (spec->length == -1)
		return (unsigned short)va_arg(*args, unsigned int);
	return spec->length ? (unsigned char)va_arg(*args, unsigned int)
			    : va_arg(*args, unsigned int);
}

static void printf_signed_number(struct printf_sink *sink, struct printf_spec *spec, va_list *args)
{
	intmax_t value = printf_signed(spec, args);
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->blank ? " " : "";

	printf_number(sink, spec, value < 0 ? 0 - (uintmax_t)value : (uintmax_t)value, 'd', sign);
}

/* False when the conversion is not known. */
static bool printf_convert(struct printf_sink *sink, struct printf_spec *spec, char conversion,
			   va_list *args)
{
	char c;

	switch (conversion) {
	case 'd':
	case 'i':
		printf_signed_number(sink, spec, args);
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		printf_number(sink, spec, printf_unsigned(spec, args), conversion, "");
		return true;
	case 'p':
		printf_number(sink, spec, (uintptr_t)va_arg(*args, void *), 'p', "0x");
		return true;
	case 'c':
		c = (char)va_arg(*args, int);
		spec->zero = false;
		printf_field(sink, spec, "", 0, &c, 1);
		return true;
	case 's':
		printf_text(sink, spec, va_arg(*args, const char *));
		return true;
	default:
		return false;
	}
}

int vsnprintf(char *restrict buf, size_t size, const char *restrict fmt, va_list list)
{
	struct printf_sink sink = { .buf = buf, .size = size ? size - 1 : 0 };
	va_list args;

	/* an array type on some processors, so only a copy has a portable address */
	va_copy(args, list);
	while (*fmt) {
		struct printf_spec spec = { 0 };
		const char *begin = fmt, *end;
		size_t plain = strcspn(fmt, "%");

		printf_put(&sink, fmt, plain);
		fmt += plain;
		if (!*fmt)
			break;
		begin = fmt;
		end = printf_parse(fmt + 1, &spec, &args);
		fmt = *end ? end + 1 : end;
		if (*end == '%')
			printf_put(&sink, "%", 1);
		else if (!*end || !printf_convert(&sink, &spec, *end, &args))
			printf_put(&sink, begin, (size_t)(fmt - begin));
	}
	va_end(args);
	if (size)
		buf[sink.n < size ? sink.n : size - 1] = '\0';
	return sink.n > INT_MAX ? INT_MAX : (int)sink.n;
}

int snprintf(char *restrict buf, size_t size, const char *restrict fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}
