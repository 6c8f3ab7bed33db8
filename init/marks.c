// SPDX-License-Identifier: MIT
/*
 * Marks of the device: what PID 1 writes of them. See core/marks.h. Must never make the boot fail.
 */
#include "core/marks.h"

#include <fcntl.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/paths.h"

void marks_add(const char *what, const char *text)
{
	char path[PATHS_MAX], line[400], safe[700];
	struct err e = { 0 };
	AUTO_FD int fd = -1;

	if (paths_make_run(&e) < 0)
		return;
	paths_of(path, paths.run, "marks", NULL);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	str_format(line, sizeof(line), "%s: %s", what, text);
	str_escape(safe, sizeof(safe) - 1, line, strlen(line));
	str_format(safe + strlen(safe), 2, "\n");
	if (fd >= 0)
		fd_write(fd, safe, strlen(safe));
}
