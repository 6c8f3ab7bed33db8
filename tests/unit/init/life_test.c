// SPDX-License-Identifier: MIT
/*
 * The supervisor's table, order and control socket with everything else played by the test: requests that
 * meet each other, or a container that is half way up or down.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ctl.h"
#include "core/launch.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "init/device.h"
#include "init/health.h"

#define SERVICE(name) "[container " name "]\nimage = i\ncommand = run\n"
#define PENDING 1 /* no answer yet */

static struct sup sup;
static const char *manifest;
static int starts, signals, last_signal, kept, forgotten;
static bool records_full, disk_full;
static char dir[] = "/tmp/myctr-life.XXXXXX";

/* ---- what the test plays ------------------------------------------------------------------------ */

int launcher_start(struct ctr *c)
{
	starts++;
	c->child = true;
	c->pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

void launcher_report(struct ctr *c)
{
	(void)c;
}

void pool_empty(struct sup *s)
{
	(void)s;
}

void sys_self(struct sys_self *self)
{
	*self = (struct sys_self){ .pid = 1 };
}

int sys_pidfd_signal(int pidfd, int sig)
{
	(void)pidfd;
	signals++;
	last_signal = sig;
	return 0;
}

int __wrap_manifest_load(struct manifest *m, struct err *e);
int __wrap_manifest_load(struct manifest *m, struct err *e)
{
	return manifest_parse(m, "test", manifest, strlen(manifest), e);
}

int records_open(struct sup *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

int records_claim(struct ctr *c, struct err *e)
{
	(void)c;
	return records_full ? err_set(e, ENOSPC, "full, as the test wants it") : 0;
}

void records_put(struct ctr *c, unsigned int phase)
{
	c->rec.phase = (uint8_t)phase;
}

void records_keep(struct ctr *c)
{
	(void)c;
}

void records_drop(struct ctr *c)
{
	(void)c;
}

void adopt_all(struct sup *s)
{
	(void)s;
}

int reap_open(struct sup *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

void output_close(struct ctr *c)
{
	(void)c;
}

int launch_down(const char *name)
{
	(void)name;
	return 0;
}

int launch_forget_later(const char *name, struct err *e)
{
	(void)name;
	(void)e;
	forgotten++;
	return 0;
}

/* Parts of the supervisor that these tests do without, where the configuration has them. */
#ifdef CONFIG_HEALTH
static bool health_waits;

void health_start(struct ctr *c)
{
	c->good = c->started;
}

void health_stop(struct ctr *c)
{
	(void)c;
}

bool health_is_good(const struct ctr *c)
{
	return !health_waits || c->rec.health == STATE_HEALTHY;
}
#endif

#ifdef CONFIG_RESETS
static int refused;

void resets_refused(struct ctr *c, bool is)
{
	(void)c;
	refused += is;
}

void resets_coming(struct sup *s, enum device_reset why, const char *who)
{
	s->device.cause = (uint8_t)why;
	str_copy(s->device_who, sizeof(s->device_who), who ? who : "");
}
#endif

void sweep_start(struct sup *s)
{
	(void)s;
}

int spec_store_keep(const struct spec *s, struct err *e)
{
	kept++;
	return disk_full ? err_set(e, EROFS, "%s: as the test wants it", s->name) : 0;
}

int spec_load_running(const char *name, struct spec **out, struct err *e)
{
	(void)name, (void)out;
	return err_set(e, ENOENT, "no");
}

int spec_load_kept(const char *name, struct spec **out, struct err *e)
{
	(void)out;
	return err_set(e, ENOENT, "%s: no spec", name);
}

bool spec_is_kept(const char *name)
{
	(void)name;
	return false;
}

const struct cgroup_driver *cgroup_driver(void)
{
	return NULL;
}

/* ---- words of the tests ------------------------------------------------------------------------- */

static void turn(void)
{
	for (int i = 0; i < 50; i++)
		sup_turn(&sup, 0);
}

static int setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	manifest = SERVICE("one") SERVICE("two") "after = one\n";
	starts = signals = last_signal = kept = forgotten = 0;
	records_full = disk_full = false;
	sup = (struct sup){ 0 };
	assert_int_equal(sup_open(&sup, &e), 0);
	assert_int_equal(sup_load_manifest(&sup, &e), 0);
	turn();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SUP_CLIENTS; i++)
		if (sup.clients[i].source.fd >= 0)
			close(sup.clients[i].source.fd);
	while (sup.ctrs) {
		close(sup.ctrs->pidfd);
		sup_remove(sup.ctrs);
	}
	manifest_free(&sup.manifest);
	close(sup.ctl.fd);
	close(sup.lock);
	event_close(&sup.loop);
	return 0;
}

static struct ctr *named(const char *name)
{
	struct ctr *c = sup_find(&sup, name);

	assert_non_null(c);
	return c;
}

static void is_up(const char *name)
{
	sup_event(named(name), SUP_STARTED);
	turn();
}

static void has_ended(const char *name, int status)
{
	struct ctr *c = named(name);

	c->has_status = true;
	c->status = status;
	sup_event(c, SUP_EXITED);
	turn();
}

static int send_request(struct ctl_request *r)
{
	uint8_t buf[CTL_REQUEST + 1024];
	struct err e = { 0 };
	int fd = ctl_connect(&e);
	size_t len;

	assert_true(fd >= 0);
	assert_true(r->len <= 1024);
	len = ctl_encode_request(r, buf);
	assert_int_equal(send(fd, buf, len, 0), len);
	turn();
	return fd;
}

static int ask(enum ctl_op op, const char *name)
{
	struct ctl_request r = { .op = op, .value = op == CTL_KILL ? SIGKILL : CTL_NO_TIMEOUT };

	snprintf(r.name, sizeof(r.name), "%s", name);
	if (op == CTL_RM)
		r.flags = CTL_FORCE;
	return send_request(&r);
}

static int ask_run(const char *name)
{
	struct ctl_request r = { .op = CTL_RUN };
	struct manifest m = { 0 };
	uint8_t *bytes = NULL;
	struct err e = { 0 };
	char text[100];
	int fd;

	snprintf(text, sizeof(text), SERVICE("%s"), name);
	assert_int_equal(manifest_parse(&m, "run", text, strlen(text), &e), 0);
	assert_int_equal(manifest_finish(&m, &e), 0);
	assert_int_equal(spec_encode(m.containers[0], &bytes, &r.len, &e), 0);
	r.payload = bytes;
	snprintf(r.name, sizeof(r.name), "%s", name);
	fd = send_request(&r);
	free(bytes);
	manifest_free(&m);
	return fd;
}

/* 0 or -errno as it was answered, PENDING, -ECONNRESET when the supervisor hung up without a word. */
static int answer(int fd)
{
	uint8_t buf[CTL_REPLY];
	struct err e = { 0 };
	uint32_t value;
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	int r;

	if (n < 0 && errno == EAGAIN)
		return PENDING;
	close(fd);
	if (n <= 0)
		return -ECONNRESET;
	r = ctl_decode_reply(buf, (size_t)n, &value, &e);
	return r < 0 ? r : 0;
}

static void reload(void)
{
	assert_int_equal(answer(ask(CTL_RELOAD, "")), 0);
}

/* ---- while it starts ----------------------------------------------------------------------------- */

static void restart_during_start(void **state)
{
	int restart;

	(void)state;
	assert_int_equal(named("one")->state, SUP_STARTING);
	restart = ask(CTL_RESTART, "one");
	assert_int_equal(answer(restart), PENDING);
	assert_int_equal(signals, 0);
	is_up("one");
	assert_int_equal(named("one")->state, SUP_STOPPING);
	assert_int_equal(last_signal, SIGTERM);
	assert_int_equal(answer(restart), PENDING);
	has_ended("one", SIGTERM);
	assert_int_equal(starts, 2);
	assert_int_equal(answer(restart), PENDING);
	is_up("one");
	assert_int_equal(answer(restart), 0);
	assert_int_equal(named("one")->state, SUP_RUNNING);
}

static void reload_during_start(void **state)
{
	(void)state;
	manifest = SERVICE("one") "hostname = other\n";
	reload();
	assert_int_equal(named("one")->state, SUP_STARTING);
	is_up("one");
	assert_int_equal(last_signal, SIGTERM);
	has_ended("one", SIGTERM);
	assert_int_equal(starts, 2);
	assert_string_equal(named("one")->spec->hostname, "other");
	is_up("one");
	assert_int_equal(named("one")->state, SUP_RUNNING);
	assert_null(sup_find(&sup, "two"));
}

/* Taken out and put back before it is down. */
static void reload_and_back(void **state)
{
	(void)state;
	is_up("one");
	is_up("two");
	manifest = SERVICE("two");
	reload();
	assert_int_equal(named("one")->state, SUP_STOPPING);
	manifest = SERVICE("one") SERVICE("two");
	reload();
	has_ended("one", SIGTERM);
	is_up("one");
	assert_int_equal(named("one")->state, SUP_RUNNING);
	assert_true(named("one")->wanted);
	assert_int_equal(forgotten, 0);
}

static void stop_during_start(void **state)
{
	int start = ask(CTL_START, "one"), stop = ask(CTL_STOP, "one");

	(void)state;
	assert_int_equal(answer(stop), PENDING);
	is_up("one");
	assert_int_equal(last_signal, SIGTERM);
	has_ended("one", 0);
	assert_int_equal(answer(stop), 0);
	assert_int_equal(answer(start), 0);
	assert_int_equal(named("one")->state, SUP_IDLE);
	assert_int_equal(named("one")->rec.flags & STATE_FLAG_STOPPED, STATE_FLAG_STOPPED);
}

static void failed_during_restart(void **state)
{
	int restart = ask(CTL_RESTART, "one");

	(void)state;
	err_set(&named("one")->error, ENOENT, "one: no image");
	sup_event(named("one"), SUP_FAILED);
	turn();
	assert_int_equal(answer(restart), PENDING);
	assert_int_equal(starts, 2);
	is_up("one");
	assert_int_equal(answer(restart), 0);
}

/* ---- two at once --------------------------------------------------------------------------------- */

static void stop_and_start_again(void **state)
{
	int stop, start;

	(void)state;
	is_up("one");
	stop = ask(CTL_STOP, "one");
	start = ask(CTL_START, "one");
	assert_int_equal(answer(stop), PENDING);
	has_ended("one", 0);
	assert_int_equal(starts, 3); /* two was the second */
	assert_int_equal(answer(stop), 0);
	assert_int_equal(answer(start), PENDING);
	is_up("one");
	assert_int_equal(answer(start), 0);
	assert_int_equal(named("one")->state, SUP_RUNNING);
	assert_int_equal(named("one")->rec.flags & STATE_FLAG_STOPPED, 0);
}

static void two_starts(void **state)
{
	int a, b;

	(void)state;
	is_up("one");
	is_up("two");
	assert_int_equal(answer(ask(CTL_KILL, "one")), 0);
	has_ended("one", SIGKILL);
	starts = 0;
	a = ask(CTL_START, "one");
	b = ask(CTL_START, "one");
	assert_int_equal(starts, 1);
	assert_int_equal(answer(a), PENDING);
	assert_int_equal(answer(b), PENDING);
	is_up("one");
	assert_int_equal(answer(a), 0);
	assert_int_equal(answer(b), 0);
	assert_int_equal(starts, 1);
}

static void two_stops_and_restarts(void **state)
{
	int a, b;

	(void)state;
	is_up("one");
	a = ask(CTL_STOP, "one");
	b = ask(CTL_STOP, "one");
	assert_int_equal(signals, 1);
	has_ended("one", 0);
	assert_int_equal(answer(a), 0);
	assert_int_equal(answer(b), 0);
	assert_int_equal(answer(ask(CTL_STOP, "one")), 0);
	starts = 0;
	a = ask(CTL_RESTART, "one");
	assert_int_equal(starts, 1);
	b = ask(CTL_RESTART, "one");
	is_up("one");
	has_ended("one", 0);
	is_up("one");
	assert_int_equal(answer(a), 0);
	assert_int_equal(answer(b), 0);
	assert_int_equal(named("one")->state, SUP_RUNNING);
	assert_int_equal(starts, 2);
}

static void two_runs_and_removes(void **state)
{
	int a = ask_run("extra"), b = ask_run("extra"), start;

	(void)state;
	assert_int_equal(answer(b), -EEXIST);
	assert_int_equal(kept, 1);
	is_up("extra");
	assert_int_equal(answer(a), 0);
	a = ask(CTL_RM, "extra");
	b = ask(CTL_RM, "extra");
	start = ask(CTL_START, "extra");
	turn();
	has_ended("extra", SIGKILL);
	assert_int_equal(forgotten, 1);
	assert_null(sup_find(&sup, "extra"));
	assert_int_equal(answer(a), 0);
	assert_int_equal(answer(b), 0);
	assert_true(answer(start) < 0);
}

/* ---- what is refused ------------------------------------------------------------------------------ */

static void no_record(void **state)
{
	(void)state;
	records_full = true;
	assert_int_equal(answer(ask_run("extra")), -ENOSPC);
	assert_null(sup_find(&sup, "extra"));
	assert_int_equal(kept, 0);
	records_full = false;
	disk_full = true;
	assert_int_equal(answer(ask_run("extra")), -EROFS);
	assert_null(sup_find(&sup, "extra"));
}

static void nobody(void **state)
{
	(void)state;
	assert_int_equal(answer(ask(CTL_STOP, "nobody")), -ENOENT);
	assert_int_equal(answer(ask(CTL_START, "nobody")), -ENOENT);
	assert_int_equal(answer(ask(CTL_RM, "one")), -EBUSY);
	assert_int_equal(answer(ask(CTL_KILL, "two")), -ESRCH);
}

/* ---- clients that are slow, silent, wrong or many --------------------------------------------------- */

static int silent_client(void)
{
	struct err e = { 0 };
	int fd = ctl_connect(&e);

	assert_true(fd >= 0);
	sup_turn(&sup, 0);
	sup_turn(&sup, 0);
	return fd;
}

static int connected(void)
{
	int n = 0;

	for (unsigned int i = 0; i < SUP_CLIENTS; i++)
		n += sup.clients[i].source.fd >= 0;
	return n;
}

static void silent_ones_give_way(void **state)
{
	static int fds[SUP_CLIENTS * 4];
	int stop, n = (int)(sizeof(fds) / sizeof(fds[0]));

	(void)state;
	is_up("one");
	stop = ask(CTL_STOP, "one");
	for (int i = 0; i < n; i++) {
		fds[i] = silent_client();
		if (i % SUP_CLIENTS == 0)
			assert_int_equal(answer(ask(CTL_PING, "")), 0);
	}
	assert_int_equal(connected(), SUP_CLIENTS);
	assert_int_equal(answer(ask(CTL_PING, "")), 0);
	/* Not who waits for an answer. */
	assert_int_equal(answer(stop), PENDING);
	has_ended("one", 0);
	assert_int_equal(answer(stop), 0);
	assert_int_equal(answer(fds[0]), -ECONNRESET);
	for (int i = 1; i < n; i++)
		close(fds[i]);
	turn();
	for (int i = 0; i < SUP_CLIENTS; i++)
		sup_turn(&sup, 0);
	assert_int_equal(connected(), 0);
}

static void silent_ones_are_let_go(void **state)
{
	int fd = silent_client(), stop;

	(void)state;
	is_up("one");
	stop = ask(CTL_STOP, "one");
	for (struct event_timer *t = sup.loop.timers; t; t = t->next)
		if (t >= &sup.clients[0].timer && t <= &sup.clients[SUP_CLIENTS - 1].timer)
			t->at = 1;
	turn();
	assert_int_equal(answer(fd), -ECONNRESET);
	assert_int_equal(answer(stop), PENDING);
	has_ended("one", 0);
	assert_int_equal(answer(stop), 0);
}

static void all_wait(void **state)
{
	int fds[SUP_CLIENTS + 5];

	(void)state;
	is_up("one");
	for (int i = 0; i < SUP_CLIENTS + 5; i++)
		fds[i] = ask(CTL_STOP, "one");
	assert_int_equal(connected(), SUP_CLIENTS);
	has_ended("one", 0);
	turn();
	turn();
	for (int i = 0; i < SUP_CLIENTS + 5; i++)
		assert_int_equal(answer(fds[i]), 0);
}

/* Said in pieces, forged, truncated or far too long: an error or a hang-up, and the next is served. */
static void wrong_ones(void **state)
{
	static const size_t lengths[] = { 1, 4, 79, 80, 81, 1000, 65536, 65537, 100000 };
	static uint8_t bytes[100000];
	struct err e = { 0 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (int fill = 0; fill < 3; fill++) {
			int fd = ctl_connect(&e), r;

			memset(bytes, fill == 1 ? 0xff : 0, sizeof(bytes));
			if (fill == 2) /* its length and version are true, all else is zero */
				memcpy(bytes,
				       (uint8_t[]){ (uint8_t)lengths[i], (uint8_t)(lengths[i] >> 8),
						    (uint8_t)(lengths[i] >> 16), 0, CTL_VERSION, 0,
						    CTL_RUN, 0 },
				       8);
			assert_int_equal(send(fd, bytes, lengths[i], MSG_NOSIGNAL), lengths[i]);
			turn();
			r = answer(fd);
			assert_true(r < 0 && r != PENDING);
			assert_int_equal(answer(ask(CTL_PING, "")), 0);
		}
	assert_int_equal(connected(), 0);
}

#ifdef CONFIG_HEALTH
static void healthy_first(void **state)
{
	struct ctr *one;

	(void)state;
	manifest = SERVICE("base") SERVICE("late") "after = base healthy\n" SERVICE(
		"need") "requires = base healthy\n" SERVICE("plain") "after = base\n";
	health_waits = true;
	assert_int_equal(sup_reload(&sup, &(struct err){ 0 }), 0);
	turn();
	one = named("base");
	assert_int_equal(one->state, SUP_STARTING);
	is_up("base");
	assert_int_equal(named("plain")->state, SUP_STARTING);
	assert_int_equal(named("late")->state, SUP_IDLE);
	assert_int_equal(named("need")->state, SUP_IDLE);
	one->rec.health = STATE_HEALTHY;
	sup.dirty = true;
	turn();
	assert_int_equal(named("late")->state, SUP_STARTING);
	assert_int_equal(named("need")->state, SUP_STARTING);
	health_waits = false;
}

static void never_healthy(void **state)
{
	(void)state;
	manifest = SERVICE("base") SERVICE("late") "after = base healthy\n";
	health_waits = true;
	assert_int_equal(sup_reload(&sup, &(struct err){ 0 }), 0);
	turn();
	is_up("base");
	has_ended("base", 1 << 8);
	assert_int_equal(named("late")->state, SUP_IDLE);
	assert_int_equal(named("late")->rec.phase, STATE_FAILED);
	health_waits = false;
}

/* Ended because it was not healthy: as if it had failed by itself, up to its limit. */
static void sick(void **state)
{
	struct ctr *c;

	(void)state;
	manifest = SERVICE("ill") "restart = on-failure\nrestart-limit = 1\nrestart-delay = 0s\n";
	assert_int_equal(sup_reload(&sup, &(struct err){ 0 }), 0);
	turn();
	c = named("ill");
	is_up("ill");
	signals = 0;
	c->sick = true;
	sup_event(c, SUP_STOP);
	assert_int_equal(c->state, SUP_STOPPING);
	assert_int_equal(signals, 1);
	assert_int_equal(last_signal, SIGTERM);
	has_ended("ill", 0);
	assert_int_equal(c->rec.failures, 1);
	while (c->state == SUP_WAITING)
		sup_turn(&sup, 10);
	is_up("ill");
	assert_int_equal(c->state, SUP_RUNNING);
	assert_false(c->sick);
	c->sick = true;
	sup_event(c, SUP_STOP);
	has_ended("ill", 0);
	assert_int_equal(c->state, SUP_IDLE);
	assert_int_equal(c->rec.phase, STATE_FAILED);
	/* a person may stop it meanwhile */
	sup_event(c, SUP_START);
	is_up("ill");
	c->sick = true;
	sup_event(c, SUP_STOP);
	sup_event(c, SUP_STOP);
	has_ended("ill", 0);
	assert_int_equal(c->state, SUP_IDLE);
	assert_int_equal(c->rec.phase, STATE_EXITED);
}
#define HEALTH_TESTS life(healthy_first), life(never_healthy), life(sick),
#else
#define HEALTH_TESTS
#endif

#ifdef CONFIG_LADDER
/* Fails until its limit is passed. */
static void fail_often(const char *name)
{
	struct ctr *c = named(name);

	for (int i = 0; i < 100 && !sup_settled(c); i++) {
		if (c->state == SUP_STARTING)
			sup_event(c, SUP_STARTED);
		if (c->state == SUP_RUNNING)
			has_ended(name, 1 << 8);
		if (c->state == SUP_WAITING && c->rung)
			return;
		if (c->state == SUP_WAITING)
			sup_event(c, SUP_TIMER);
	}
}

static void ladder(void **state)
{
	struct ctr *c, *d;

	(void)state;
	manifest = SERVICE(
		"base") "restart = on-failure\nrestart-limit = 1\nrestart-delay = 1h\nrestart-delay-max = 1h\n"
			"restart-then = escalate\n" SERVICE("above") "after = base\n" SERVICE(
				"beside");
	assert_int_equal(sup_reload(&sup, &(struct err){ 0 }), 0);
	turn();
	c = named("base");
	d = named("above");
	is_up("base");
	is_up("above");
	is_up("beside");
	sup.is_init = true;
	/* the first time, with who needs it */
	fail_often("base");
	assert_int_equal(c->rung, 1);
	assert_int_equal(c->state, SUP_WAITING);
	assert_int_equal(d->state, SUP_STOPPING);
	assert_int_equal(named("beside")->state, SUP_RUNNING);
	has_ended("above", 0);
	assert_true(d->state == SUP_IDLE && d->wanted);
	assert_false(sup.going_down);
	/* then the device; the reason is recorded before */
	sup_event(c, SUP_TIMER);
	is_up("base");
	assert_int_equal(d->state, SUP_STARTING);
	c->rung = 1;
	c->ticking = true;
	c->rec.failures = 1;
	has_ended("base", 1 << 8);
	assert_true(sup.going_down);
	assert_int_equal(sup.down, CTL_REBOOT);
	assert_int_equal(sup.device.cause, DEVICE_RESET_CRASH_LOOP);
	assert_string_equal(sup.device_who, "base");
}
#define LADDER_TESTS life(ladder),
#else
#define LADDER_TESTS
#endif

static int make_dir(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(paths.run, sizeof(paths.run), "%s", dir);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "ctl",	  "lock",     "logs", "specs",
					     "mnt/lower", "mnt/root", "mnt",  "" };
	char path[200];

	(void)state;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return 0;
}

/* Waits with the reason in its record until the file is there; a stop ends the waiting. */
static void test_when(void **state)
{
	char path[64], text[300];
	struct err e = { 0 };
	int before;

	(void)state;
	if (!IS_ENABLED(CONFIG_WHEN))
		skip();
	snprintf(path, sizeof(path), "%s/flag", dir);
	unlink(path);
	snprintf(text, sizeof(text),
		 SERVICE("one") "when = file %s\n" SERVICE("two") "after = one\n", path);
	manifest = text;
	is_up("one");
	before = starts;
	sup_event(named("one"), SUP_STOP);
	has_ended("one", 0);
	assert_int_equal(sup_reload(&sup, &e), 0);
	turn();
	assert_int_equal(starts, before);
	assert_int_equal(named("one")->state, SUP_IDLE);
	assert_memory_equal(named("one")->rec.reason, "file /tmp/", 10);
	assert_true(sup.when.timer.at != 0);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	when_kick(&sup);
	turn();
	assert_int_equal(starts, before + 1);
	assert_string_equal(named("one")->rec.reason, "");
	unlink(path);
}

#define life(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { life(test_when),
					    life(restart_during_start),
					    life(reload_during_start),
					    life(reload_and_back),
					    life(stop_during_start),
					    life(failed_during_restart),
					    life(stop_and_start_again),
					    life(two_starts),
					    life(two_stops_and_restarts),
					    life(two_runs_and_removes),
					    life(no_record),
					    life(nobody),
					    life(silent_ones_give_way),
					    life(silent_ones_are_let_go),
					    life(all_wait),
					    life(wrong_ones),
					    HEALTH_TESTS LADDER_TESTS };

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
