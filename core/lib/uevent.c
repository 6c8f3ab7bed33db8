// SPDX-License-Identifier: MIT
/*
 * Reads uevents. See uevent.h. Runs in PID 1 for every device; takes any bytes.
 */
#include "core/lib/uevent.h"

#include <errno.h>
#include <string.h>

#include "core/lib/util.h"

/* A name that is used as a path below a folder: relative, no empty part, no "." or "..", no control bytes. */
static bool uevent_is_name(const char *name)
{
	if (strlen(name) > 200)
		return false;
	for (const char *p = name; *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
			return false;
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)p[i] < ' ' || p[i] == 127)
				return false;
		p += n;
		if (p[0] == '/' && (p[1] == '/' || p[1] == '\0'))
			return false;
	}
	return true;
}

static void uevent_line(struct uevent *u, const char *line)
{
	const struct {
		const char *key;
		const char **to;
	} keys[] = {
		{ "ACTION=", &u->action },
		{ "DEVPATH=", &u->devpath },
		{ "SUBSYSTEM=", &u->subsystem },
		{ "DEVNAME=", &u->devname },
		{ "DM_VERITY_ERR_BLOCK_NR=", &u->verity },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t n = strlen(keys[i].key);

		if (strncmp(line, keys[i].key, n) == 0)
			*keys[i].to = line + n;
	}
}

int uevent_parse(struct uevent *u, char *buf, size_t len, bool datagram)
{
	char *end = buf + len, *line = buf, *next;

	*u = (struct uevent){
		.action = "", .devpath = "", .subsystem = "", .devname = "", .verity = ""
	};
	*end = '\0';
	for (; line < end; line = next) {
		size_t n = datagram ? strlen(line) : strcspn(line, "\n");

		next = line + n + 1;
		if (!datagram && line + n < end && line[n] == '\0')
			return -EBADMSG;
		line[n] = '\0';
		if (datagram && line == buf && !strchr(line, '@'))
			return -EBADMSG; /* udev's own begin with "libudev" */
		uevent_line(u, line);
	}
	if (datagram && (!*u->action || u->devpath[0] != '/' || !uevent_is_name(u->devpath + 1)))
		return -EBADMSG;
	return uevent_is_name(u->devname) ? 0 : -EBADMSG;
}
