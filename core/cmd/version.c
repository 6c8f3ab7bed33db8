// SPDX-License-Identifier: MIT
/* `myctr version`: this program and the kernel it runs on. `myctr --version` is the plain number. */
#include <errno.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/out.h"
#include "generated/version.h"

static int version_run(struct cmd_line *line)
{
	struct out o = OUT(STDOUT_FILENO);
	struct utsname u;

	(void)line;
	out_text(&o, "myctr " MYCTR_VERSION "\n");
	if (uname(&u) == 0)
		out_printf(&o, "%s %s %s\n", u.sysname, u.release, u.machine);
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

COMMAND(version) = {
	.name = "version",
	.group = CMD_LOOK,
	.args = "",
	.about = "print the version of this program and of the kernel",
	.run = version_run,
};
