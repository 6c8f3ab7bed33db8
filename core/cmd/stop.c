/* SPDX-License-Identifier: MIT */
/*
 * `myctr stop`: the stop signal, then, when the time is over, SIGKILL. Returns when it is down.
 */
#include <errno.h>

#include "core/cmd.h"
#include "core/ctl.h"
#include "core/direct.h"

enum { STOP_TIME };

static const struct cmd_option stop_options[] = {
	[STOP_TIME] = { 't', "time", "TIME",
			"wait this long before it is killed (default: its stop-timeout)" },
};

static int stop_one(const char *name, uint32_t ms, struct err *e)
{
	struct ctl_request r = { .op = CTL_STOP, .value = ms };
	struct state_record rec;
	int code = direct_find(name, &rec, e);

	if (code < 0)
		return code;
	str_copy(r.name, sizeof(r.name), name);
	code = direct_is_foreground(&rec) ? -ECONNREFUSED : ctl_ask(&r, e);
	return code == -ECONNREFUSED ? direct_stop(&rec, ms, e) : code;
}

static int stop_run(struct cmd_line *line)
{
	uint64_t ms = CTL_NO_TIMEOUT;
	int status = 0;

	if (line->value[STOP_TIME] &&
	    (str_time(line->value[STOP_TIME], &ms) < 0 || ms >= INT32_MAX))
		return cmd_usage(line->cmd, "%s: not a time", line->value[STOP_TIME]);
	for (int i = 0; i < line->n_args; i++) {
		struct err e = { 0 };

		if (stop_one(line->args[i], (uint32_t)ms, &e) < 0)
			status = cmd_fail(&e);
	}
	return status;
}

COMMAND(stop) = {
	.name = "stop",
	.group = CMD_CONTAINER,
	.args = "[-t TIME] NAME...",
	.about = "stop containers",
	.options = stop_options,
	.n_options = ARRAY_SIZE(stop_options),
	.min_args = 1,
	.max_args = -1,
	.run = stop_run,
};
