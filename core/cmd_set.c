/* SPDX-License-Identifier: MIT */
/*
 * The command set without a command line: what PID 1 needs of it even in a build that has no CLI.
 */
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"

int cmd_fail(const struct err *e)
{
	struct out o = OUT(STDERR_FILENO);

	/* Without a command line nobody has typed what the message quotes. */
	if (!IS_ENABLED(CONFIG_CLI)) {
		fd_write(STDERR_FILENO, "myctr: ", 7);
		fd_write(STDERR_FILENO, e->msg, strlen(e->msg));
		fd_write(STDERR_FILENO, "\n", 1);
		return CMD_FAILED;
	}
	out_text(&o, "myctr: ");
	out_escaped(&o, e->msg, strlen(e->msg));
	out_text(&o, "\n");
	out_flush(&o);
	return CMD_FAILED;
}

const struct command *cmd_find(const char *name)
{
	for (CMD_EACH(c)) {
		if (!strcmp((*c)->name, name) || ((*c)->alias && !strcmp((*c)->alias, name)))
			return *c;
	}
	return NULL;
}
