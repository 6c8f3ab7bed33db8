/* SPDX-License-Identifier: MIT */
/*
 * `myctr run`: a container from an image, in the foreground (this process starts it, waits and cleans up;
 * no supervisor takes part) or, with -d, handed to the supervisor, which is started when there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/ctl.h"
#include "core/demand.h"
#include "core/direct.h"
#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/interrupt.h"
#include "core/lib/out.h"
#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"
#include "core/net.h"
#include "core/paths.h"
#include "core/relay.h"
#include "core/rootless.h"
#include "core/self.h"
#include "core/serve.h"
#include "core/spec_store.h"
#include "core/state.h"

#define RUN_CLEAN_MS 5000

enum { RUN_DETACH, RUN_INTERACTIVE, RUN_TTY, RUN_RM, RUN_NAME };

static const struct cmd_option run_options[] = {
	[RUN_DETACH] = { 'd', "detach", NULL, "in the background, kept by the supervisor" },
	[RUN_INTERACTIVE] = { 'i', "interactive", NULL, "with our standard input" },
	[RUN_TTY] = { 't', "tty", NULL, "with a terminal of its own" },
	[RUN_RM] = { 0, "rm", NULL, "forget it when it has ended" },
	[RUN_NAME] = { 0, "name", "NAME", "call it NAME" },
};

/* What this process keeps while it runs the container. */
struct run {
	struct spec *spec;
	struct state state;
	struct state_record rec;
	int slot;
	uint64_t ignored; /* signals, see struct launch */
	bool rm;
	bool stdin_too;
};

static int run_set(struct spec *s, const char *key, const char *value, struct err *e)
{
	return spec_set(s, spec_field(key), value, e);
}

/* "web.sqfs" becomes "web-3f2a". */
static int run_make_name(struct spec *s, struct err *e)
{
	char name[40];
	uint16_t r;
	size_t n = 0;

	for (const char *p = path_base(s->image); *p && *p != '.' && n < 24; p++)
		name[n++] = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
					    (*p >= 'A' && *p <= 'Z')
				    ? *p
				    : '-';
	while (n > 0 && name[n - 1] == '-')
		n--;
	if (n == 0 || name[0] == '-') {
		name[0] = 'c';
		n = 1;
	}
	/* What the kernel gives each program; it need not be hard to guess. */
	memcpy(&r, (const char *)getauxval(AT_RANDOM) + 14, sizeof(r));
	snprintf(name + n, sizeof(name) - n, "-%04x", r);
	s->name = arena_str(&s->arena, name);
	return s->name ? 0 : err_set(e, ENOMEM, "out of memory");
}

/* A relative path means the folder we are in, not the supervisor's. */
static int run_image(struct spec *s, const char *image, struct err *e)
{
	char *full = image[0] != '/' && access(image, F_OK) == 0 ? realpath(image, NULL) : NULL;
	int r = run_set(s, "image", full ? full : image, e);

	free(full);
	return r;
}

/*
 * With a way out, as one who types at a prompt expects. A user without root has no right to make links; who
 * wants another default says so in MYCTR_NETWORK.
 */
static int run_network(struct spec *s, struct err *e)
{
	const char *name = getenv("MYCTR_NETWORK");

	if (spec_is_set(s, spec_field("network")))
		return 0;
	if (!name && IS_ENABLED(CONFIG_NET_BRIDGE) && !rootless_wanted())
		name = NET_DEFAULT;
	if (!name && rootless_wanted())
		name = serve_default();
	return name && *name ? run_set(s, "network", name, e) : 0;
}

