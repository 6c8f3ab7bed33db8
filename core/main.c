/* SPDX-License-Identifier: MIT */
/*
 * One binary, two lives: PID 1 (or called init) boots a device, anything else is the command line.
 */
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/path.h"
#include "core/paths.h"

int main(int argc, char **argv)
{
	static char *as_init[] = { "myctr", "init", NULL };
	struct err e = { 0 };

	if (paths_init(&e) < 0)
		return cmd_fail(&e);
	/* What the kernel or a boot loader put behind "init" is not for us. */
	if (getpid() == 1 || (argc > 0 && strcmp(path_base(argv[0]), "init") == 0))
		return cmd_main(2, as_init);
	return cmd_main(argc, argv);
}
