/* SPDX-License-Identifier: MIT */
/*
 * `myctr daemon`: the supervisor under another init, or on demand for `run -d` on a plain host.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "core/cmd.h"
#include "core/direct.h"
#include "core/self.h"
#include "init/sup.h"

enum { DAEMON_ON_DEMAND };

static const struct cmd_option daemon_options[] = {
	[DAEMON_ON_DEMAND] = { 0, "on-demand", NULL,
			       "without the manifest; ends when no container is left" },
};

/* What is to be kept, and what else to be emptied, stands in the manifest; without it nothing is done. */
static void daemon_reset(struct sup *s)
{
	if (!IS_ENABLED(CONFIG_FACTORY) || s->on_demand || sup_resumed(s))
		return;
	if (manifest_load(&s->manifest, NULL) >= 0)
		factory_reset(s);
	manifest_free(&s->manifest);
	s->manifest = (struct manifest){ 0 };
}

static int daemon_run(struct cmd_line *line)
{
	static struct sup s;
	struct err e = { 0 };

	s.on_demand = line->count[DAEMON_ON_DEMAND];
	/* Without it the daemon would still work; what it starts checks for our binary on its own. */
	self_seal(NULL);
	reexec_open(&s);
	self_init();
	prctl(PR_SET_NAME, "myctr");
	if (IS_ENABLED(CONFIG_ROOTLESS) && direct_enter(&e) < 0)
		return cmd_fail(&e);
	daemon_reset(&s);
	if (sup_open(&s, &e) < 0)
		return cmd_fail(&e);
	if (!s.on_demand && sup_load_manifest(&s, &e) < 0 && e.code != ENOENT) {
		/* What runs already runs on without it. */
		if (!sup_resumed(&s))
			return cmd_fail(&e);
		sup_say(NULL, "%s", e.msg);
	}
	sup_loop(&s);
	return 0;
}

COMMAND(daemon) = {
	.name = "daemon",
	.group = CMD_DEVICE,
	.args = "[--on-demand]",
	.about = "supervise containers under another init",
	.options = daemon_options,
	.n_options = ARRAY_SIZE(daemon_options),
	.max_args = 0,
	.run = daemon_run,
};
