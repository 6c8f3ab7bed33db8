/* SPDX-License-Identifier: MIT */
/*
 * The CLI acting on containers without a supervisor. See direct.h. Runs in the CLI process; may block.
 */
#include "core/direct.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ctl.h"
#include "core/driver.h"
#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/rootless.h"
#include "core/spec_store.h"
#include "core/trash.h"

#define DIRECT_KILL_MS 5000 /* how long the kernel may take to end everything after SIGKILL */
#define DIRECT_NAMES 64	    /* candidates for "did you mean" */

static int direct_open(struct state *s, bool writable, struct err *e)
{
	char path[PATHS_MAX];

	paths_of(path, paths.run, "state", NULL);
	return state_open(s, path, CONFIG_STATE_RECORDS, writable, false, e);
}

/* Says which name was probably meant. */
static int direct_unknown(struct state *s, const char *name, struct err *e)
{
	static struct state_record r[DIRECT_NAMES];
	const char *names[DIRECT_NAMES];
	unsigned int n = 0;
	const char *near;

	for (uint32_t i = 0; i < state_slots(s) && n < DIRECT_NAMES; i++) {
		if (state_get(s, i, &r[n]) < 0 || r[n].kind != STATE_CONTAINER)
			continue;
		names[n] = r[n].name;
		n++;
	}
	near = str_nearest(name, names, n);
	if (near)
		return err_set(e, ENOENT, "%s: no such container; did you mean %s?", name, near);
	return err_set(e, ENOENT, "%s: no such container", name);
}

int direct_find(const char *name, struct state_record *r, struct err *e)
{
	struct state s;
	int code = direct_open(&s, false, e);

	if (code == -ENOENT)
		return err_set(e, ENOENT, "%s: no such container", name);
	if (code < 0)
		return code;
	code = state_find(&s, STATE_CONTAINER, name, r);
	if (code < 0)
		code = direct_unknown(&s, name, e);
	state_close(&s);
	return code < 0 ? code : 0;
}

static bool direct_lives(uint32_t pid, uint64_t ticks)
{
	int fd = sys_pidfd_of((pid_t)pid, ticks);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

bool direct_is_foreground(const struct state_record *r)
{
	return (r->flags & STATE_FLAG_FOREGROUND) && direct_lives(r->owner, r->owner_ticks);
}

bool direct_is_running(const struct state_record *r)
{
	return r->pid && direct_lives(r->pid, r->ticks);
}

int direct_kill(const struct state_record *r, int sig, struct err *e)
{
	const struct cgroup_driver *d = cgroup_driver();
	AUTO_FD int pidfd = sys_pidfd_of((pid_t)r->pid, r->ticks);
	int code;

	if (pidfd == -ESRCH)
		return err_set(e, ESRCH, "%s: is not running", r->name);
	if (pidfd < 0)
		return err_sys(e, pidfd, "%s: process %u", r->name, r->pid);
	if (sig == SIGKILL && d)
		d->kill(r->name);
	code = sys_pidfd_signal(pidfd, sig);
	return code < 0 && code != -ESRCH ? err_sys(e, code, "%s: sending the signal", r->name) : 0;
}

static bool direct_wait(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* For a record nobody keeps any more. */
static int direct_settle(const struct state_record *r, struct err *e)
{
	struct state_record now;
	struct state s;
	int code = launch_down_wait(r->name, DIRECT_KILL_MS, e);
	int slot;

	if (code < 0)
		return code;
	code = direct_open(&s, true, e);
	if (code < 0)
		return code;
	slot = state_find(&s, STATE_CONTAINER, r->name, &now);
	if (slot >= 0) {
		now.phase = STATE_EXITED;
		now.cause = STATE_CAUSE_UNKNOWN;
		now.exit = 255;
		now.pid = 0;
		now.ended = stamp_now();
		now.flags |= STATE_FLAG_STOPPED;
		state_put(&s, (uint32_t)slot, &now);
	}
	state_close(&s);
	return 0;
}

int direct_stop(const struct state_record *r, uint32_t ms, struct err *e)
{
	AUTO_FD int pidfd = sys_pidfd_of((pid_t)r->pid, r->ticks);
	struct spec *spec = NULL;
	int sig = SIGTERM;

	if (pidfd >= 0) {
		if (spec_load(r->name, &spec, NULL) == 0) {
			spec_signal(spec->stop_signal, &sig, NULL);
			if (ms == CTL_NO_TIMEOUT)
				ms = (uint32_t)min_u64(spec->stop_timeout, INT32_MAX);
		}
		spec_free(spec);
		if (ms > INT32_MAX)
			ms = 10000;
		sys_pidfd_signal(pidfd, sig);
		if (!direct_wait(pidfd, (int)ms)) {
			direct_kill(r, SIGKILL, NULL);
			if (!direct_wait(pidfd, DIRECT_KILL_MS))
				return err_set(e, EBUSY, "%s: does not die, not even of SIGKILL",
					       r->name);
		}
	}
	return direct_is_foreground(r) ? 0 : direct_settle(r, e);
}

/* One in somebody's terminal is cleaned up, and its record written, by the process there alone. */
static void direct_await_owner(const struct state_record *r)
{
	AUTO_FD int owner = r->flags & STATE_FLAG_FOREGROUND
				    ? sys_pidfd_of((pid_t)r->owner, r->owner_ticks)
				    : -1;

	if (owner >= 0)
		direct_wait(owner, DIRECT_KILL_MS);
}

int direct_remove(const struct state_record *r, struct err *e)
{
	struct state s;
	int code, slot;

	if (r->flags & STATE_FLAG_MANIFEST)
		return err_set(e, EBUSY, "%s: is in the manifest; take it out there", r->name);
	direct_await_owner(r);
	code = launch_down_wait(r->name, DIRECT_KILL_MS, e);
	if (code >= 0)
		code = launch_forget_later(r->name, e);
	if (code >= 0)
		code = direct_open(&s, true, e);
	if (code < 0)
		return code;
	slot = state_find(&s, STATE_CONTAINER, r->name, NULL);
	if (slot >= 0)
		state_drop(&s, (uint32_t)slot, r->name);
	state_close(&s);
	return trash_empty(e);
}

int direct_enter(struct err *e)
{
	struct err quiet = { 0 };
	struct state_record r;
	struct state s;

	if (!rootless_wanted())
		return 0;
	if (paths_make_own(e) < 0)
		return -e->code;
	if (direct_open(&s, false, &quiet) >= 0) {
		for (uint32_t i = 0; !rootless_active() && i < state_slots(&s); i++)
			if (state_get(&s, i, &r) == 0 && r.kind == STATE_CONTAINER &&
			    direct_is_running(&r))
				rootless_join((pid_t)r.pid);
		state_close(&s);
	}
	return rootless_enter(e);
}
