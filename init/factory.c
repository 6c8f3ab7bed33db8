/* SPDX-License-Identifier: MIT */
/*
 * Factory mode: [system] mode = factory. The tasks of the manifest are tests: they run one after the other, in
 * the order they are written, with the services they name; TAP version 14 on standard output, for PID 1 the
 * console, and for machines a line "# FACTORY KEY=VALUE..." for each and one at the end. Services that no test names
 * stay down. A test that fails does not keep the next from running. Exit code 77 is a test that was skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ctl.h"
#include "core/factory.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "init/boot.h"
#include "init/sup.h"

#define FACTORY_TEST_MS 300000 /* unless factory-timeout says otherwise */
#define FACTORY_SKIP 77

struct factory {
	struct sup *sup;
	struct ctr *test; /* the one that runs */
	struct event_timer limit;
	unsigned int n, at, failed, skipped;
	uint64_t began, test_began;
	bool late; /* the test did not end in its time */
	int dir;   /* where the result goes; -1 */
	struct out console, result;
	char serial[64];
};

/* ---- what is said ------------------------------------------------------------------------------- */

/* To people and to the file; foreign bytes of the board's number printable and without blanks. */
static void factory_line(struct factory *f, struct out *o, const char *test, const char *verdict,
			 int code, uint64_t ms)
{
	out_text(o, "# FACTORY ");
	if (test)
		out_printf(o, "test=%s result=%s exit=%d ms=%llu", test, verdict, code,
			   (unsigned long long)ms);
	else
		out_printf(o, "result=%s tests=%u failed=%u skipped=%u ms=%llu", verdict, f->n,
			   f->failed, f->skipped, (unsigned long long)ms);
	out_text(o, " serial=");
	out_escaped(o, f->serial, strlen(f->serial));
	out_text(o, "\n");
	out_flush(o);
}

static void factory_say(struct factory *f, const char *test, const char *verdict, int code,
			uint64_t ms)
{
	factory_line(f, &f->console, test, verdict, code, ms);
	if (f->result.fd >= 0)
		factory_line(f, &f->result, test, verdict, code, ms);
}

static void factory_tap(struct factory *f, const struct ctr *c, int code, bool good, uint64_t ms)
{
	struct out *o = &f->console;

	out_printf(o, "%s %u - %s%s\n", good ? "ok" : "not ok", f->at, c->spec->name,
		   code == FACTORY_SKIP ? " # SKIP" : "");
	if (!good)
		out_printf(o, "  ---\n  exit: %d\n  reason: %s\n  duration_ms: %llu\n  ...\n", code,
			   f->late	   ? "did not end in its time"
			   : c->error.code ? "did not start"
					   : "exit code",
			   (unsigned long long)ms);
}

/* ---- the result --------------------------------------------------------------------------------- */

static void factory_file(struct factory *f)
{
	char path[PATHS_MAX];

	f->result.fd = -1;
	if (paths_join(path, paths.data, FACTORY_DIR, NULL) < 0 || path_mkdirs(path, 0755) < 0)
		return;
	f->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir >= 0)
		f->result.fd = openat(f->dir, "result~",
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static int factory_store(struct factory *f)
{
	int r;

	if (f->result.fd < 0)
		return -ENOENT;
	r = fsync(f->result.fd) < 0 || renameat(f->dir, "result~", f->dir, "result") < 0 ||
			    fsync(f->dir) < 0
		    ? -errno
		    : 0;
	fd_close(&f->result.fd);
	return r;
}

static void factory_normal(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->rec.flags & STATE_FLAG_MANIFEST)
			c->wanted = c->wanted || (c->spec->autostart && !c->spec->task);
	s->dirty = true;
	sup_say(NULL, "the tests are passed: normal mode");
}

static void factory_after(struct factory *f, bool stored)
{
	struct sup *s = f->sup;
	uint64_t after = s->manifest.system.after_factory;

	/* One that is not recorded to be good is looked at by somebody. */
	if (after == SYSTEM_POWEROFF) {
		sup_go_down(s, s->is_init ? CTL_POWEROFF : CTL_EXIT);
	} else if (after == SYSTEM_NORMAL && !f->failed && stored) {
		if (fd_replace(f->dir, FACTORY_PASSED, "\n", 1, 0644, true) == 0)
			factory_normal(s);
	}
}

