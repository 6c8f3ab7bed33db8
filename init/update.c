/* SPDX-License-Identifier: MIT */
/*
 * Updates in the supervisor: changes of slots, their trials, and how they end; see core/update.h for what is
 * written when. Runs in the loop. Must never start anything from a slot of a change that is not written, and
 * never decide a trial while the device goes down.
 *
 * A trial is over when everybody who takes part has been up for its time and is healthy; one that ends, does not start or gets unhealthy before undoes it at once. Those of the same update-group take part
 * though they keep their image. A reboot begins the time anew, and is counted before anything starts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/boot_id.h"
#include "core/ctl.h"
#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"
#include "core/store.h"
#include "core/update.h"
#include "init/health.h"
#include "init/sup.h"

#define UPDATE_TRIAL_MS 60000 /* unless trial = says otherwise */
#define UPDATE_UP_MS \
	120000 /* beside its trial, for the old one to stop and the new one to get well */
#define UPDATE_LOOK_MS 200 /* until one that is not up is looked at again */

struct trial {
	struct trial *next;
	struct sup *sup;
	struct update_txn txn;
	struct event_timer timer;
	uint64_t began; /* event_now() */
};

static bool update_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* As it was written; what runs may be something that an update has made of it, or an image. */
static const struct spec *update_spec(const struct ctr *c)
{
	return c->spec_next ? c->spec_next : c->spec;
}

/* ---- ending a change -------------------------------------------------------------------------- */

/* Its decision is written: what it prepared becomes so, one by one, and it is forgotten. */
static void update_end(struct sup *s, const struct update_txn *t)
{
	struct update_slots u;
	struct err e = { 0 };

	for (uint32_t i = 0, n = state_slots(&s->disk); i < n; i++) {
		if (update_get_at(&s->disk, i, &u) < 0 || u.txn != t->number)
			continue;
		update_fold(&u, t, stamp_now());
		if (update_put(&s->disk, &u, &e) < 0) {
			/* The next start tries again: the decision stays. */
			sup_say(u.name, "%s", e.msg);
			return;
		}
	}
	update_txn_drop(&s->disk, t->number);
}

static bool update_takes_part(struct ctr *c, const struct trial *t)
{
	return c->trial == t->txn.number;
}

/* Whatever it does, it does it again, with the image that counts now. */
static void update_restart(struct ctr *c)
{
	if (c->state == SUP_IDLE || c->state == SUP_WAITING) {
		if (c->state == SUP_WAITING || !c->wanted)
			sup_event(c, SUP_START);
	} else {
		if (c->state == SUP_RUNNING || c->state == SUP_STARTING)
			sup_event(c, SUP_STOP);
		sup_again(c);
	}
	c->ticking = false;
}

static bool update_is_up(const struct ctr *c)
{
	return (c->state == SUP_RUNNING && health_is_good(c)) ||
	       (c->spec->task && c->rec.phase == STATE_EXITED && c->rec.cause == STATE_CAUSE_EXIT &&
		c->rec.exit == 0);
}

static void update_forget(struct trial *t)
{
	struct trial **at = &t->sup->trials;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	event_timer_clear(&t->sup->loop, &t->timer);
	for (struct ctr *c = t->sup->ctrs; c; c = c->next)
		if (c->trial == t->txn.number)
			c->trial = 0;
	free(t);
}

