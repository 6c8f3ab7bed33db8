// SPDX-License-Identifier: MIT
/*
 * Marks of the device as the CLI shows them. See marks.h. What writes them is init/marks.c.
 */
#include "core/marks.h"

#include <fcntl.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/paths.h"

#define MARKS_MAX 4096

unsigned int marks_print(struct out *o)
{
	char path[PATHS_MAX], text[MARKS_MAX];
	unsigned int n = 0;

	paths_of(path, paths.run, "marks", NULL);
	if (fd_read_text(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	for (char *line = text; *line; n++) {
		size_t len = strcspn(line, "\n");

		out_text(o, "! ");
		out_bytes(o, line, len);
		out_text(o, "\n");
		line += len + (line[len] == '\n');
	}
	return n;
}
