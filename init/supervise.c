/* SPDX-License-Identifier: MIT */
/*
 * The life of a supervised container: one table, action[state][event]. Runs in the loop of PID 1 or of
 * `myctr daemon`; nothing here blocks or fails for good. What goes wrong is recorded and tried again.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"
#include "core/spec_store.h"
#include "init/device.h"
#include "init/health.h"

#define SUP_CLEAN_MS 10	     /* between two looks whether the dying processes are gone */
#define SUP_CLEAN_TRIES 1000 /* then it is said once, and looked at every second */
#define SUP_KILL_MS 1000     /* between two SIGKILLs of something that does not die */

typedef enum sup_state sup_action(struct ctr *c);

void sup_say(const char *name, const char *fmt, ...)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "myctr: %s%s", name ? name : "", name ? ": " : "");
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if ((size_t)n > sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	fd_write(STDERR_FILENO, text, (size_t)n);
}

/* ---- what the table calls ---------------------------------------------------------------------- */

static enum sup_state sup_nothing(struct ctr *c)
{
	return c->state;
}

static enum sup_state sup_clean(struct ctr *c);
static enum sup_state sup_settle(struct ctr *c, bool failed);

/* Only unless-stopped asks after a power cut whether a person has stopped it. */
static void sup_keep_stopped(struct ctr *c)
{
	if (c->spec->restart == SPEC_RESTART_UNLESS_STOPPED)
		records_keep(c);
}

static enum sup_state sup_launch(struct ctr *c)
{
	bool was_stopped = c->rec.flags & STATE_FLAG_STOPPED;
	int r;

	if (c->spec_next) {
		spec_free(c->spec);
		c->spec = c->spec_next;
		c->spec_next = NULL;
	}
	event_timer_clear(&c->sup->loop, &c->timer);
	c->wanted = true;
	c->again = false;
	c->error.code = 0;
	c->has_status = false;
	c->rec.missing = 0;
	c->rec.cause = STATE_CAUSE_NONE;
	if (IS_ENABLED(CONFIG_HEALTH)) {
		c->rec.health = STATE_HEALTH_NONE;
		c->sick = false;
	}
	c->rec.flags &= ~(uint32_t)STATE_FLAG_STOPPED;
	records_put(c, STATE_STARTING);
	chart_note("launch", c->spec->name);
	if (was_stopped)
		sup_keep_stopped(c);
	r = launcher_start(c);
	if (r < 0) {
		err_sys(&c->error, r, "starting a launcher");
		c->rec.cause = STATE_CAUSE_START_ERROR;
		return sup_settle(c, true);
	}
	return SUP_STARTING;
}

static enum sup_state sup_started(struct ctr *c)
{
	c->has_started = c->ran = true;
	c->started = event_now();
	c->rec.started = stamp_now();
	health_start(c);
	records_put(c, STATE_RUNNING);
	ports_start(c);
	plug_started(c);
	chart_note("run", c->spec->name);
	/* A short-lived program may have ended before its launcher had told of its start. */
	if (c->has_status)
		return sup_clean(c);
	if (!c->wanted) {
		bool again = c->again;

		c->state = SUP_RUNNING;
		sup_event(c, SUP_STOP);
		if (again)
			sup_again(c);
		return c->state;
	}
	return SUP_RUNNING;
}

/* What is kept for speed is the first to go when memory is short. */
static void sup_make_room(struct sup *s)
{
	pool_empty(s);
	for (struct ctr *c = s->ctrs; c; c = c->next)
		keep_drop(&c->mounts);
}

static enum sup_state sup_start_failed(struct ctr *c)
{
	if (c->error.code == ENOMEM)
		sup_make_room(c->sup);
	sup_say(c->spec->name, "%s", c->error.msg);
	c->rec.cause = STATE_CAUSE_START_ERROR;
	c->rec.exit = 125;
	c->rec.ended = stamp_now();
	/* A launcher that was killed could not end what it had begun. */
	sup_kill(c, SIGKILL);
	return sup_clean(c);
}

static enum sup_state sup_note_exit(struct ctr *c)
{
	return c->state;
}

static enum sup_state sup_unwant(struct ctr *c)
{
	c->wanted = false;
	c->again = false;
	return c->state;
}

