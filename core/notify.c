// SPDX-License-Identifier: MIT
/*
 * Reads messages of sd_notify(3): see notify.h. Called by the supervisor for each datagram; the bytes are
 * hostile. Must never look beyond len or keep anything but *n.
 */
#include "core/notify.h"

#include <string.h>

#include "core/lib/config.h"

#define NOTIFY_USEC_MIN 10000U	       /* a shorter one is not a watchdog but a flood */
#define NOTIFY_USEC_MAX 86400000000ULL /* a day */

static bool notify_is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* Digits only; 0 for anything else, or what is too short or too long. */
static uint64_t notify_usec(const char *text, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || v > NOTIFY_USEC_MAX)
			return 0;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	return v < NOTIFY_USEC_MIN || v > NOTIFY_USEC_MAX ? 0 : v / 1000;
}

static void notify_status(struct notify *n, const char *text, size_t len)
{
	if (len > sizeof(n->status) - 1)
		len = sizeof(n->status) - 1;
	for (size_t i = 0; i < len; i++)
		n->status[i] = (unsigned char)text[i] < ' ' || text[i] == 127 ? '?' : text[i];
	n->status[len] = '\0';
	n->has_status = true;
}

static void notify_line(struct notify *n, const char *line, size_t len)
{
	static const char status[] = "STATUS=", usec[] = "WATCHDOG_USEC=";
	const size_t n_status = sizeof(status) - 1, n_usec = sizeof(usec) - 1;

	n->ready |= notify_is(line, len, "READY=1");
	n->stopping |= notify_is(line, len, "STOPPING=1");
	n->alive |= notify_is(line, len, "WATCHDOG=1");
	n->trigger |= notify_is(line, len, "WATCHDOG=trigger");
	if (len >= n_status && memcmp(line, status, n_status) == 0)
		notify_status(n, line + n_status, len - n_status);
	if (len > n_usec && memcmp(line, usec, n_usec) == 0)
		n->watchdog = notify_usec(line + n_usec, len - n_usec);
}

void notify_parse(const char *text, size_t len, struct notify *n)
{
	*n = (struct notify){ .ready = false };
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		notify_line(n, text, line);
		text += line + (end != NULL);
		len -= line + (end != NULL);
	}
}
