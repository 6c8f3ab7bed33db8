/* SPDX-License-Identifier: MIT */
/*
 * `myctr exec`: another program in a running container, with its rights and limits. Needs no supervisor.
 */
#include <errno.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/direct.h"
#include "core/join.h"
#include "core/relay.h"
#include "core/self.h"
#include "core/spec_store.h"

enum { EXEC_INTERACTIVE, EXEC_TTY, EXEC_DETACH, EXEC_USER, EXEC_WORKDIR, EXEC_ENV };

static const struct cmd_option exec_options[] = {
	[EXEC_INTERACTIVE] = { 'i', "interactive", NULL, "with our standard input" },
	[EXEC_TTY] = { 't', "tty", NULL, "with a terminal" },
	[EXEC_DETACH] = { 'd', "detach", NULL, "do not wait for its end" },
	[EXEC_USER] = { 'u', "user", "USER", "as this user of the image" },
	[EXEC_WORKDIR] = { 'w', "workdir", "DIR", "in this folder" },
	[EXEC_ENV] = { 'e', "env", "KEY=VALUE", "add to the environment" },
};

static int exec_override(struct spec *s, const char *key, const char *value, struct err *e)
{
	return value ? spec_set(s, spec_field(key), value, e) : 0;
}

static int exec_spec(struct cmd_line *line, struct spec *s, struct err *e)
{
	int r = exec_override(s, "user", line->value[EXEC_USER], e);

	if (r >= 0)
		r = exec_override(s, "workdir", line->value[EXEC_WORKDIR], e);
	if (r >= 0)
		r = exec_override(s, "env", line->value[EXEC_ENV], e);
	s->tty = line->count[EXEC_TTY];
	s->command = (struct strv){ 0 };
	for (int i = 1; r >= 0 && i < line->n_args; i++)
		r = strv_add(&s->arena, &s->command, line->args[i]);
	return r;
}

static int exec_join(struct cmd_line *line, struct spec *s, const struct state_record *rec,
		     struct err *e)
{
	bool stdin_too = line->count[EXEC_INTERACTIVE];
	struct launch l;
	int r, status;

	launch_init(&l, s);
	for (int i = stdin_too ? 0 : 1; i < 3; i++)
		l.stdio[i] = i;
	l.die_with_us = !line->count[EXEC_DETACH];
	relay_begin();
	r = join_up(&l, rec, e);
	if (r < 0) {
		err_wrap(e, s->name);
		cmd_fail(e);
		return l.exit ? l.exit : CMD_FAILED;
	}
	if (line->count[EXEC_DETACH])
		return 0;
	status = relay_run(l.pid, l.master, stdin_too);
	launch_free(&l);
	return relay_status(status);
}

static int exec_run(struct cmd_line *line)
{
	struct spec *s = NULL;
	struct state_record rec;
	struct err e = { 0 };
	int r = direct_find(line->args[0], &rec, &e);

	if (r >= 0 && !direct_is_running(&rec))
		r = err_set(&e, ESRCH, "%s: is not running; start it with: myctr start %s",
			    rec.name, rec.name);
	/* Its first process may still be among the host's files. */
	if (r >= 0 && rec.phase == STATE_STARTING)
		r = err_set(&e, EAGAIN, "%s: is still starting; try again", rec.name);
	/* What is in there must not reach our binary through the process that joins it. */
	if (r >= 0)
		r = self_seal(&e);
	self_init();
	if (r >= 0)
		r = spec_load(line->args[0], &s, &e);
	if (r >= 0)
		r = exec_spec(line, s, &e);
	r = r < 0 ? cmd_fail(&e) : exec_join(line, s, &rec, &e);
	spec_free(s);
	return r;
}

COMMAND(exec) = {
	.name = "exec",
	.group = CMD_CONTAINER,
	.args = "[-itd] [-u USER] [-w DIR] [-e K=V] NAME COMMAND...",
	.about = "run a program in a running container",
	.options = exec_options,
	.n_options = ARRAY_SIZE(exec_options),
	.min_args = 2,
	.max_args = -1,
	.stop_at_args = true,
	.run = exec_run,
};
