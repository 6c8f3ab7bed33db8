/* SPDX-License-Identifier: MIT */
/*
 * `myctr poweroff`, `reboot`, `halt`: asks PID 1; where its socket does not answer, by BusyBox's signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "core/cmd.h"
#include "core/ctl.h"
#include "core/lib/fd.h"

/* Another init understands these signals differently, if at all. */
static bool down_is_ours(void)
{
	char name[16];

	return fd_read_text(AT_FDCWD, "/proc/1/comm", name, sizeof(name)) > 0 &&
	       strcmp(name, "myctr") == 0;
}

static int down_ask(enum ctl_down how)
{
	static const int sig[] = {
		[CTL_POWEROFF] = SIGUSR2, [CTL_REBOOT] = SIGTERM, [CTL_HALT] = SIGUSR1
	};
	struct ctl_request r = { .op = CTL_DOWN, .value = how };
	struct err e = { 0 };
	int code = ctl_ask(&r, &e);

	if (code >= 0)
		return 0;
	if (code == -ECONNREFUSED && down_is_ours() && kill(1, sig[how]) == 0)
		return 0;
	return cmd_fail(&e);
}

static int down_poweroff(struct cmd_line *line)
{
	(void)line;
	return down_ask(CTL_POWEROFF);
}

static int down_reboot(struct cmd_line *line)
{
	(void)line;
	return down_ask(CTL_REBOOT);
}

static int down_halt(struct cmd_line *line)
{
	(void)line;
	return down_ask(CTL_HALT);
}

COMMAND(poweroff) = {
	.name = "poweroff",
	.group = CMD_DEVICE,
	.args = "",
	.about = "stop everything and switch the device off",
	.run = down_poweroff,
};

COMMAND(reboot) = {
	.name = "reboot",
	.group = CMD_DEVICE,
	.args = "",
	.about = "stop everything and start the device again",
	.run = down_reboot,
};

COMMAND(halt) = {
	.name = "halt",
	.group = CMD_DEVICE,
	.args = "",
	.about = "stop everything and leave the power on",
	.run = down_halt,
};