static enum sup_state sup_unwant_idle(struct ctr *c)
{
	sup_unwant(c);
	if (c->rec.flags & STATE_FLAG_WANTED)
		records_put(c, c->rec.phase);
	return c->state;
}

static enum sup_state sup_want(struct ctr *c)
{
	c->wanted = true;
	return c->state;
}

/* Not while a launcher is at work: it writes the record, too. */
void sup_again(struct ctr *c)
{
	c->again = true;
	c->rec.flags &= ~(uint32_t)STATE_FLAG_STOPPED;
	if (c->state == SUP_STOPPING || c->state == SUP_CLEANING)
		records_put(c, c->rec.phase);
}

static enum sup_state sup_want_again(struct ctr *c)
{
	sup_again(c);
	return c->state;
}

/* A supervisor that goes down has stopped it, not a person. Recorded first: we may be killed at any time. */
static void sup_note_stopped(struct ctr *c)
{
	if (!c->sup->going_down)
		c->rec.flags |= STATE_FLAG_STOPPED;
}

/* A launcher cannot be asked; its container is stopped when it reports, or it is ended here. */
static enum sup_state sup_stop_start(struct ctr *c)
{
	sup_unwant(c);
	event_timer_set(&c->sup->loop, &c->timer, c->spec->stop_timeout);
	return c->state;
}

static enum sup_state sup_end_launcher(struct ctr *c)
{
	if (c->wanted)
		return c->state;
	if (c->launcher > 0)
		kill(c->launcher, SIGKILL);
	sup_kill(c, SIGKILL);
	event_timer_set(&c->sup->loop, &c->timer, SUP_KILL_MS);
	return c->state;
}

void sup_kill(struct ctr *c, int sig)
{
	const struct cgroup_driver *d = cgroup_driver();

	if (sig == SIGKILL && d)
		d->kill(c->spec->name);
	if (c->pidfd >= 0)
		sys_pidfd_signal(c->pidfd, sig);
	else if (c->child && c->rec.pid && !c->has_status)
		kill((pid_t)c->rec.pid, sig);
}

/* An image may name it, which only the record of what runs tells. */
static int sup_stop_signal(const struct ctr *c)
{
	struct spec *runs = NULL;
	int sig = SIGTERM;

	if (IS_ENABLED(CONFIG_STATE) && IS_ENABLED(CONFIG_IMAGE_CONFIG) &&
	    !spec_is_set(c->spec, spec_field("stop-signal")))
		spec_load_running(c->spec->name, &runs, NULL);
	spec_signal(runs ? runs->stop_signal : c->spec->stop_signal, &sig, NULL);
	spec_free(runs);
	return sig;
}

static bool sup_is_sick(const struct ctr *c)
{
	return IS_ENABLED(CONFIG_HEALTH) && c->sick;
}

static enum sup_state sup_end(struct ctr *c)
{
	const struct cgroup_driver *d = cgroup_driver();
	int sig = sup_stop_signal(c);

	health_stop(c);
	records_put(c, STATE_STOPPING);
	sup_kill(c, sig);
	/* A frozen container would not see the signal. */
	if (d && d->freeze)
		d->freeze(c->spec->name, false);
	c->tries = 0;
	event_timer_set(&c->sup->loop, &c->timer, c->spec->stop_timeout);
	return SUP_STOPPING;
}

/* One that is sick still is wanted: what comes after its end is as of one that has failed by itself. */
static enum sup_state sup_stop_running(struct ctr *c)
{
	if (!sup_is_sick(c)) {
		sup_unwant(c);
		sup_note_stopped(c);
	}
	return sup_end(c);
}

static enum sup_state sup_stop_again(struct ctr *c)
{
	sup_unwant(c);
	return SUP_STOPPING;
}

static enum sup_state sup_stop_hard(struct ctr *c)
{
	if (c->tries++ == 0) {
		sup_say(c->spec->name, "did not stop in time, killed");
		resets_refused(c, true);
	}
	sup_kill(c, SIGKILL);
	event_timer_set(&c->sup->loop, &c->timer, SUP_KILL_MS);
	return SUP_STOPPING;
}

