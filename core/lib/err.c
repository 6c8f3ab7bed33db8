/* SPDX-License-Identifier: MIT */
/*
 * Errors as values: one code and one sentence. See err.h. Allocates nothing, keeps errno.
 */
#include "core/lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/config.h"

static int err_code(int code)
{
	if (code < 0)
		code = -code;
	return code ? code : EIO;
}

static void err_format(struct err *e, int code, const char *fmt, va_list ap)
{
	int saved = errno;

	if (!e)
		return;
	e->code = code;
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	errno = saved;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	code = err_code(code);
	va_start(ap, fmt);
	err_format(e, code, fmt, ap);
	va_end(ap);
	return -code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	code = err_code(code);
	if (!e)
		return -code;
	va_start(ap, fmt);
	err_format(e, code, fmt, ap);
	va_end(ap);
	used = strlen(e->msg);
	snprintf(e->msg + used, sizeof(e->msg) - used, ": %s", err_text(code));
	return -code;
}

int err_wrap(struct err *e, const char *layer)
{
	size_t n, old;

	if (!e || !e->code)
		return 0;
	n = strlen(layer) + 2;
	if (n >= sizeof(e->msg))
		return -e->code;
	old = strlen(e->msg);
	if (old > sizeof(e->msg) - 1 - n)
		old = sizeof(e->msg) - 1 - n;
	memmove(e->msg + n, e->msg, old);
	e->msg[n + old] = '\0';
	memcpy(e->msg, layer, n - 2);
	memcpy(e->msg + n - 2, ": ", 2);
	return -e->code;
}

const char *err_text(int code)
{
	static char number[24];

	if (IS_ENABLED(CONFIG_ERROR_TEXT))
		return strerror(err_code(code));
	snprintf(number, sizeof(number), "error %d", err_code(code));
	return number;
}