static void update_decide(struct trial *t, unsigned int state, unsigned int result, const char *who)
{
	struct sup *s = t->sup;
	struct update_slots u;
	struct err e = { 0 };

	t->txn.state = (uint8_t)state;
	t->txn.result = (uint8_t)result;
	if (update_txn_put(&s->disk, &t->txn, &e) < 0) {
		/* Nobody may go on as if it were decided: the trial is begun anew. */
		sup_say(who, "its update cannot be decided: %s", e.msg);
		t->txn.state = UPDATE_TRIAL;
		event_timer_set(&s->loop, &t->timer, t->txn.trial);
		return;
	}
	sup_say(who, "update %s", state == UPDATE_DONE ? "kept" : update_result_text(result));
	for (struct ctr *c = s->ctrs; c && state == UPDATE_UNDONE; c = c->next) {
		if (!update_takes_part(c, t))
			continue;
		/* One of the group that kept its image is only touched when it is down. */
		if (update_is_up(c) &&
		    !(update_find(&s->disk, c->spec->name, &u) == 0 && u.txn == t->txn.number))
			continue;
		c->trial = 0;
		if (!(c->rec.flags & STATE_FLAG_STOPPED))
			update_restart(c);
	}
	update_end(s, &t->txn);
	update_forget(t);
}

/* ---- a trial ---------------------------------------------------------------------------------- */

/* Why it is not to be kept, or UPDATE_KEPT as long as there is nothing to say against it. */
static unsigned int update_verdict(const struct ctr *c)
{
	bool down = sup_settled(c) && !(c->rec.flags & STATE_FLAG_STOPPED);

	if (update_is_up(c) && c->rec.restarts == c->trial_restarts)
		return UPDATE_KEPT;
	if (c->state == SUP_WAITING || down || c->rec.restarts != c->trial_restarts)
		return c->sick					 ? UPDATE_UNHEALTHY
		       : c->rec.cause == STATE_CAUSE_START_ERROR ? UPDATE_NO_START
								 : UPDATE_ENDED;
	return UPDATE_KEPT;
}

/* How long c has to go on until it has passed, 0 when it has; while it is not up, a moment. */
static uint64_t update_left(const struct ctr *c, const struct trial *t)
{
	uint64_t ran = event_now() - c->started;

	if (!update_is_up(c))
		return UPDATE_LOOK_MS;
	return c->state == SUP_RUNNING && ran < t->txn.trial ? t->txn.trial - ran : 0;
}

/* The time of each counts from its own start: the one before may have been slow to stop, the image to start. */
static void update_time_is_up(struct event_timer *timer)
{
	struct trial *t = container_of(timer, struct trial, timer);
	const char *who = NULL;
	uint64_t left = 0;

	if (t->sup->going_down)
		return;
	for (struct ctr *c = t->sup->ctrs; c; c = c->next) {
		if (!update_takes_part(c, t))
			continue;
		who = c->spec->name;
		left = max_u64(left, update_left(c, t));
		if (update_is_up(c) || event_now() < t->began + t->txn.trial + UPDATE_UP_MS)
			continue;
		update_decide(t, UPDATE_UNDONE, UPDATE_NOT_IN_TIME, who);
		return;
	}
	if (who && left)
		event_timer_set(&t->sup->loop, &t->timer, left);
	else
		update_decide(t, who ? UPDATE_DONE : UPDATE_UNDONE, who ? 0 : UPDATE_NOT_IN_TIME,
			      who);
}

static struct trial *update_look(struct trial *t)
{
	struct trial *next = t->next;

	for (struct ctr *c = t->sup->ctrs; c; c = c->next) {
		unsigned int why = update_takes_part(c, t) ? update_verdict(c) : UPDATE_KEPT;

		if (why == UPDATE_KEPT)
			continue;
		update_decide(t, UPDATE_UNDONE, why, c->spec->name);
		break;
	}
	return next;
}

void update_watch(struct sup *s)
{
	for (struct trial *t = s->trials; t && !s->going_down;)
		t = update_look(t);
}

static void update_join(struct ctr *c, const struct trial *t)
{
	c->trial = t->txn.number;
	c->trial_restarts = c->rec.restarts;
}

/* Those who have its number in their record, and their groups. */
static void update_gather(struct sup *s, struct trial *t)
{
	struct update_slots u;

	for (struct ctr *c = s->ctrs; c; c = c->next) {
		if (update_find(&s->disk, c->spec->name, &u) < 0 || u.txn != t->txn.number)
			continue;
		update_join(c, t);
		for (struct ctr *d = s->ctrs; d; d = d->next)
			if (!d->trial && !sup_settled(d) &&
			    update_same(update_spec(c)->update_group, update_spec(d)->update_group))
				update_join(d, t);
	}
}

