/* SPDX-License-Identifier: MIT */
/*
 * `myctr init`: PID 1 of a device. What comes before the supervisor's loop and after it. Nothing here may
 * give up: a PID 1 that exits panics the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/self.h"
#include "init/boot.h"
#include "init/device.h"
#include "init/sup.h"

/* A PID 1 that exits panics the kernel: what cannot be opened is tried again. */
static void init_open(struct sup *s)
{
	struct err e = { 0 };

	while (sup_open(s, &e) < 0) {
		sup_say(NULL, "%s; trying again in 5 s", e.msg);
		sleep(5);
	}
}

/* Without a manifest no container and no console command is known, but somebody must be able to mend it. */
static void init_emergency(struct sup *s, const struct err *e)
{
	sup_say(NULL, "%s; no container is started, mend it and run: myctr reload", e->msg);
	manifest_free(&s->manifest);
	s->manifest = (struct manifest){ 0 };
	strv_add(&s->manifest.system.arena, &s->manifest.system.console, "/bin/sh");
}

static void init_early(void)
{
	chart_open();
	boot_early();
}

static void init_boot(struct sup *s)
{
	chart_note("stage", "early-mounts");
	boot_system(s);
	factory_reset(s);
	uevent_boot(s);
	chart_note("stage", "devices");
	interface_up_all(&s->manifest);
	chart_note("stage", "interfaces");
}

static int init_run(struct cmd_line *line)
{
	static struct sup s;
	struct err e = { 0 };

	(void)line;
	if (getpid() != 1) {
		err_set(&e, EPERM,
			"init: is for PID 1; to supervise containers under another init use: myctr daemon");
		return cmd_fail(&e);
	}
	if (!IS_ENABLED(CONFIG_REEXEC) || !getenv(REEXEC_ENV))
		init_early();
	self_seal(NULL);
	reexec_open(&s);
	self_init();
	prctl(PR_SET_NAME, "myctr");
	s.is_init = true;
	/* The manifest names the data partition, so it is read before the state on that is opened. */
	if (manifest_load(&s.manifest, &e) < 0 || manifest_finish(&s.manifest, &e) < 0)
		init_emergency(&s, &e);
	if (!sup_resumed(&s))
		init_boot(&s);
	init_open(&s);
	if (IS_ENABLED(CONFIG_CLOCK))
		clock_boot(&s);
	watchdog_open(&s);
	resets_boot(&s);
	if (sup_take_manifest(&s, &e) < 0)
		sup_say(NULL, "%s", e.msg);
	if (!s.console)
		console_start(&s);
	consoles_start(&s);
	sup_loop(&s);
	shutdown_now(&s);
}

COMMAND(init) = {
	.name = "init",
	.group = CMD_DEVICE,
	.args = "",
	.about = "boot the device (as PID 1)",
	.max_args = -1, /* the kernel passes on what it does not know */
	.run = init_run,
};
