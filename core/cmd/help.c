// SPDX-License-Identifier: MIT
/* `myctr help [COMMAND]`. */
#include <unistd.h>

#include "core/cmd.h"

static int help_run(struct cmd_line *line)
{
	int used = 0;
	const struct command *c = line->n_args ? cmd_of_words(line->args, &used) : NULL;

	if (line->n_args == 1 && !c) {
		int ret = cmd_help_first(line->args[0], STDOUT_FILENO);

		if (ret != CMD_USAGE)
			return ret;
	}
	if (line->n_args && (!c || used < line->n_args))
		return cmd_usage(line->cmd, "unknown command '%s'", line->args[0]);
	return cmd_help(c, STDOUT_FILENO);
}

COMMAND(help) = {
	.name = "help",
	.group = CMD_LOOK,
	.args = "[COMMAND]",
	.about = "tell what a command does",
	.max_args = 2,
	.run = help_run,
};
