// SPDX-License-Identifier: MIT
/*
 * `myctr wait`: blocks until containers have ended for good and says how. Needs the supervisor only
 * where a container is to be restarted; of one whose owner is dead it watches the process itself.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/direct.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/state.h"
#include "core/watch.h"

#define WAIT_LOOK_MS 1000 /* looks again at least this often */

struct wait_for {
	const char *name;
	struct watch watch;
	int pidfd; /* of its process as it was last seen, -1 */
	uint32_t pid;
};

/* Follows the container to the process of its current run. */
static void wait_take_process(struct wait_for *w, const struct state_record *r)
{
	if (r->pid == w->pid && (w->pidfd >= 0 || !r->pid))
		return;
	fd_close(&w->pidfd);
	w->pidfd = r->pid ? sys_pidfd_of((pid_t)r->pid, r->ticks) : -1;
	w->pid = r->pid;
}

/* What the kernel still knows of a process that nobody else saw end; -ESRCH when nothing. */
static int wait_ask_kernel(const struct wait_for *w)
{
	int status;

	if (w->pidfd < 0 || sys_pidfd_exit(w->pidfd, &status) < 0)
		return -ESRCH;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wait_ended(const struct wait_for *w, const struct state_record *r, struct err *e)
{
	int code = state_exit_code(r);

	if (r->phase == STATE_CREATED)
		return err_set(e, ESRCH, "%s: was never started", r->name);
	if (code < 0)
		code = wait_ask_kernel(w);
	return code < 0 ? err_set(e, ESRCH, "%s: has ended and nobody saw how", r->name) : code;
}

/* The exit code of a container that was there at least once, or -errno. */
static int wait_until_down(struct wait_for *w, struct err *e)
{
	bool seen = false;

	for (;;) {
		struct state_owner owner = { 0 };
		struct state_record r;
		int rc = direct_find(w->name, &r, e), pidfd;

		if (rc == -ENOENT && seen) { /* made with --rm */
			rc = wait_ask_kernel(w);
			return rc >= 0 ? rc
				       : err_set(e, ENOENT,
						 "%s: was removed before its exit code could be read",
						 w->name);
		}
		if (rc < 0)
			return rc;
		seen = true;
		state_settle(&r, &owner);
		if (state_is_down(&r))
			return wait_ended(w, &r, e);
		/* While the owner lives its record will change; a dead process alone means nothing. */
		wait_take_process(w, &r);
		pidfd = owner.alive ? -1 : w->pidfd;
		watch_wait(&w->watch, pidfd, WAIT_LOOK_MS);
	}
}

static int wait_one(const char *name, struct err *e)
{
	struct wait_for w = { .name = name, .pidfd = -1 };
	char path[PATHS_MAX];
	int rc;

	watch_open(&w.watch);
	if (paths_join(path, paths.run, "state", NULL) == 0)
		watch_add(&w.watch, path);
	rc = wait_until_down(&w, e);
	watch_close(&w.watch);
	fd_close(&w.pidfd);
	return rc;
}

static int wait_run(struct cmd_line *line)
{
	struct out out = OUT(STDOUT_FILENO);
	int status = 0;

	for (int i = 0; i < line->n_args; i++) {
		struct err e = { 0 };
		int code = wait_one(line->args[i], &e);

		if (code < 0) {
			status = cmd_fail(&e);
			continue;
		}
		out_printf(&out, "%d\n", code);
		out_flush(&out);
		status = code;
	}
	return status;
}

COMMAND(wait) = {
	.name = "wait",
	.group = CMD_CONTAINER,
	.args = "NAME...",
	.about = "wait until containers have ended, print their exit codes, exit with the last one",
	.min_args = 1,
	.max_args = -1,
	.run = wait_run,
};
