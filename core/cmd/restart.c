/* SPDX-License-Identifier: MIT */
/*
 * `myctr restart`: stop and start in one request, so that it comes back even if we are gone meanwhile.
 */
#include <errno.h>

#include "core/cmd.h"
#include "core/demand.h"
#include "core/direct.h"

enum { RESTART_TIME };

static const struct cmd_option restart_options[] = {
	[RESTART_TIME] = { 't', "time", "TIME",
			   "wait this long before it is killed (default: its stop-timeout)" },
};

static int restart_one(const char *name, uint32_t ms, struct err *e)
{
	struct ctl_request r = { .op = CTL_RESTART, .value = ms };
	struct state_record rec;
	int code = direct_find(name, &rec, e);

	if (code < 0)
		return code;
	if (direct_is_foreground(&rec))
		return err_set(e, EBUSY,
			       "%s: runs in somebody's terminal; stop it there and use start",
			       name);
	str_copy(r.name, sizeof(r.name), name);
	code = ctl_ask(&r, e);
	if (code != -ECONNREFUSED)
		return code;
	/* Without a supervisor: end what is left, then have one started for it. */
	code = direct_stop(&rec, ms, e);
	r.op = CTL_START;
	return code < 0 ? code : demand_ask(&r, e);
}

static int restart_run(struct cmd_line *line)
{
	uint64_t ms = CTL_NO_TIMEOUT;
	int status = 0;

	if (line->value[RESTART_TIME] &&
	    (str_time(line->value[RESTART_TIME], &ms) < 0 || ms >= INT32_MAX))
		return cmd_usage(line->cmd, "%s: not a time", line->value[RESTART_TIME]);
	for (int i = 0; i < line->n_args; i++) {
		struct err e = { 0 };

		if (restart_one(line->args[i], (uint32_t)ms, &e) < 0)
			status = cmd_fail(&e);
	}
	return status;
}

COMMAND(restart) = {
	.name = "restart",
	.group = CMD_CONTAINER,
	.args = "[-t TIME] NAME...",
	.about = "stop and start containers",
	.options = restart_options,
	.n_options = ARRAY_SIZE(restart_options),
	.min_args = 1,
	.max_args = -1,
	.run = restart_run,
};
