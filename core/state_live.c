// SPDX-License-Identifier: MIT
/*
 * What a record means now that its writer may be dead. Used by every command that looks. Must never
 * take a stranger with a reused pid for a container, so pids are compared with their start times.
 */
#include "core/state.h"

#include <signal.h>

#include "core/lib/sys.h"

bool state_is_alive(uint32_t pid, uint64_t ticks)
{
	uint64_t now;

	return pid && !sys_start_time((pid_t)pid, &now) && now == ticks;
}

static bool state_owner_is_alive(const struct state_record *r, struct state_owner *last)
{
	if (last->pid != r->owner || last->ticks != r->owner_ticks) {
		last->pid = r->owner;
		last->ticks = r->owner_ticks;
		last->alive = state_is_alive(r->owner, r->owner_ticks);
	}
	return last->alive;
}

void state_settle(struct state_record *r, struct state_owner *last)
{
	if (state_is_down(r) || state_owner_is_alive(r, last))
		return;
	if (r->flags & STATE_FLAG_WANTED) {
		r->flags &= ~(uint32_t)STATE_FLAG_WANTED;
		return;
	}
	if (state_is_alive(r->pid, r->ticks)) {
		r->phase = STATE_RUNNING;
		return;
	}
	/* One that waited for its restart has ended before, and how is known. */
	if (r->phase != STATE_WAITING)
		r->cause = STATE_CAUSE_UNKNOWN;
	r->phase = STATE_EXITED;
	r->pid = 0;
}

bool state_is_down(const struct state_record *r)
{
	return (r->phase == STATE_CREATED || r->phase >= STATE_EXITED) &&
	       !(r->flags & STATE_FLAG_WANTED);
}

int state_exit_code(const struct state_record *r)
{
	switch (r->cause) {
	case STATE_CAUSE_EXIT:
		return r->exit;
	case STATE_CAUSE_SIGNAL:
		return 128 + r->exit % 128;
	case STATE_CAUSE_OOM:
		return 128 + SIGKILL;
	case STATE_CAUSE_START_ERROR:
		return 125;
	default:
		return -1;
	}
}