static void sup_note_status(struct ctr *c)
{
	const struct cgroup_driver *d = cgroup_driver();
	struct cgroup_stat st = { 0 };

	chart_note("end", c->spec->name);
	c->rec.ended = stamp_now();
	if (WIFSIGNALED(c->status)) {
		c->rec.cause = STATE_CAUSE_SIGNAL;
		c->rec.exit = (uint8_t)WTERMSIG(c->status);
	} else {
		c->rec.cause = STATE_CAUSE_EXIT;
		c->rec.exit = (uint8_t)WEXITSTATUS(c->status);
	}
	if (IS_ENABLED(CONFIG_STATE) && d && d->stat(c->spec->name, &st) == 0 && st.oom_kills) {
		c->rec.ooms += (uint32_t)st.oom_kills;
		if (WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGKILL)
			c->rec.cause = STATE_CAUSE_OOM;
	}
}

/* Our child that has not been reaped yet, after a start that failed. */
static bool sup_lives(const struct ctr *c)
{
	return c->child && c->rec.pid && !c->has_status;
}

/* Everything of the last run that lives outside its namespaces is taken away; try, and try again. */
static enum sup_state sup_clean(struct ctr *c)
{
	ports_stop(c);
	health_stop(c);
	if (c->state != SUP_CLEANING) {
		if (c->tries == 0)
			resets_refused(c, false);
		c->tries = 0;
		if (c->has_status && c->rec.cause != STATE_CAUSE_START_ERROR)
			sup_note_status(c);
		if (c->exit.fd >= 0)
			event_remove(&c->sup->loop, &c->exit);
		output_close(c);
		crash_note(c);
	}
	if (sup_lives(c) || launch_down(c->spec->name) == -EBUSY) {
		if (++c->tries == SUP_CLEAN_TRIES)
			sup_say(c->spec->name, "a process of it does not die; still trying");
		event_timer_set(&c->sup->loop, &c->timer,
				c->tries < SUP_CLEAN_TRIES ? SUP_CLEAN_MS : SUP_KILL_MS);
		return SUP_CLEANING;
	}
	fd_close(&c->pidfd);
	c->rec.pid = 0;
	c->rec.ticks = 0;
	event_timer_clear(&c->sup->loop, &c->timer);
	return sup_settle(c, c->rec.cause == STATE_CAUSE_START_ERROR);
}

bool sup_restarts(const struct ctr *c, bool success)
{
	switch (c->spec->restart) {
	case SPEC_RESTART_ALWAYS:
	case SPEC_RESTART_UNLESS_STOPPED:
		return true;
	case SPEC_RESTART_ON_FAILURE:
		return !success;
	default:
		return false;
	}
}

static uint64_t sup_next_backoff(struct ctr *c)
{
	uint64_t ran = (sup_is_sick(c) ? c->good : event_now()) - c->started;

	if (!c->ticking || (c->has_started && ran >= c->spec->restart_reset)) {
		c->backoff = c->spec->restart_delay;
		c->rec.failures = 0;
		if (IS_ENABLED(CONFIG_LADDER) && c->has_started && ran >= c->spec->restart_reset)
			c->rung = 0;
	} else {
		c->backoff = min_u64(c->backoff * 2, c->spec->restart_delay_max);
	}
	c->ticking = true;
	return c->backoff;
}

/* Nobody knows whether there will be a next start. */
static void sup_let_go(struct ctr *c)
{
	c->wanted = c->ran = false;
	keep_drop(&c->mounts);
}

static enum sup_state sup_give_up(struct ctr *c)
{
	if (IS_ENABLED(CONFIG_LADDER) && ladder_applies(c) && ladder_climb(c)) {
		records_put(c, STATE_WAITING);
		event_timer_set(&c->sup->loop, &c->timer, c->spec->restart_delay);
		return SUP_WAITING;
	}
	sup_say(c->spec->name, "gave up after %u attempts%s", c->rec.failures,
		c->spec->restart_then == SPEC_THEN_REBOOT ? "; rebooting as the manifest asks"
							  : "");
	sup_let_go(c);
	records_put(c, STATE_FAILED);
	records_keep(c);
	if (c->spec->restart_then == SPEC_THEN_REBOOT)
		sup_go_down(c->sup, 1);
	return SUP_IDLE;
}

static enum sup_state sup_rest(struct ctr *c, bool failed)
{
	if (!c->wanted)
		sup_note_stopped(c);
	sup_let_go(c);
	c->ticking = false;
	records_put(c, failed ? STATE_FAILED : STATE_EXITED);
	if (failed || c->rec.cause != STATE_CAUSE_EXIT || c->rec.exit)
		records_keep(c);
	else
		sup_keep_stopped(c);
	return SUP_IDLE;
}