static int run_spec(struct cmd_line *line, struct err *e)
{
	struct spec *s = line->spec;
	int r = run_image(s, line->args[0], e);

	for (int i = 1; r >= 0 && i < line->n_args; i++)
		r = strv_add(&s->arena, &s->command, line->args[i]);
	if (r >= 0 && line->n_args > 1)
		r = spec_mark(s, "command");
	if (r >= 0 && line->value[RUN_NAME]) {
		if (!path_is_name(line->value[RUN_NAME]))
			return err_set(
				e, EINVAL,
				"%s: not a container name (letters, digits, - _ . and at most %d of them)",
				line->value[RUN_NAME], SPEC_NAME_MAX);
		s->name = arena_str(&s->arena, line->value[RUN_NAME]);
	} else if (r >= 0) {
		r = run_make_name(s, e);
	}
	if (r >= 0 && line->count[RUN_TTY])
		r = run_set(s, "tty", "yes", e);
	if (r >= 0)
		r = run_network(s, e);
	/* What is forgotten at its end need not reach the flash. */
	if (r >= 0 && line->count[RUN_RM] && !spec_is_set(s, spec_field("storage")))
		r = run_set(s, "storage", "tmpfs", e);
	if (r < 0)
		return r;
	return spec_finish(s, e) < 0 ? err_wrap(e, s->name) : 0;
}

/* ---- in the background -------------------------------------------------------------------------- */

