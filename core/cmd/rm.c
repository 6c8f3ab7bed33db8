/* SPDX-License-Identifier: MIT */
/*
 * `myctr rm`: forgets containers that have ended: what they wrote, their logs, their records.
 */
#include <errno.h>

#include "core/cmd.h"
#include "core/ctl.h"
#include "core/direct.h"
#include "core/launch.h"
#include "core/lib/path.h"
#include "core/spec_store.h"

enum { RM_FORCE };

static const struct cmd_option rm_options[] = {
	[RM_FORCE] = { 'f', "force", NULL, "stop it first" },
};

static int rm_direct(const struct state_record *rec, bool force, struct err *e)
{
	int code;

	if (direct_is_running(rec)) {
		if (!force)
			return err_set(e, EBUSY, "%s: is running; stop it first, or use rm -f",
				       rec->name);
		code = direct_stop(rec, 0, e);
		if (code < 0)
			return code;
	}
	return direct_remove(rec, e);
}

static int rm_one(const char *name, bool force, struct err *e)
{
	struct ctl_request r = { .op = CTL_RM, .flags = force ? CTL_FORCE : 0 };
	struct state_record rec;
	int code = direct_find(name, &rec, e);

	/* Of an earlier boot: no record tells of it, but what it wrote is there. */
	if (code == -ENOENT && path_is_name(name) && spec_is_kept(name))
		return launch_forget(name, e);
	if (code < 0)
		return code;
	str_copy(r.name, sizeof(r.name), name);
	code = rec.flags & STATE_FLAG_FOREGROUND ? -ECONNREFUSED : ctl_ask(&r, e);
	return code == -ECONNREFUSED || code == -ENOENT ? rm_direct(&rec, force, e) : code;
}

static int rm_run(struct cmd_line *line)
{
	int status = 0;
	struct err why = { 0 };

	if (direct_enter(&why) < 0)
		return cmd_fail(&why);

	for (int i = 0; i < line->n_args; i++) {
		struct err e = { 0 };

		if (rm_one(line->args[i], line->count[RM_FORCE], &e) < 0)
			status = cmd_fail(&e);
	}
	return status;
}

COMMAND(rm) = {
	.name = "rm",
	.alias = "delete",
	.group = CMD_CONTAINER,
	.args = "[-f] NAME...",
	.about = "forget containers that have ended",
	.options = rm_options,
	.n_options = ARRAY_SIZE(rm_options),
	.min_args = 1,
	.max_args = -1,
	.run = rm_run,
};
