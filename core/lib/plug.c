// SPDX-License-Identifier: MIT
/*
 * Patterns of device names. See plug.h. Runs where devices of a container are made and where uevents are
 * handled; reads folders, changes nothing.
 */
#include "core/lib/plug.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

bool plug_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == *text || (*pattern == '?' && *text != '/')) {
			pattern++;
			text++;
		} else if (star && *from != '/') {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

static int plug_one(int root, const char *path, plug_each_fn *each, void *arg)
{
	struct stat st;
	int r;

	if (fstatat(root, path + strspn(path, "/"), &st, 0) < 0 ||
	    (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)))
		return 0;
	r = each(path, &st, arg);
	return r < 0 ? r : 1;
}

int plug_each(int root, const char *pattern, plug_each_fn *each, void *arg)
{
	const char *base = path_base(pattern);
	char path[300], folder[200];
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	int fd, n = 0, r = 0;

	if (!strpbrk(base, "*?"))
		return plug_one(root, pattern, each, arg);
	str_format(folder, sizeof(folder), "%.*s", (int)(base - pattern), pattern);
	fd = openat(root, folder + strspn(folder, "/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return fd < 0 && errno == ENOENT ? 0 : -errno;
	while (r >= 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || !plug_match(base, entry->d_name))
			continue;
		str_format(path, sizeof(path), "%s%s", folder, entry->d_name);
		r = plug_one(root, path, each, arg);
		n += r > 0;
	}
	return r < 0 ? r : n;
}
