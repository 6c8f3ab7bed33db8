/* SPDX-License-Identifier: MIT */
/*
 * One binary, two lives: PID 1 (or called init) boots a device, anything else is the command line. In a container
 * a command may be PID 1 as well: what is typed there must never be taken for the boot of a device.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/config.h"
#include "core/lib/path.h"
#include "core/paths.h"

/* Of the machine itself; linux/proc_ns.h, PROC_PID_INIT_INO. */
#define MAIN_FIRST_PID_NS UINT32_C(0xEFFFFFFC)

/* The kernel starts its first process before there is a /proc, and in the first namespace. */
static bool main_is_inside(int argc, char **argv)
{
	struct stat st;

	return IS_ENABLED(CONFIG_ROOTLESS) && argc > 1 &&
	       (argv[1][0] == '-' || cmd_find(argv[1])) && stat("/proc/self/ns/pid", &st) == 0 &&
	       st.st_ino != MAIN_FIRST_PID_NS;
}

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
	if ((argc > 0 && strcmp(path_base(argv[0]), "init") == 0) ||
	    (gettid() == 1 && !main_is_inside(argc, argv)))
		return main_init();
	if (IS_ENABLED(CONFIG_CLI))
		return cmd_main(argc, argv);
	err_set(&e, ENOTSUP, "this build has no command line (CONFIG_CLI)");
	return cmd_fail(&e);
}
