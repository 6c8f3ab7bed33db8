/* SPDX-License-Identifier: MIT */
/*
 * One binary, two lives: PID 1 (or called init) boots a device, anything else is the command line.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/config.h"
#include "core/lib/path.h"
#include "core/paths.h"

/* What the kernel or a boot loader put behind "init" is not for us. */
static int main_init(void)
{
	static const struct err absent = { ENOTSUP, "this build cannot be PID 1 (CONFIG_INIT)" };
	const struct command *c = cmd_find("init");
	struct cmd_line line = { .cmd = c };

	return c ? c->run(&line) : cmd_fail(&absent);
}

int main(int argc, char **argv)
{
	static const struct err no_cli = { ENOTSUP, "this build has no command line (CONFIG_CLI)" };
	struct err e = { 0 };

	if (paths_init(&e) < 0)
		return cmd_fail(&e);
	if (getpid() == 1 || (argc > 0 && strcmp(path_base(argv[0]), "init") == 0))
		return main_init();
	return IS_ENABLED(CONFIG_CLI) ? cmd_main(argc, argv) : cmd_fail(&no_cli);
}
