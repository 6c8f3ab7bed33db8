// SPDX-License-Identifier: MIT
/*
 * How much the logs of containers may write to flash in a day: each its log-budget, all together that of
 * [system]. Past it, output goes to a ring in memory until the next day (UTC) begins. Runs in the
 * supervisor for every piece of output that a log would store for good.
 *
 * What has been used is in the state file that outlives power. It is written there in steps, before
 * the bytes of a step are: after a power cut a step counts as used, and a loop of reboots cannot
 * write more than the budget. A clock that is set back begins no new day.
 */
#include <errno.h>
#include <string.h>

#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "core/log.h"
#include "init/sup.h"

#define BUDGET_STEPS 8
#define BUDGET_DAY_MS 86400000U
#define BUDGET_ALL "log-budget" /* name of the record of all together */

/* A new day: true when used is zero again. */
static bool budget_turn(struct budget *b, uint64_t ms)
{
	uint32_t day = (uint32_t)(ms / BUDGET_DAY_MS);
	bool later = day > b->day;

	b->day = day;
	if (later)
		b->used = b->reserved = 0;
	return later;
}

/* True when the record has to say more than it does. */
static bool budget_reserve(struct budget *b, uint64_t most, uint64_t cost)
{
	if (b->used + cost <= b->reserved || b->reserved >= most)
		return false;
	b->reserved = min_u64(most, b->used + cost + most / BUDGET_STEPS);
	return true;
}

static void budget_keep_all(struct sup *s)
{
	struct state_record r;
	struct err e = { 0 };
	int slot;

	if (s->disk.file.fd < 0)
		return;
	slot = state_claim(&s->disk, STATE_SYSTEM, BUDGET_ALL, &r, &e);
	if (slot < 0)
		return;
	r.log_bytes = s->budget.reserved;
	r.log_day = s->budget.day;
	state_put(&s->disk, (uint32_t)slot, &r);
}

void budget_open(struct sup *s)
{
	struct state_record r;

	if (s->disk.file.fd >= 0 && state_find(&s->disk, STATE_SYSTEM, BUDGET_ALL, &r) >= 0)
		s->budget = (struct budget){ r.log_day, r.log_bytes, r.log_bytes };
}

static void budget_over(struct ctr *c, bool over)
{
	if (over == c->over_budget)
		return;
	c->over_budget = over;
	c->rec.flags &= ~(uint32_t)STATE_FLAG_LOG_RAM;
	c->rec.flags |= over ? STATE_FLAG_LOG_RAM : 0;
	records_put(c, c->rec.phase);
	if (over)
		sup_say(c->spec->name,
			"its log has used the log-budget of today; in memory only until tomorrow");
}

/* What a log makes of a piece: each line with its time. */
static uint64_t budget_cost(const char *bytes, size_t len)
{
	const char *end = bytes + len, *p = bytes;
	uint64_t cost = len + STAMP_LEN + 1;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL && ++p < end)
		cost += STAMP_LEN + 1;
	return cost;
}

static void budget_keep_mine(struct ctr *c)
{
	c->rec.log_bytes = c->budget.reserved;
	c->rec.log_day = c->budget.day;
	records_keep(c);
}

/*
 * What does not fit ends the budget of the day: a smaller piece must not come before it, also not for the next
 * supervisor. True when the record has to say more than it does.
 */
static bool budget_end(struct budget *b, uint64_t most)
{
	bool more = b->reserved < most;

	b->used = max_u64(b->used, most);
	b->reserved = max_u64(b->reserved, most);
	return more;
}

static bool budget_fits(const struct budget *b, uint64_t most, uint64_t cost)
{
	return !most || b->used + cost <= most;
}

static bool budget_allows(struct ctr *c, uint64_t ms, uint64_t cost)
{
	uint64_t mine = c->spec->log_budget, all = c->sup->manifest.system.log_budget;
	struct budget *b = &c->budget, *s = &c->sup->budget;
	bool mine_fits, all_fits;

	if (!b->day && c->rec.log_day)
		*b = (struct budget){ c->rec.log_day, c->rec.log_bytes, c->rec.log_bytes };
	budget_turn(b, ms);
	budget_turn(s, ms);
	mine_fits = budget_fits(b, mine, cost);
	all_fits = budget_fits(s, all, cost);
	if (mine && (mine_fits ? all_fits && budget_reserve(b, mine, cost) : budget_end(b, mine)))
		budget_keep_mine(c);
	if (all && (all_fits ? mine_fits && budget_reserve(s, all, cost) : budget_end(s, all)))
		budget_keep_all(c->sup);
	budget_over(c, !mine_fits || !all_fits);
	return mine_fits && all_fits;
}

void budget_spent(struct ctr *c, uint64_t bytes)
{
	c->budget.used += bytes;
	c->sup->budget.used += bytes;
}

/* The ring that takes output while the budget is used up. NULL when there can be none. */
static struct log *budget_ring(struct ctr *c)
{
	const struct log_driver *d = log_driver(LOG_OVERFLOW);
	struct err e = { 0 };
	struct log_args a;

	c->ring_looked_for = false;
	if (c->ring || !d)
		return c->ring;
	log_args_of(&a, d, c->spec->name);
	a.size = c->spec->log_size;
	if (d->open(&a, &c->ring, &e) < 0)
		sup_say(c->spec->name, "its output is not kept: %s", e.msg);
	return c->ring;
}

struct budget_move {
	struct ctr *c;
	struct log *to;
	uint64_t ms; /* now */
	bool lost;   /* a day's budget is too small for what memory held */
};

static void budget_move_piece(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	struct budget_move *m = arg;
	int n;

	m->lost = m->lost || (bytes && !budget_allows(m->c, m->ms, budget_cost(bytes, len)));
	n = bytes && !m->lost ? m->to->driver->write(m->to, ms, bytes, len) : 0;
	if (n > 0)
		budget_spent(m->c, (uint64_t)n);
}

/*
 * What memory holds comes before what is written now. Looked for once: a supervisor before us may have left
 * it.
 */
static void budget_end_ring(struct ctr *c, struct log *to, uint64_t ms)
{
	const struct log_driver *d = log_driver(LOG_OVERFLOW);
	struct budget_move m = { c, to, ms, false };
	struct err e = { 0 };
	uint64_t cursor = 0;
	struct log_args a;

	if (c->ring_looked_for)
		return;
	c->ring_looked_for = true;
	log_close(c->ring);
	c->ring = NULL;
	if (!d)
		return;
	log_args_of(&a, d, c->spec->name);
	if (d->read(&a, &cursor, budget_move_piece, &m, &e) != -ENOENT)
		d->remove(&a);
	if (m.lost)
		sup_say(c->spec->name,
			"memory held more of its log than a day's log-budget; some is lost");
}

void budget_write(struct ctr *c, struct log *l, uint64_t ms, const void *bytes, size_t len)
{
	int n;

	if (l->driver->kept && budget_allows(c, ms, budget_cost(bytes, len)))
		budget_end_ring(c, l, ms);
	if (l->driver->kept && c->over_budget)
		l = budget_ring(c);
	if (!l)
		return;
	n = l->driver->write(l, ms, bytes, len);
	if (n > 0)
		budget_spent(c, (uint64_t)n);
}

void budget_close(struct ctr *c)
{
	log_close(c->ring);
	c->ring = NULL;
	c->ring_looked_for = false;
}