static void update_begin(struct sup *s, struct trial *t)
{
	t->sup = s;
	t->next = s->trials;
	s->trials = t;
	t->timer.expired = update_time_is_up;
	t->began = event_now();
	update_gather(s, t);
	event_timer_set(&s->loop, &t->timer, t->txn.trial);
}

/* ---- what was under way when the power went ----------------------------------------------------- */

static void update_recover(struct sup *s, struct update_txn *t, uint64_t boot)
{
	struct err e = { 0 };

	if (t->state == UPDATE_TRIAL && t->boot != boot) {
		t->boot = boot;
		t->boots++;
		if (t->boots > CONFIG_UPDATE_BOOTS) {
			t->state = UPDATE_UNDONE;
			t->result = UPDATE_BOOTS;
			sup_say(NULL, "update %s", update_result_text(UPDATE_BOOTS));
		}
		if (update_txn_put(&s->disk, t, &e) < 0)
			sup_say(NULL, "%s", e.msg);
	}
	if (t->state != UPDATE_TRIAL)
		update_end(s, t);
}

void update_open_all(struct sup *s)
{
	uint64_t boot = boot_id();
	struct update_slots u;
	struct update_txn t;
	uint32_t n = s->disk.file.fd < 0 ? 0 : state_slots(&s->disk);

	for (uint32_t i = 0; i < n; i++)
		if (update_txn_get_at(&s->disk, i, &t) == 0)
			update_recover(s, &t, boot);
	/* What was only prepared. */
	for (uint32_t i = 0; i < n; i++) {
		if (update_get_at(&s->disk, i, &u) < 0 || !u.txn ||
		    update_txn_get(&s->disk, u.txn, &t) != -ENOENT)
			continue;
		u.txn = 0;
		u.slot[!u.active].state = UPDATE_EMPTY;
		update_put(&s->disk, &u, NULL);
	}
}

void update_resume(struct sup *s)
{
	struct update_txn t;
	uint32_t n = s->disk.file.fd < 0 ? 0 : state_slots(&s->disk);

	for (uint32_t i = 0; i < n; i++) {
		struct trial *trial;

		if (update_txn_get_at(&s->disk, i, &t) < 0 || t.state != UPDATE_TRIAL)
			continue;
		trial = calloc(1, sizeof(*trial));
		if (!trial)
			return;
		trial->txn = t;
		update_begin(s, trial);
	}
}

/* ---- requests --------------------------------------------------------------------------------- */

static uint32_t update_number(struct sup *s)
{
	struct update_txn t;
	uint32_t n = 0;

	while (!n || update_txn_get(&s->disk, n, &t) != -ENOENT)
		if (sys_random(&n, sizeof(n)) < 0)
			n = (uint32_t)stamp_now();
	return n;
}

static struct ctr *update_find_ctr(struct sup *s, const char *name, struct err *e)
{
	struct ctr *c = sup_find(s, name);

	if (s->disk.file.fd < 0)
		err_set(e, EROFS, "%s: there is no state file that outlives power", name);
	else if (!c)
		err_set(e, ENOENT, "%s: no such container", name);
	else if (c->trial)
		err_set(e, EBUSY,
			"%s: is in a trial already; wait for its end, or: myctr rollback %s", name,
			name);
	else
		return c;
	return NULL;
}

/* Whether it is rightly so is looked at when it starts. */
static bool update_is_signed(const char *id)
{
	AUTO_FREE char *text = NULL;
	struct store store;
	size_t len;

	if (!IS_ENABLED(CONFIG_SIGNATURES) || store_open(&store, NULL) < 0)
		return false;
	store_signature(&store, id, &text, &len, NULL);
	store_close(&store);
	return text != NULL;
}

