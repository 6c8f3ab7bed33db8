/* SPDX-License-Identifier: MIT */
/*
 * `myctr reload`: the supervisor reads the manifest again and makes the device what it says.
 */
#include "core/cmd.h"
#include "core/ctl.h"

static int reload_run(struct cmd_line *line)
{
	struct ctl_request r = { .op = CTL_RELOAD };
	struct err e = { 0 };

	(void)line;
	return ctl_ask(&r, &e) < 0 ? cmd_fail(&e) : 0;
}

COMMAND(reload) = {
	.name = "reload",
	.group = CMD_DEVICE,
	.args = "",
	.about = "read the manifest again",
	.run = reload_run,
};