/* It is down and clean: what now? */
static enum sup_state sup_settle(struct ctr *c, bool failed)
{
	bool success = !failed && !sup_is_sick(c) && c->rec.cause == STATE_CAUSE_EXIT &&
		       c->rec.exit == 0;
	uint64_t delay;

	c->sup->dirty = true;
	if (c->again && !c->sup->going_down) {
		c->state = SUP_IDLE;
		return sup_launch(c);
	}
	if (IS_ENABLED(CONFIG_LADDER) && c->later && !c->sup->going_down) {
		c->later = false;
		c->wanted = true;
		c->ticking = false;
		records_put(c, STATE_EXITED);
		return SUP_IDLE;
	}
	if (!c->wanted || c->sup->going_down || !sup_restarts(c, success))
		return sup_rest(c, failed);
	if (!failed && !c->spec->task)
		sup_say(c->spec->name, "ended (%s %u)",
			c->rec.cause == STATE_CAUSE_EXIT ? "exit" : "signal", c->rec.exit);
	delay = sup_next_backoff(c);
	c->rec.failures++;
	if (c->spec->restart_limit && c->rec.failures > c->spec->restart_limit)
		return sup_give_up(c);
	c->rec.restarts++;
	records_put(c, STATE_WAITING);
	records_keep(c);
	event_timer_set(&c->sup->loop, &c->timer, delay);
	return SUP_WAITING;
}

static enum sup_state sup_stop_waiting(struct ctr *c)
{
	event_timer_clear(&c->sup->loop, &c->timer);
	sup_unwant(c);
	return sup_rest(c, false);
}

static sup_action *const sup_actions[SUP_N_STATES][SUP_N_EVENTS] = {
	[SUP_IDLE] = {
		[SUP_START] = sup_launch,	[SUP_STARTED] = sup_nothing,	[SUP_FAILED] = sup_nothing,
		[SUP_EXITED] = sup_nothing,	[SUP_STOP] = sup_unwant_idle,	[SUP_TIMER] = sup_nothing,
	},
	[SUP_STARTING] = {
		[SUP_START] = sup_want,		[SUP_STARTED] = sup_started,	[SUP_FAILED] = sup_start_failed,
		[SUP_EXITED] = sup_note_exit,	[SUP_STOP] = sup_stop_start,	[SUP_TIMER] = sup_end_launcher,
	},
	[SUP_RUNNING] = {
		[SUP_START] = sup_want,		[SUP_STARTED] = sup_nothing,	[SUP_FAILED] = sup_nothing,
		[SUP_EXITED] = sup_clean,	[SUP_STOP] = sup_stop_running,	[SUP_TIMER] = sup_nothing,
	},
	[SUP_STOPPING] = {
		[SUP_START] = sup_want_again,	[SUP_STARTED] = sup_nothing,	[SUP_FAILED] = sup_nothing,
		[SUP_EXITED] = sup_clean,	[SUP_STOP] = sup_stop_again,	[SUP_TIMER] = sup_stop_hard,
	},
	[SUP_CLEANING] = {
		[SUP_START] = sup_want_again,	[SUP_STARTED] = sup_nothing,	[SUP_FAILED] = sup_nothing,
		[SUP_EXITED] = sup_clean,	[SUP_STOP] = sup_unwant,	[SUP_TIMER] = sup_clean,
	},
	[SUP_WAITING] = {
		[SUP_START] = sup_launch,	[SUP_STARTED] = sup_nothing,	[SUP_FAILED] = sup_nothing,
		[SUP_EXITED] = sup_nothing,	[SUP_STOP] = sup_stop_waiting,	[SUP_TIMER] = sup_launch,
	},
};

_Static_assert(SUP_N_STATES == 6 && SUP_N_EVENTS == 6,
	       "a state or event without its row in sup_actions");

void sup_event(struct ctr *c, enum sup_event event)
{
	struct sup *s = c->sup;

	c->state = sup_actions[c->state][event](c);
	s->dirty = true;
	control_answer(s, c);
}

bool sup_settled(const struct ctr *c)
{
	return c->state == SUP_IDLE && !c->wanted;
}
