// SPDX-License-Identifier: MIT
/*
 * Kernel modules by name, with what they depend on, from /lib/modules/RELEASE/modules.dep as depmod(8) makes it.
 * Runs in PID 1 as the device boots, and loads nothing itself. Where there is no such file modules are files
 * below /lib/modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "init/boot.h"

#define MODULE_DEP_MAX (8 << 20)
#define MODULE_DEPS 32 /* of one module, at most; the kernel's deepest has a dozen */

/* Is the file "kernel/drivers/net/usb-net.ko.xz" the module usb_net? '-' and '_' are the same. */
static bool module_is(const char *file, size_t len, const char *name, size_t n)
{
	const char *base = file;

	for (size_t i = 0; i < len; i++)
		if (file[i] == '/')
			base = file + i + 1;
	len -= (size_t)(base - file);
	if (len < n + 3 || strncmp(base + n, ".ko", 3) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (base[i] != name[i] && !(strchr("-_", base[i]) && strchr("-_", name[i])))
			return false;
	return true;
}

char *module_line(char *text, const char *name, size_t n)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (module_is(line, strcspn(line, ":"), name, n))
			return line;
	return NULL;
}

/* "kernel/a.ko" is below the folder of the release, "/a.ko" is not. */
static int module_load(const char *release, const char *file, const char *params, struct err *e)
{
	char path[300];

	if (file[0] == '/')
		str_copy(path, sizeof(path), file);
	else
		str_format(path, sizeof(path), "/lib/modules/%s/%s", release, file);
	return boot_module_file(path, params, e);
}

/* A dependency stands behind those that need it, so the last one goes first. */
int module_with_deps(const char *name, size_t n, const char *params, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char path[200], *file[MODULE_DEPS], *save = NULL, *line;
	struct utsname u;
	size_t len;
	int found = 0, r = 0;

	uname(&u);
	str_format(path, sizeof(path), "/lib/modules/%s/modules.dep", u.release);
	if (fd_slurp(AT_FDCWD, path, MODULE_DEP_MAX, &text, &len) < 0)
		return -ENOENT;
	line = module_line(text, name, n);
	if (!line)
		return -ENOENT;
	for (char *w = strtok_r(line, ": ", &save); w && found < MODULE_DEPS;
	     w = strtok_r(NULL, ": ", &save))
		file[found++] = w;
	while (r >= 0 && found-- > 0)
		r = module_load(u.release, file[found], found ? "" : params, e);
	return r;
}
