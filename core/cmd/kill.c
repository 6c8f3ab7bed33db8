/* SPDX-License-Identifier: MIT */
/*
 * `myctr kill`: a signal to the first process of containers; KILL reaches everything in them.
 */
#include <errno.h>
#include <signal.h>

#include "core/cmd.h"
#include "core/direct.h"
#include "core/spec.h"

enum { KILL_SIGNAL };

static const struct cmd_option kill_options[] = {
	[KILL_SIGNAL] = { 's', "signal", "SIGNAL", "name or number (default KILL)" },
};

/* Directly also with a supervisor: it sees the end like any other, and its policy decides. */
static int kill_run(struct cmd_line *line)
{
	const char *text = line->value[KILL_SIGNAL];
	int sig = SIGKILL, status = 0;
	struct err e = { 0 };

	if (text && spec_signal(text, &sig, &e) < 0)
		return cmd_usage(line->cmd, "%s", e.msg);
	for (int i = 0; i < line->n_args; i++) {
		struct state_record rec;

		e.code = 0;
		if (direct_find(line->args[i], &rec, &e) < 0 || direct_kill(&rec, sig, &e) < 0)
			status = cmd_fail(&e);
	}
	return status;
}

COMMAND(kill) = {
	.name = "kill",
	.group = CMD_CONTAINER,
	.args = "[-s SIGNAL] NAME...",
	.about = "send a signal to containers",
	.options = kill_options,
	.n_options = ARRAY_SIZE(kill_options),
	.min_args = 1,
	.max_args = -1,
	.run = kill_run,
};
