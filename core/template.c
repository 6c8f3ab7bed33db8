// SPDX-License-Identifier: MIT
/*
 * Templates of names. See template.h. Used when a manifest is checked and as the device boots; reads no
 * files itself.
 */
#include "core/template.h"

#include <errno.h>
#include <string.h>

#include "core/lib/str.h"

#define TEMPLATE_PLACE 160 /* longest text between the braces */
#define TEMPLATE_HOST 63

/* What is between the braces, cut at the colon; returns what follows them, NULL when it is not closed. */
static const char *template_place(const char *at, char place[TEMPLATE_PLACE], const char **arg)
{
	const char *end = strchr(at, '}');
	char *colon;

	if (!end || (size_t)(end - at) >= TEMPLATE_PLACE)
		return NULL;
	memcpy(place, at, (size_t)(end - at));
	place[end - at] = '\0';
	colon = strchr(place, ':');
	*arg = colon ? colon + 1 : "";
	if (colon)
		*colon = '\0';
	return end + 1;
}

int template_expand(const char *text, template_value *value, char *out, size_t size, struct err *e)
{
	char place[TEMPLATE_PLACE];
	size_t used = 0;
	const char *arg;

	for (const char *p = text; *p;) {
		int r;

		if (p[0] != '$' || p[1] != '{') {
			if (used + 1 < size)
				out[used++] = *p++;
			else
				return err_set(e, ENAMETOOLONG, "%.60s: becomes too long", text);
			continue;
		}
		p = template_place(p + 2, place, &arg);
		if (!p)
			return err_set(e, EINVAL, "%.60s: '${' without '}'", text);
		r = value(place, arg, out + used, size - used, e);
		if (r < 0)
			return r;
		used += strlen(out + used);
	}
	out[used] = '\0';
	return 0;
}

static int template_known(const char *kind, const char *arg, char *buf, size_t size, struct err *e)
{
	bool known = (!strcmp(kind, "serial") && !*arg) || (!strcmp(kind, "mac") && *arg) ||
		     (!strcmp(kind, "file") && *arg == '/');

	str_copy(buf, size, "");
	return known ? 0
		     : err_set(e, EINVAL,
			       "${%.40s%s%.60s}: expected ${mac:INTERFACE}, ${serial} or ${file:/PATH}",
			       kind, *arg ? ":" : "", arg);
}

int template_check(const char *text, struct err *e)
{
	char out[256];

	return template_expand(text, template_known, out, sizeof(out), e);
}

static bool template_is_host(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.';
}

size_t template_host_name(char *text)
{
	size_t n = 0;

	for (const char *p = text; *p && n < TEMPLATE_HOST; p++) {
		char c = template_is_host(*p) ? *p : '-';

		if (n || template_is_host(c))
			text[n++] = c;
	}
	while (n && !template_is_host(text[n - 1]))
		n--;
	text[n] = '\0';
	return n;
}
