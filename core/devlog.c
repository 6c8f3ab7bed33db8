// SPDX-License-Identifier: MIT
/*
 * Messages of syslog(3) as lines of output: see devlog.h. Called by the supervisor for each datagram; the bytes
 * are hostile. Must never look beyond len.
 */
#include "core/devlog.h"

#include <string.h>

#include "core/lib/str.h"

#define DEVLOG_TIME 16 /* "Mmm dd hh:mm:ss " */
#define DEVLOG_PRIORITIES 192

/* Bytes of "<N>" with N below 192, whose number goes to *priority; 0 when there is none. */
static size_t devlog_priority(const char *text, size_t len, unsigned int *priority)
{
	unsigned int v = 0;
	size_t n = 1;

	if (len < 3 || text[0] != '<')
		return 0;
	for (; n < len && n < 4 && text[n] >= '0' && text[n] <= '9'; n++)
		v = v * 10 + (unsigned int)(text[n] - '0');
	if (n == 1 || n == len || text[n] != '>' || v >= DEVLOG_PRIORITIES)
		return 0;
	*priority = v;
	return n + 1;
}

static size_t devlog_time(const char *text, size_t len)
{
	static const char form[] = "Aaa 00 00:00:00 ";

	if (len < DEVLOG_TIME)
		return 0;
	for (size_t i = 0; i < DEVLOG_TIME; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		bool letter = (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z';

		if (form[i] == '0'	    ? !digit && !(i == 4 && text[i] == ' ')
		    : (form[i] | 32) == 'a' ? !letter
					    : text[i] != form[i])
			return 0;
	}
	return DEVLOG_TIME;
}

size_t devlog_line(const char *text, size_t len, char line[DEVLOG_LINE])
{
	static const char *const words[] = { "emerg: ", "alert: ", "crit: ", "err: ", "warning: " };
	unsigned int priority = 7;
	size_t n = 0, used;

	used = devlog_priority(text, len, &priority);
	used += devlog_time(text + used, len - used);
	while (len > used && (text[len - 1] == '\n' || text[len - 1] == '\0'))
		len--;
	len = len > DEVLOG_MAX ? DEVLOG_MAX : len;
	if (len <= used)
		return 0;
	if ((priority & 7) < ARRAY_SIZE(words)) {
		n = strlen(words[priority & 7]);
		memcpy(line, words[priority & 7], n);
	}
	for (size_t out; used < len; n += out)
		used += str_escape_one(text + used, len - used, line + n, &out);
	line[n++] = '\n';
	return n;
}
