/* SPDX-License-Identifier: MIT */
/*
 * `myctr rollback`: a container, and those updated together with it, back to the image before; in a trial, its
 * end.
 */
#include "core/cmd.h"
#include "core/cmd/update.h"
#include "core/ctl.h"

static int rollback_run(struct cmd_line *line)
{
	struct ctl_request r = { .op = CTL_ROLLBACK };
	struct err e = { 0 };
	struct store s;

	if (!str_copy(r.name, sizeof(r.name), line->args[0]))
		return cmd_usage(line->cmd, "%s: name too long", line->args[0]);
	if (ctl_ask(&r, &e) < 0)
		return cmd_fail(&e);
	if (store_open_writable(&s, &e) < 0)
		return cmd_fail(&e);
	update_name_slots(&s);
	store_close(&s);
	return 0;
}

COMMAND(rollback) = {
	.name = "rollback",
	.group = CMD_DEVICE,
	.args = "NAME",
	.about = "back to the image before the last update",
	.min_args = 1,
	.max_args = 1,
	.run = rollback_run,
};