static void factory_end(struct factory *f)
{
	struct sup *s = f->sup;
	int r;

	factory_say(f, NULL, f->failed || !f->n ? "FAIL" : "PASS", 0, event_now() - f->began);
	r = factory_store(f);
	if (r < 0)
		sup_say(NULL, "the result of the tests is not stored: %s", err_text(r));
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->wanted)
			sup_event(c, SUP_STOP);
	factory_after(f, r >= 0 && f->n);
	fd_close(&f->dir);
	event_timer_clear(&s->loop, &f->limit);
	s->factory = NULL;
	free(f);
}

/* ---- the tests ---------------------------------------------------------------------------------- */

static void factory_services(struct sup *s, const struct strv *names)
{
	for (unsigned int i = 0; i < names->n; i++) {
		struct ctr *c = sup_find(s, names->v[i]);

		if (c && !c->spec->task)
			c->wanted = true;
	}
}

static struct ctr *factory_next(const struct factory *f)
{
	struct ctr *c = f->test ? f->test->next : f->sup->ctrs;

	while (c && !c->spec->task)
		c = c->next;
	return c;
}

static void factory_begin(struct factory *f, struct ctr *c)
{
	const struct system_spec *y = &f->sup->manifest.system;

	f->test = c;
	f->late = false;
	f->at++;
	f->test_began = event_now();
	factory_services(f->sup, &c->spec->requires);
	factory_services(f->sup, &c->spec->after);
	c->wanted = true;
	c->has_started = false;
	c->error.code = 0;
	c->rec.cause = STATE_CAUSE_NONE;
	event_timer_set(&f->sup->loop, &f->limit,
			y->factory_timeout ? y->factory_timeout : FACTORY_TEST_MS);
	f->sup->dirty = true;
}

static void factory_late(struct event_timer *t)
{
	struct factory *f = container_of(t, struct factory, limit);

	f->late = true;
	sup_event(f->test, SUP_STOP);
}

static void factory_judge(struct factory *f)
{
	struct ctr *c = f->test;
	uint64_t ms = event_now() - f->test_began;
	int code = state_exit_code(&c->rec);
	bool skip = code == FACTORY_SKIP && !f->late;
	bool good = (code == 0 || skip) && !f->late;

	f->failed += !good;
	f->skipped += skip;
	factory_tap(f, c, code, good, ms);
	factory_say(f, c->spec->name, skip ? "SKIP" : good ? "PASS" : "FAIL", code, ms);
}

void factory_watch(struct sup *s)
{
	struct factory *f = s->factory;
	struct ctr *next;

	if (!f || s->going_down || !sup_settled(f->test))
		return;
	factory_judge(f);
	next = factory_next(f);
	if (next)
		factory_begin(f, next);
	else
		factory_end(f);
}

static bool factory_has_passed(const struct sup *s)
{
	char path[PATHS_MAX];

	return s->manifest.system.after_factory == SYSTEM_NORMAL &&
	       paths_join(path, paths.data, FACTORY_DIR, FACTORY_PASSED) == 0 &&
	       access(path, F_OK) == 0;
}

void factory_open(struct sup *s)
{
	struct factory *f;
	struct ctr *first;

	if (s->manifest.system.mode != SYSTEM_FACTORY || s->on_demand || sup_resumed(s) ||
	    factory_has_passed(s))
		return;
	f = calloc(1, sizeof(*f));
	if (!f)
		return;
	*f = (struct factory){
		.sup = s, .dir = -1, .began = event_now(), .limit.expired = factory_late
	};
	f->console = OUT(STDOUT_FILENO);
	s->factory = f;
	for (struct ctr *c = s->ctrs; c; c = c->next) {
		c->wanted = false;
		records_put(c, c->rec.phase);
		f->n += c->spec->task;
	}
	device_serial(f->serial, sizeof(f->serial));
	if (!f->serial[0])
		memcpy(f->serial, "-", 2);
	factory_file(f);
	out_printf(&f->console, "TAP version 14\n1..%u\n", f->n);
	out_flush(&f->console);
	first = factory_next(f);
	if (first)
		factory_begin(f, first);
	else
		factory_end(f);
}

void factory_reset(struct sup *s)
{
	struct err e = { 0 };
	int r = factory_wipe(&s->manifest.system, &e);

	if (r < 0)
		sup_say(NULL, "factory reset: %s; the next boot tries again", e.msg);
	else if (r > 0)
		sup_say(NULL, "factory reset: done");
}