/* What can be known to be wrong before anything is written. */
static int update_check(const struct ctr *c, const struct update_slots *u,
			const struct update_item *item, bool trial, struct err *e)
{
	const struct spec *spec = update_spec(c);
	const char *name = spec->name;
	uint64_t least = max_u64(u->floor, spec->version);

	if (item->version < least)
		return err_set(e, EPERM, "%s: version %llu is refused, as %llu was there already",
			       name, (unsigned long long)item->version, (unsigned long long)least);
	if (!item->verity[0] && (spec->verity || (c->sup->manifest.system.require_verified &&
						  !update_is_signed(item->id))))
		return err_set(
			e, EPERM,
			"%s: needs an image that is signed, or its root hash (--verity ROOTHASH)",
			name);
	if (trial && sup_settled(c))
		return err_set(
			e, ESRCH,
			"%s: is not running, so the image cannot be tried; start it, or use --no-trial",
			name);
	return 0;
}

/* Nothing refers to the number yet: each is as before until the change itself is written. */
static void update_unprepare(struct sup *s, uint32_t number)
{
	struct update_slots u;

	for (uint32_t i = 0, n = state_slots(&s->disk); i < n; i++) {
		if (update_get_at(&s->disk, i, &u) < 0 || u.txn != number)
			continue;
		u.txn = 0;
		u.slot[!u.active].state = UPDATE_EMPTY;
		update_put(&s->disk, &u, NULL);
	}
}

static int update_prepare(struct sup *s, const struct update_item *item, uint32_t number,
			  struct err *e)
{
	struct ctr *c = update_find_ctr(s, item->name, e);
	struct update_slots u;
	struct update_slot *other;
	int r;

	if (!c)
		return -e->code;
	r = update_get(&s->disk, update_spec(c), &u);
	if (r < 0)
		return err_sys(e, r, "%s: cannot read its slots", item->name);
	if (u.txn)
		return err_set(e, EINVAL, "%s: is named twice", item->name);
	other = &u.slot[!u.active];
	*other = (struct update_slot){ .state = UPDATE_GOOD, .version = item->version };
	memcpy(other->id, item->id, sizeof(other->id));
	memcpy(other->verity, item->verity, sizeof(other->verity));
	u.txn = number;
	return update_put(&s->disk, &u, e);
}

static int update_check_all(struct sup *s, const struct ctl_request *r, struct err *e)
{
	struct update_item item;
	struct update_slots u;

	if (!r->len || r->len % UPDATE_ITEM || r->len > UPDATE_ITEM * UPDATE_ITEMS)
		return err_set(e, EINVAL, "update: malformed");
	for (size_t at = 0; at < r->len; at += UPDATE_ITEM) {
		struct ctr *c;
		int code;

		if (update_item_decode(r->payload + at, &item) < 0)
			return err_set(e, EINVAL, "update: malformed");
		c = update_find_ctr(s, item.name, e);
		if (!c)
			return -e->code;
		code = update_get(&s->disk, update_spec(c), &u);
		if (code < 0)
			return err_sys(e, code, "%s: cannot read its slots", item.name);
		code = update_check(c, &u, &item, !(r->flags & CTL_NO_TRIAL), e);
		if (code < 0)
			return code;
	}
	return 0;
}

static uint64_t update_patience(struct sup *s, const struct ctl_request *r)
{
	uint64_t most = 0;
	struct update_item item;

	if (r->value != CTL_NO_TIMEOUT)
		return r->value;
	for (size_t at = 0; at < r->len; at += UPDATE_ITEM) {
		update_item_decode(r->payload + at, &item);
		most = max_u64(most, update_spec(sup_find(s, item.name))->trial);
	}
	return most ? most : UPDATE_TRIAL_MS;
}