static int run_detached(struct cmd_line *line, struct err *e)
{
	AUTO_FREE uint8_t *bytes = NULL;
	struct ctl_request r = { .op = CTL_RUN, .flags = line->count[RUN_RM] ? CTL_RM_FLAG : 0 };
	struct out o = OUT(STDOUT_FILENO);
	int code = spec_encode(line->spec, &bytes, &r.len, e);

	if (code < 0)
		return cmd_fail(e);
	r.payload = bytes;
	str_copy(r.name, sizeof(r.name), line->spec->name);
	code = demand_ask(&r, e);
	if (code < 0) {
		err_wrap(e, line->spec->name);
		return cmd_fail(e);
	}
	out_printf(&o, "%s\n", line->spec->name);
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

/* ---- in the foreground -------------------------------------------------------------------------- */

static int run_take(struct run *r, struct err *e)
{
	struct sys_self self = { 0 };

	r->slot = state_reserve(&r->state, STATE_CONTAINER, r->spec->name, &r->rec, e);
	if (r->slot < 0)
		return r->slot;
	/* A record, or what an earlier boot has kept. */
	if (r->rec.created || spec_is_kept(r->spec->name))
		return err_set(
			e, EEXIST,
			"there is a container of this name; remove it first with: myctr rm %s",
			r->spec->name);
	r->rec.created = stamp_now();
	r->rec.flags = STATE_FLAG_FOREGROUND | (r->rm ? STATE_FLAG_RM : 0) |
		       (r->spec->tty ? STATE_FLAG_TTY : 0);
	sys_self(&self);
	r->ignored = self.ignored;
	r->rec.owner = (uint32_t)self.pid;
	r->rec.owner_ticks = self.ticks;
	str_copy(r->rec.image, sizeof(r->rec.image), path_base(r->spec->image));
	r->rec.phase = STATE_STARTING;
	state_own(&r->state);
	return state_put(&r->state, (uint32_t)r->slot, &r->rec);
}

static int run_claim(struct run *r, struct err *e)
{
	char path[PATHS_MAX];
	int code = paths_join(path, paths.run, "state", NULL);

	if (code < 0)
		return err_sys(e, code, "%s", paths.run);
	/* Where a state file is, the folders are. */
	code = state_open(&r->state, path, CONFIG_STATE_RECORDS, true, false, e);
	if (code == -ENOENT) {
		*e = (struct err){ 0 };
		code = paths_make_run(e);
		if (code >= 0)
			code = state_open(&r->state, path, CONFIG_STATE_RECORDS, true, false, e);
	}
	if (code < 0)
		return code;
	/* Looked at and taken in one piece: two of us may want the same name. */
	code = state_lock(&r->state);
	if (code < 0)
		return err_sys(e, code, "%s: locking", path);
	code = run_take(r, e);
	state_unlock(&r->state);
	return code;
}

static void run_started(struct run *r, const struct launch *l)
{
	r->rec.phase = STATE_RUNNING;
	r->rec.pid = (uint32_t)l->pid;
	r->rec.missing = l->missing;
	r->rec.started = stamp_now();
	sys_start_time(l->pid, &r->rec.ticks);
	state_put(&r->state, (uint32_t)r->slot, &r->rec);
}

static void run_ended(struct run *r, int status)
{
	r->rec.phase = STATE_EXITED;
	r->rec.cause = WIFSIGNALED(status) ? STATE_CAUSE_SIGNAL : STATE_CAUSE_EXIT;
	r->rec.exit = (uint8_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	r->rec.ended = stamp_now();
	r->rec.pid = 0;
	if (r->rm)
		state_drop(&r->state, (uint32_t)r->slot, r->rec.name);
	else
		state_put(&r->state, (uint32_t)r->slot, &r->rec);
}

static int run_clean(struct run *r, const struct launch *l, struct err *e)
{
	int code = launch_down_wait(r->spec->name, RUN_CLEAN_MS, e);

	if (code >= 0 && r->rm && l->links)
		net_forget(r->spec->name);
	/* Its output went to us: there is no log to remove. */
	if (code < 0 || !r->rm || !l->storage_driver->prepare)
		return code;
	return launch_forget_files(r->spec->name, e);
}

static int run_launch(struct run *r, struct err *e)
{
	struct launch l;
	int status, code, sig;

	launch_init(&l, r->spec);
	for (int i = r->stdin_too ? 0 : 1; i < 3; i++)
		l.stdio[i] = i;
	l.die_with_us = true;
	l.transient = r->rm;
	l.ignored = r->ignored;
	relay_begin();
	code = launch_up(&l, e);
	if (code < 0) {
		err_wrap(e, r->spec->name);
		state_drop(&r->state, (uint32_t)r->slot, r->rec.name);
		cmd_fail(e);
		code = l.exit ? l.exit : CMD_FAILED;
		if (r->rm || code == CMD_FAILED)
			launch_forget(r->spec->name, NULL);
		launch_free(&l);
		sig = interrupt_pending();
		return sig ? 128 + sig : code;
	}
	run_started(r, &l);
	status = relay_run(l.pid, l.master, r->stdin_too);
	/* What l holds ends with this process, a little later. */
	if (run_clean(r, &l, e) < 0) {
		err_wrap(e, r->spec->name);
		cmd_fail(e);
	}
	run_ended(r, status);
	return relay_status(status);
}

static int run_foreground(struct cmd_line *line, struct err *e)
{
	struct run r = { .spec = line->spec,
			 .state.file.fd = -1,
			 .rm = line->count[RUN_RM],
			 .stdin_too = line->count[RUN_INTERACTIVE] };
	int code;

	self_init();
	code = rootless_wanted() ? paths_make_own(e) : 0;
	if (code >= 0)
		code = rootless_enter(e);
	if (code >= 0)
		code = run_claim(&r, e);
	if (code >= 0 && !r.rm) {
		code = spec_store_keep(r.spec, e);
		if (code < 0)
			state_drop(&r.state, (uint32_t)r.slot, r.rec.name);
	}
	if (code < 0) {
		err_wrap(e, line->spec->name);
		code = cmd_fail(e);
	} else {
		code = run_launch(&r, e);
	}
	return code;
}

static int run_run(struct cmd_line *line)
{
	struct err e = { 0 };

	if (run_spec(line, &e) < 0)
		return cmd_fail(&e);
	if (line->count[RUN_DETACH])
		return run_detached(line, &e);
	if (line->spec->restart != SPEC_RESTART_NO)
		return cmd_usage(line->cmd, "restart needs a supervisor: add -d");
	return run_foreground(line, &e);
}

COMMAND(run) = {
	.name = "run",
	.group = CMD_CONTAINER,
	.args = "[options] IMAGE [COMMAND...]",
	.about = "start a container from an image",
	.options = run_options,
	.n_options = ARRAY_SIZE(run_options),
	.min_args = 1,
	.max_args = -1,
	.stop_at_args = true,
	.spec_options = true,
	.run = run_run,
};
