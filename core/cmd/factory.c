/* SPDX-License-Identifier: MIT */
/*
 * `myctr factory-reset`: the device comes back as it was shipped.
 */
#include <errno.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/ctl.h"
#include "core/factory.h"
#include "core/lib/out.h"

enum { FACTORY_YES, FACTORY_LATER };

static const struct cmd_option factory_options[] = {
	[FACTORY_YES] = { 'y', "yes", NULL, "do not ask" },
	[FACTORY_LATER] = { 0, "no-reboot", NULL, "leave the reboot to somebody else" },
};

static bool factory_ask(void)
{
	struct out o = OUT(STDERR_FILENO);
	char answer[8] = "";

	out_text(&o, "Everything that was stored on this device since it was shipped is removed. "
		     "Type yes: ");
	out_flush(&o);
	return read(STDIN_FILENO, answer, sizeof(answer) - 1) >= 3 &&
	       strncmp(answer, "yes", 3) == 0;
}

static int factory_run(struct cmd_line *line)
{
	struct ctl_request r = { .op = CTL_DOWN, .value = CTL_REBOOT };
	struct err e = { 0 };

	if (!line->count[FACTORY_YES] && !factory_ask()) {
		err_set(&e, ECANCELED, "factory-reset: nothing was done");
		return cmd_fail(&e);
	}
	if (factory_mark(&e) < 0)
		return cmd_fail(&e);
	if (line->count[FACTORY_LATER])
		return 0;
	return ctl_ask(&r, &e) < 0 ? cmd_fail(&e) : 0;
}

COMMAND(factory_reset) = {
	.name = "factory-reset",
	.group = CMD_DEVICE,
	.args = "[--yes] [--no-reboot]",
	.about = "reboot into the state the device was shipped in",
	.options = factory_options,
	.n_options = ARRAY_SIZE(factory_options),
	.run = factory_run,
};
