/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's table of containers: adding, finding, removing, the manifest, one turn of the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "init/device.h"

#define TABLE_DOWN_MS \
	60000 /* bound of a shutdown, unless [system] shutdown-timeout says otherwise */
#define TABLE_IDLE_MS 2000 /* an on-demand supervisor stays this long after its last work */

struct ctr *sup_find(struct sup *s, const char *name)
{
	struct ctr *c = s->ctrs;

	while (c && strcmp(c->spec->name, name) != 0)
		c = c->next;
	return c;
}

static void table_timer(struct event_timer *t)
{
	sup_event(container_of(t, struct ctr, timer), SUP_TIMER);
}

struct ctr *sup_add(struct sup *s, struct spec *spec, struct err *e)
{
	struct ctr *c = calloc(1, sizeof(*c)), **end = &s->ctrs;

	if (!c) {
		err_set(e, ENOMEM, "%s: out of memory", spec->name);
		return NULL;
	}
	*c = (struct ctr){ .sup = s,
			   .spec = spec,
			   .pidfd = -1,
			   .slot = -1,
			   .disk_slot = -1,
			   .mounts = KEEP_NONE,
			   .report.fd = -1,
			   .output.fd = -1,
			   .dev_log.fd = -1,
			   .exit.fd = -1,
			   .timer.expired = table_timer };
	if (records_claim(c, e) < 0) {
		free(c);
		return NULL;
	}
	while (*end)
		end = &(*end)->next;
	*end = c;
	s->n++;
	return c;
}

void sup_remove(struct ctr *c)
{
	struct sup *s = c->sup;
	struct ctr **at = &s->ctrs;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	s->n--;
	event_timer_clear(&s->loop, &c->timer);
	keep_drop(&c->mounts);
	records_drop(c);
	control_forget(s, c);
	spec_free(c->spec);
	spec_free(c->spec_next);
	free(c);
}

static int table_lock(struct sup *s, struct err *e)
{
	char path[PATHS_MAX];

	if (sup_resumed(s) && s->lock >= 0)
		return 0;
	paths_of(path, paths.run, "lock", NULL);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return err_sys(e, errno, "%s", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EBUSY, "another supervisor is running already (%s is locked)",
			       path);
	return 0;
}

int sup_open(struct sup *s, struct err *e)
{
	struct sys_self self;
	int r;

	sys_self(&self);
	s->ignored = self.ignored;

	s->signals.fd = s->state.file.fd = s->disk.file.fd = -1;
	if (!sup_resumed(s))
		s->lock = s->ctl.fd = -1;
	for (unsigned int i = 0; i < SUP_CLIENTS; i++)
		s->clients[i].source.fd = -1;
	r = paths_make_run(e);
	if (r >= 0)
		r = table_lock(s, e);
	if (r < 0)
		return r;
	r = event_open(&s->loop);
	if (r < 0)
		return err_sys(e, r, "making the event loop");
	r = records_open(s, e);
	if (r >= 0)
		r = reap_open(s, e);
	if (r >= 0)
		budget_open(s);
	if (r >= 0)
		r = control_open(s, e);
	if (r >= 0) {
		update_open_all(s);
		adopt_all(s);
		sweep_start(s);
	}
	return r < 0 ? r : 0;
}

static bool table_stays_down(const struct ctr *c)
{
	return c->spec->restart == SPEC_RESTART_UNLESS_STOPPED &&
	       (c->rec.flags & STATE_FLAG_STOPPED);
}

/* The manifest keeps its struct; the specs become the table's. */
static int table_take(struct sup *s, struct manifest *m, struct err *e)
{
	for (unsigned int i = 0; i < m->n; i++) {
		struct spec *spec = m->containers[i];
		struct ctr *c = sup_find(s, spec->name);
		bool goes_on = IS_ENABLED(CONFIG_REEXEC) && adopt_knows(s, spec->name);

		m->containers[i] = NULL;
		if (c && c->state == SUP_IDLE) {
			spec_free(c->spec);
			c->spec = spec;
		} else if (c) {
			spec_free(c->spec_next);
			c->spec_next = spec;
		} else {
			c = sup_add(s, spec, e);
			if (!c) {
				spec_free(spec);
				return -e->code;
			}
			if (goes_on)
				adopt_rest(c);
		}
		c->rec.flags |= STATE_FLAG_MANIFEST | (spec->task ? STATE_FLAG_TASK : 0) |
				(spec->critical ? STATE_FLAG_CRITICAL : 0);
		if (c->state == SUP_IDLE && !goes_on) {
			c->wanted = spec->autostart && !table_stays_down(c);
			records_put(c, STATE_CREATED);
		}
	}
	m->n = 0;
	s->dirty = true;
	return 0;
}

static bool table_same(const struct spec *a, const struct spec *b)
{
	AUTO_FREE uint8_t *x = NULL;
	AUTO_FREE uint8_t *y = NULL;
	size_t nx, ny;

	return spec_encode(a, &x, &nx, NULL) == 0 && spec_encode(b, &y, &ny, NULL) == 0 &&
	       nx == ny && memcmp(x, y, nx) == 0;
}

static bool table_named(const struct manifest *m, const char *name)
{
	return manifest_find(m, name) != NULL;
}

static void table_drop_missing(struct sup *s, const struct manifest *m)
{
	struct ctr *next;

	for (struct ctr *c = s->ctrs; c; c = next) {
		next = c->next;
		if (!(c->rec.flags & STATE_FLAG_MANIFEST) || table_named(m, c->spec->name))
			continue;
		c->gone = c->keep = true;
		sup_event(c, SUP_STOP);
	}
}

