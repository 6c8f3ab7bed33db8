// SPDX-License-Identifier: MIT
/*
 * The host name of the device from its template: addresses of interfaces, serial number, files. Runs once as
 * the device boots. A part that is not there becomes "unknown" and is said; the boot goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/template.h"
#include "init/boot.h"
#include "init/sup.h"

#define HOSTNAME_WAIT_MS 3000 /* for an interface to appear */

/* Where a board keeps its number, the first that has something. */
static const char *const hostname_serials[] = {
	"/proc/device-tree/serial-number",
	"/sys/devices/soc0/serial_number",
	"/sys/class/dmi/id/product_serial",
	"/sys/class/dmi/id/board_serial",
};

/* Some makers write a sentence where the number should be. */
static bool hostname_is_serial(const char *text)
{
	static const char *const no[] = { "None", "Not Specified", "0123456789",
					  "To Be Filled By O.E.M.", "Default string" };

	for (unsigned int i = 0; i < ARRAY_SIZE(no); i++)
		if (strcmp(text, no[i]) == 0)
			return false;
	return *text && text[strspn(text, "0 ")];
}

int device_serial(char *buf, size_t size)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(hostname_serials); i++)
		if (fd_read_text(AT_FDCWD, hostname_serials[i], buf, size) > 0 &&
		    hostname_is_serial(buf))
			return 0;
	str_copy(buf, size, "");
	return -ENOENT;
}

/* A driver may still be looking for its hardware. */
static int hostname_mac(const char *name, char *buf, size_t size)
{
	char path[80], text[32];
	size_t n = 0;
	int r;

	str_format(path, sizeof(path), "/sys/class/net/%.40s/address", name);
	for (int ms = 0;; ms += 50) {
		r = fd_read_text(AT_FDCWD, path, text, sizeof(text));
		if (r != -ENOENT || ms >= HOSTNAME_WAIT_MS)
			break;
		usleep(50000);
	}
	for (const char *p = text; r >= 0 && *p; p++)
		if (*p != ':' && n + 1 < size)
			buf[n++] = *p;
	buf[r < 0 ? 0 : n] = '\0';
	return r;
}

static int hostname_part(const char *kind, const char *arg, char *buf, size_t size, struct err *e)
{
	int r;

	(void)e;
	if (strcmp(kind, "mac") == 0)
		r = hostname_mac(arg, buf, size);
	else if (strcmp(kind, "serial") == 0)
		r = device_serial(buf, size);
	else
		r = fd_read_text(AT_FDCWD, arg, buf, size);
	if (r >= 0 && *buf)
		return 0;
	sup_say("hostname", "${%s%s%s}: %s", kind, *arg ? ":" : "", arg,
		r < 0 ? err_text(-r) : "is empty");
	str_copy(buf, size, "unknown");
	return 0;
}

const char *hostname_of(const char *template, char buf[HOSTNAME_MAX])
{
	struct err e = { 0 };

	if (template_expand(template, hostname_part, buf, HOSTNAME_MAX, &e) < 0)
		sup_say("hostname", "%s", e.msg);
	else if (template_host_name(buf))
		return buf;
	str_copy(buf, HOSTNAME_MAX, "myctr");
	return buf;
}