/* The one write that makes it so, and what follows from it. */
static int update_switch(struct sup *s, struct trial *t, struct err *e)
{
	struct update_slots u;
	int r = update_txn_put(&s->disk, &t->txn, e);

	if (r < 0)
		return r;
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (update_find(&s->disk, c->spec->name, &u) == 0 && u.txn == t->txn.number &&
		    !sup_settled(c))
			update_restart(c);
	if (t->txn.state == UPDATE_TRIAL) {
		update_begin(s, t);
		return 0;
	}
	update_end(s, &t->txn);
	free(t);
	return 0;
}

int update_request(struct sup *s, const struct ctl_request *r, struct err *e)
{
	bool try = !(r->flags & CTL_NO_TRIAL);
	struct update_item item;
	struct trial *t;
	int code = update_check_all(s, r, e);

	if (code < 0)
		return code;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ENOMEM, "out of memory");
	t->txn = (struct update_txn){ .number = update_number(s),
				      .state = try ? UPDATE_TRIAL : UPDATE_DONE,
				      .trial = update_patience(s, r),
				      .boot = boot_id() };
	for (size_t at = 0; code >= 0 && at < r->len; at += UPDATE_ITEM) {
		update_item_decode(r->payload + at, &item);
		code = update_prepare(s, &item, t->txn.number, e);
	}
	if (code >= 0)
		code = update_switch(s, t, e);
	if (code < 0) {
		update_unprepare(s, t->txn.number);
		free(t);
	}
	return code < 0 ? code : 0;
}

/* ---- rollback --------------------------------------------------------------------------------- */

static int update_check_back(const struct update_slots *u, struct err *e)
{
	const struct update_slot *other = &u->slot[!u->active];

	if (other->state != UPDATE_GOOD && other->state != UPDATE_BASE)
		return err_set(e, ENOENT, "%s: its other slot has no image to go back to", u->name);
	if (other->version < u->floor)
		return err_set(e, EPERM, "%s: version %llu is refused, as %llu was there already",
			       u->name, (unsigned long long)other->version,
			       (unsigned long long)u->floor);
	return 0;
}

/* All that changed together with u go back together: look (number 0), then prepare. */
static int update_back(struct sup *s, const struct update_slots *first, uint32_t number,
		       struct err *e)
{
	struct update_slots u;

	for (uint32_t i = 0, n = state_slots(&s->disk); i < n; i++) {
		int r;

		if (update_get_at(&s->disk, i, &u) < 0 ||
		    (strcmp(u.name, first->name) != 0 && (!first->last || u.last != first->last)))
			continue;
		if (u.txn && u.txn != number)
			return err_set(e, EBUSY, "%s: is in a trial", u.name);
		u.txn = number;
		r = number ? update_put(&s->disk, &u, e) : update_check_back(&u, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int update_abort(struct sup *s, struct ctr *c)
{
	for (struct trial *t = s->trials; t; t = t->next)
		if (t->txn.number == c->trial) {
			update_decide(t, UPDATE_UNDONE, UPDATE_ASKED, c->spec->name);
			break;
		}
	return 0;
}

int update_rollback(struct sup *s, const struct ctl_request *r, struct err *e)
{
	struct ctr *c = sup_find(s, r->name);
	struct update_slots u;
	struct trial *t;
	int code;

	if (c && c->trial)
		return update_abort(s, c);
	c = update_find_ctr(s, r->name, e);
	if (!c)
		return -e->code;
	if (update_get(&s->disk, update_spec(c), &u) != 0)
		return err_set(e, ENOENT, "%s: was never updated", r->name);
	code = update_back(s, &u, 0, e);
	if (code < 0)
		return code;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ENOMEM, "out of memory");
	t->txn = (struct update_txn){ .number = update_number(s),
				      .state = UPDATE_DONE,
				      .result = UPDATE_ASKED };
	code = update_back(s, &u, t->txn.number, e);
	if (code >= 0)
		code = update_switch(s, t, e);
	if (code < 0) {
		update_unprepare(s, t->txn.number);
		free(t);
	}
	return code;
}