/* Found half started or half stopped when we came: once it is down, the manifest says what comes. */
static void table_resume(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->spec_next && c->state == SUP_STOPPING)
			c->again = c->spec_next->autostart && !table_stays_down(c);
}

int sup_take_manifest(struct sup *s, struct err *e)
{
	int r;

	/* What is there already was adopted, which needs state files. */
	if (IS_ENABLED(CONFIG_STATE) && !sup_resumed(s))
		table_drop_missing(s, &s->manifest);
	r = table_take(s, &s->manifest, e);
	if (IS_ENABLED(CONFIG_STATE))
		table_resume(s);
	return r;
}

int sup_load_manifest(struct sup *s, struct err *e)
{
	int r = manifest_load(&s->manifest, e);

	if (r >= 0)
		r = manifest_finish(&s->manifest, e);
	return r < 0 ? r : sup_take_manifest(s, e);
}

/* Unchanged containers are left alone; changed ones are restarted; new ones started; others stopped. */
int sup_reload(struct sup *s, struct err *e)
{
	struct system_spec system;
	struct manifest m = { 0 };
	int r = manifest_load(&m, e);

	if (r >= 0)
		r = manifest_finish(&m, e);
	if (r < 0) {
		manifest_free(&m);
		return r;
	}
	table_drop_missing(s, &m);
	for (unsigned int i = 0; i < m.n; i++) {
		struct ctr *c = sup_find(s, m.containers[i]->name);
		bool back;

		if (!c)
			continue;
		back = c->gone; /* taken out by the reload before, and not down yet */
		c->gone = c->keep = false;
		if (c->state == SUP_IDLE || (!back && table_same(c->spec, m.containers[i])))
			continue;
		if (c->state != SUP_STOPPING && c->state != SUP_CLEANING) {
			sup_event(c, SUP_STOP);
			c->wanted = c->state == SUP_IDLE;
		}
		sup_again(c);
		c->again = c->state != SUP_IDLE;
	}
	r = table_take(s, &m, e);
	/* Networks hold for what is started from now on; nobody keeps a pointer to the old ones. */
	for (unsigned int i = 0; i < SECTION_N; i++) {
		struct section *old = s->manifest.sections[i];

		s->manifest.sections[i] = m.sections[i];
		m.sections[i] = old;
	}
	system = s->manifest.system;
	s->manifest.system = m.system;
	m.system = system;
	manifest_free(&m);
	consoles_start(s);
	dns_networks(s);
	pool_empty(s);
	guard_reload(s);
	ports_reload(s);
	return r;
}

static void table_collect(struct sup *s)
{
	struct ctr *next;

	/* Only a request or another manifest makes one go for good. */
	if (!SPEC_FOREIGN)
		return;
	for (struct ctr *c = s->ctrs; c; c = next) {
		bool rm = c->gone || (c->rec.flags & STATE_FLAG_RM);

		next = c->next;
		if (!rm || !sup_settled(c) || !(c->has_started || c->gone || c->rec.cause))
			continue;
		if (!c->keep)
			launch_forget_later(c->spec->name, NULL);
		sup_remove(c);
		sweep_start(s);
	}
}

static void table_idle(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, idle);

	s->loop.stop = true;
}

static bool table_has_work(const struct sup *s)
{
	if (s->sweeper)
		return true;
	for (const struct ctr *c = s->ctrs; c; c = c->next)
		if (!sup_settled(c))
			return true;
	for (unsigned int i = 0; i < SUP_CLIENTS; i++)
		if (s->clients[i].source.fd >= 0)
			return true;
	return false;
}

static void table_settle(struct sup *s)
{
	s->dirty = false;
	update_watch(s);
	factory_watch(s);
	table_collect(s);
	if (reexec_turn(s))
		return;
	if (s->going_down)
		order_stop(s);
	else
		order_advance(s);
	if (!s->on_demand)
		return;
	if (table_has_work(s))
		event_timer_clear(&s->loop, &s->idle);
	else if (!s->idle.at) {
		s->idle.expired = table_idle;
		event_timer_set(&s->loop, &s->idle, TABLE_IDLE_MS);
	}
}

bool sup_all_down(const struct sup *s)
{
	for (const struct ctr *c = s->ctrs; c; c = c->next)
		if (c->state != SUP_IDLE)
			return false;
	return true;
}

void sup_go_down(struct sup *s, int how)
{
	if (s->going_down)
		return;
	s->going_down = true;
	pool_empty(s);
	s->down = how;
	s->dirty = true;
	for (struct ctr *c = s->ctrs; c; c = c->next) {
		c->again = false;
		keep_drop(&c->mounts);
	}
}

static uint64_t table_patience(const struct sup *s)
{
	return s->manifest.system.shutdown_timeout ? s->manifest.system.shutdown_timeout
						   : TABLE_DOWN_MS;
}

static void table_time_is_up(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, down_timer);

	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->state != SUP_IDLE)
			resets_refused(c, true);
	s->loop.stop = true;
}

void sup_turn(struct sup *s, int max_ms)
{
	if (s->dirty)
		table_settle(s);
	else
		event_turn(&s->loop, max_ms);
}

void sup_loop(struct sup *s)
{
	s->dirty = true;
	dns_open(s);
	guard_open(s);
	ports_open(s);
	uevent_open(s);
	chart_loop(&s->loop);
	update_resume(s);
	factory_open(s);
	slots_open(s);
	reexec_done(s);
	while (!s->loop.stop) {
		if (s->going_down && !s->down_timer.expired) {
			s->down_timer.expired = table_time_is_up;
			event_timer_set(&s->loop, &s->down_timer, table_patience(s));
		}
		if (s->going_down && sup_all_down(s))
			break;
		sup_turn(s, -1);
	}
	control_close_socket();
}
