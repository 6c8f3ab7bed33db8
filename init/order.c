/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom. Up: a wanted container starts when everything in its after = and requires = has
 * settled: services run, tasks have ended. Down: the reverse, each with its own signal and time-out.
 * Looks at the whole table once after every change; keeps nothing of its own.
 */
#include <errno.h>
#include <string.h>

#include "init/health.h"
#include "init/sup.h"

enum order_verdict { ORDER_GO, ORDER_WAIT, ORDER_FAIL };

static bool order_failed(const struct ctr *d)
{
	return d->rec.phase == STATE_FAILED ||
	       (d->rec.phase == STATE_EXITED && (d->rec.cause != STATE_CAUSE_EXIT || d->rec.exit));
}

/* A task is settled when it has ended; a service when it runs; both when they will not be tried (again). */
static enum order_verdict order_on(const struct ctr *d, bool required, bool healthy)
{
	if (!d)
		return required ? ORDER_FAIL : ORDER_GO;
	if (d->state == SUP_RUNNING && !d->spec->task)
		return healthy && !health_is_good(d) ? ORDER_WAIT : ORDER_GO;
	if (!sup_settled(d))
		return ORDER_WAIT;
	if (!required && !healthy)
		return ORDER_GO;
	if (d->spec->task && d->rec.phase == STATE_EXITED && !order_failed(d))
		return ORDER_GO;
	return ORDER_FAIL;
}

static enum order_verdict order_look(struct ctr *c, const struct strv *names, bool required,
				     const char **who)
{
	enum order_verdict v = ORDER_GO;

	for (unsigned int i = 0; i < names->n; i++) {
		bool healthy = spec_is_healthy(names, i + 1);
		enum order_verdict one;

		if (spec_is_healthy(names, i))
			continue;
		one = order_on(sup_find(c->sup, names->v[i]), required, healthy);
		if (one == ORDER_FAIL) {
			*who = names->v[i];
			return one;
		}
		if (one == ORDER_WAIT)
			v = one;
	}
	return v;
}

static void order_give_up(struct ctr *c, const char *who)
{
	err_set(&c->error, ENOENT, "not started: it requires %s, which is not up", who);
	sup_say(c->spec->name, "%s", c->error.msg);
	c->wanted = false;
	c->rec.cause = STATE_CAUSE_START_ERROR;
	c->rec.exit = 125;
	records_put(c, STATE_FAILED);
	c->sup->dirty = true;
	control_answer(c->sup, c);
}

void order_advance(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next) {
		const char *who = NULL;
		enum order_verdict a, b;

		if (c->state != SUP_IDLE || !c->wanted)
			continue;
		a = order_look(c, &c->spec->requires, true, &who);
		b = order_look(c, &c->spec->after, false, &who);
		if (a == ORDER_FAIL || (IS_ENABLED(CONFIG_HEALTH) && b == ORDER_FAIL))
			order_give_up(c, who);
		else if (a == ORDER_GO && b == ORDER_GO && !when_waits(c))
			sup_event(c, SUP_START);
		else if (!(c->rec.flags & STATE_FLAG_WANTED))
			records_put(c, c->rec.phase); /* a start that somebody asked for */
	}
}

static bool order_names(const struct strv *names, const char *name)
{
	for (unsigned int i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	return false;
}

/* Somebody who started after c is still up, perhaps with an ended task in between. */
static bool order_is_needed(const struct sup *s, const struct ctr *c)
{
	for (const struct ctr *d = s->ctrs; d; d = d->next)
		if ((order_names(&d->spec->after, c->spec->name) ||
		     order_names(&d->spec->requires, c->spec->name)) &&
		    (d->state != SUP_IDLE || order_is_needed(s, d)))
			return true;
	return false;
}

void order_stop(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next) {
		if (c->state == SUP_IDLE)
			c->wanted = false;
		else if (c->wanted && !order_is_needed(s, c))
			sup_event(c, SUP_STOP);
	}
}
