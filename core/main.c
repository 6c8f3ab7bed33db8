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
	const struct command *c = cmd_find("init");
	struct cmd_line line = { .cmd = c };
	struct err e = { 0 };

	if (c)
		return c->run(&line);
	err_set(&e, ENOTSUP, "this build cannot be PID 1 (CONFIG_INIT)");
	return cmd_fail(&e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	if (paths_init(&e) < 0)
		return cmd_fail(&e);
	/* Of the first thread it is the pid, and musl knows it without asking. */
	if (gettid() == 1 || (argc > 0 && strcmp(path_base(argv[0]), "init") == 0))
		return main_init();
	if (IS_ENABLED(CONFIG_CLI))
		return cmd_main(argc, argv);
	err_set(&e, ENOTSUP, "this build has no command line (CONFIG_CLI)");
	return cmd_fail(&e);
}
