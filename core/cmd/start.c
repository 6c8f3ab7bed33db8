/* SPDX-License-Identifier: MIT */
/*
 * `myctr start`: containers of the manifest, or that were made by run and have ended.
 */
#include "core/cmd.h"
#include "core/demand.h"

static int start_run(struct cmd_line *line)
{
	int status = 0;

	for (int i = 0; i < line->n_args; i++) {
		struct ctl_request r = { .op = CTL_START };
		struct err e = { 0 };

		if (!str_copy(r.name, sizeof(r.name), line->args[i]) || demand_ask(&r, &e) < 0) {
			if (!e.code)
				err_set(&e, 36, "%s: name too long", line->args[i]);
			status = cmd_fail(&e);
		}
	}
	return status;
}

COMMAND(start) = {
	.name = "start",
	.group = CMD_CONTAINER,
	.args = "NAME...",
	.about = "start containers",
	.min_args = 1,
	.max_args = -1,
	.run = start_run,
};
