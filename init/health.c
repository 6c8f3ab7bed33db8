// SPDX-License-Identifier: MIT
/*
 * How containers are. Looks are taken by a short-lived child each (health_probe.c), or the service says itself at
 * a socket; here is what follows. Runs in the supervisor's loop: never blocks, and writes nothing but
 * the runtime folder. What comes from containers is bounded in size and in rate.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/notify.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "init/health.h"

#define HEALTH_GRACE_MS 1000 /* a probe ends itself at its time-out; this much later it is killed */
#define HEALTH_BURST 8	     /* messages taken in a row; then others have their turn */
#define HEALTH_REST_MS 50    /* after so many, nothing is taken for this long */

struct health_run {
	struct ctr *c;
	struct health h;
	struct health_count count;
	pid_t probe;		  /* 0 when none */
	struct event_source said; /* from the probe */
	struct event_timer
		timer; /* the next look or the end of this one; notify: by when it is to speak */
	struct event_source words; /* notify: its socket */
	struct event_timer rest;
	bool stopping;
	char text[HEALTH_TEXT];
};

/* ---- what others see --------------------------------------------------------------------------------- */

/* <run>/health/NAME: one line, for inspect. */
static void health_note(struct health_run *run, const char *text)
{
	char path[PATHS_MAX], line[HEALTH_TEXT + 1];
	AUTO_FD int fd = -1;

	if (strcmp(run->text, text) == 0 || paths_join(path, paths.run, "health", NULL) < 0)
		return;
	str_copy(run->text, sizeof(run->text), text);
	mkdir(path, 0755);
	if (paths_join(path, paths.run, "health", run->c->spec->name) < 0)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0)
		fd_write(fd, line, str_format(line, sizeof(line), "%s\n", run->text));
}

static void health_forget_note(const struct ctr *c)
{
	char path[PATHS_MAX];

	if (paths_join(path, paths.run, "health", c->spec->name) >= 0)
		unlink(path);
}

static void health_set(struct ctr *c, enum state_health health)
{
	if (c->rec.health == (uint8_t)health)
		return;
	c->rec.health = (uint8_t)health;
	records_put(c, STATE_RUNNING);
	c->sup->dirty = true; /* somebody may wait for it */
}

bool health_is_good(const struct ctr *c)
{
	return !c->health || c->rec.health == STATE_HEALTHY;
}

/* ---- what a look means -------------------------------------------------------------------------------- */

/* May free run. */
static void health_bad(struct health_run *run, const char *why)
{
	struct ctr *c = run->c;

	if (c->rec.health != STATE_UNHEALTHY)
		sup_say(c->spec->name, "unhealthy: %s", why);
	health_set(c, STATE_UNHEALTHY);
	if (c->state != SUP_RUNNING || !sup_restarts(c, false))
		return;
	c->sick = true;
	sup_event(c, SUP_STOP);
}

static void health_good(struct health_run *run)
{
	struct ctr *c = run->c;

	if (c->rec.health == STATE_UNHEALTHY)
		sup_say(c->spec->name, "healthy again");
	if (c->rec.health != STATE_HEALTHY)
		chart_note("ready", c->spec->name);
	c->good = event_now();
	health_set(c, STATE_HEALTHY);
}

static void health_result(struct health_run *run, const struct health_said *said)
{
	struct ctr *c = run->c;
	bool bad = health_judge(&run->h, &run->count, said->code == 0, event_now() - c->started);

	health_note(run, said->text);
	event_timer_set(&c->sup->loop, &run->timer, health_pause(&run->h, &run->count));
	if (said->code == 0)
		health_good(run);
	else if (bad)
		health_bad(run, said->text);
}

/* ---- looks --------------------------------------------------------------------------------------------- */

static void health_end_probe(struct health_run *run)
{
	int fd = event_remove(&run->c->sup->loop, &run->said);

	fd_close(&fd);
	if (run->probe > 0)
		kill(run->probe, SIGKILL);
}

static void health_heard(struct event_source *s, uint32_t events)
{
	struct health_run *run = container_of(s, struct health_run, said);
	struct health_said said;

	(void)events;
	if (read(s->fd, &said, sizeof(said)) != sizeof(said))
		said = (struct health_said){ .code = EIO,
					     .text = "the probe ended without a word" };
	said.text[sizeof(said.text) - 1] = '\0';
	health_end_probe(run);
	health_result(run, &said);
}

static int health_fork(struct health_run *run, int fds[2])
{
	struct ctr *c = run->c;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(fds[0]);
		health_probe(c, &run->h, fds[1]);
	}
	run->probe = pid;
	run->said = (struct event_source){ .fd = fds[0], .ready = health_heard };
	return event_add(&c->sup->loop, &run->said, EPOLLIN);
}

static void health_look(struct health_run *run)
{
	struct health_said said = { .code = EAGAIN };
	int fds[2], r;

	/* The last one does not even die: that is no answer, either. */
	if (run->probe > 0) {
		str_copy(said.text, sizeof(said.text), "the last probe hangs");
		health_result(run, &said);
		return;
	}
	event_timer_set(&run->c->sup->loop, &run->timer, run->h.timeout + HEALTH_GRACE_MS);
	r = pipe2(fds, O_CLOEXEC) < 0 ? -errno : health_fork(run, fds);
	if (r >= 0) {
		close(fds[1]);
		return;
	}
	/* Of our making, not the container's: nothing is counted, and it is tried again. */
	sup_say(run->c->spec->name, "cannot look how it is: %s", err_text(-r));
}

static void health_timer(struct event_timer *t)
{
	struct health_run *run = container_of(t, struct health_run, timer);
	struct health_said said = { .code = ETIMEDOUT, .text = "no answer in time" };

	if (run->said.fd < 0) {
		health_look(run);
		return;
	}
	health_end_probe(run);
	health_result(run, &said);
}

bool health_ended(struct sup *s, pid_t pid)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->health && c->health->probe == pid) {
			c->health->probe = 0;
			return true;
		}
	return false;
}

/* ---- notify --------------------------------------------------------------------------------------------- */

static void health_silent(struct event_timer *t)
{
	struct health_run *run = container_of(t, struct health_run, timer);
	bool ready = run->count.was_healthy;

	if (ready && ++run->count.failures < run->h.retries) {
		event_timer_set(&run->c->sup->loop, t, run->h.every);
		return;
	}
	health_note(run, ready ? "no WATCHDOG=1 in time" : "no READY=1 in time");
	health_bad(run, run->text);
}

/* From now on it has this long to speak again. */
static void health_rearm(struct health_run *run)
{
	struct event_loop *loop = &run->c->sup->loop;

	run->count.failures = 0;
	if (run->h.every && !run->stopping)
		event_timer_set(loop, &run->timer, run->h.every);
	else
		event_timer_clear(loop, &run->timer);
}

/* True when run is gone after it. */
static bool health_word(struct health_run *run, const struct notify *n)
{
	bool was = run->count.was_healthy;

	if (n->has_status)
		health_note(run, n->status);
	if (n->watchdog)
		run->h.every = n->watchdog;
	if (n->stopping) {
		run->stopping = true;
		event_timer_clear(&run->c->sup->loop, &run->timer);
	}
	if (n->trigger) {
		health_note(run, "it said WATCHDOG=trigger");
		health_bad(run, run->text);
		return run->c->health != run;
	}
	run->count.was_healthy |= n->ready;
	if (n->ready || (was && (n->alive || n->watchdog))) {
		health_rearm(run);
		health_good(run);
	}
	return false;
}

static void health_words(struct event_source *s, uint32_t events)
{
	struct health_run *run = container_of(s, struct health_run, words);
	struct ctr *c = run->c;
	char buf[NOTIFY_MAX];
	struct notify n;

	(void)events;
	for (int i = 0; i < HEALTH_BURST; i++) {
		/* No room for what may come with it: descriptors are dropped by the kernel. */
		ssize_t len = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

		if (len < 0)
			return;
		if (len > (ssize_t)sizeof(buf))
			continue;
		notify_parse(buf, (size_t)len, &n);
		if (health_word(run, &n))
			return;
	}
	event_change(&c->sup->loop, s, 0);
	event_timer_set(&c->sup->loop, &run->rest, HEALTH_REST_MS);
}

static void health_rested(struct event_timer *t)
{
	struct health_run *run = container_of(t, struct health_run, rest);

	event_change(&run->c->sup->loop, &run->words, EPOLLIN);
}

/* ---- its life ------------------------------------------------------------------------------------------ */

static struct health_run *health_new(struct ctr *c)
{
	struct health_run *run = c->health ? c->health : calloc(1, sizeof(*run));

	if (!run || c->health)
		return run;
	run->c = c;
	run->said.fd = run->words.fd = -1;
	run->timer.expired = health_timer;
	run->rest.expired = health_rested;
	c->health = run;
	return run;
}

void health_socket(struct ctr *c, int fd)
{
	struct health_run *run = health_new(c);

	if (!run || run->words.fd >= 0) {
		close(fd);
		return;
	}
	run->words = (struct event_source){ .fd = fd, .ready = health_words };
	event_add(&c->sup->loop, &run->words, EPOLLIN);
}

/* The supervisor that had its socket is gone; a child gives a new one the old name. */
static void health_socket_again(struct ctr *c)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	pid_t pid = fd < 0 ? -1 : fork();

	if (pid == 0)
		health_rebind(c, fd, HEALTH_SOCKET);
	if (fd >= 0)
		health_socket(c, fd);
}

/* What its image says is only in the record of what runs. */
static int health_read(const struct ctr *c, struct health *h)
{
	struct spec *runs = NULL;
	struct err e;
	int r;

	if (c->spec->health.n)
		return health_parse(&c->spec->health, h, &e);
	r = spec_load_running(c->spec->name, &runs, &e);
	if (r >= 0)
		r = health_parse(&runs->health, h, &e);
	spec_free(runs);
	return r;
}

void health_start(struct ctr *c)
{
	struct health_run *run;
	struct health h;

	c->good = c->started;
	if (!c->has_health || health_read(c, &h) < 0 || h.kind == HEALTH_NONE)
		return;
	run = health_new(c);
	if (!run) {
		sup_say(c->spec->name, "out of memory; nobody looks how it is");
		return;
	}
	run->h = h;
	c->rec.health = STATE_HEALTH_STARTING;
	if (h.kind != HEALTH_NOTIFY) {
		event_timer_set(&c->sup->loop, &run->timer, health_pause(&h, &run->count));
		return;
	}
	run->timer.expired = health_silent;
	event_timer_set(&c->sup->loop, &run->timer, h.start_period);
}

/* One that was healthy has said READY=1 to the supervisor before us. */
void health_adopt(struct ctr *c)
{
	uint8_t before = c->rec.health;

	c->has_health = true;
	health_start(c);
	if (!c->health)
		return;
	if (c->health->h.kind == HEALTH_NOTIFY)
		health_socket_again(c);
	if (before != STATE_HEALTHY)
		return;
	c->health->count.was_healthy = true;
	c->rec.health = before;
	if (c->health->h.kind == HEALTH_NOTIFY)
		health_rearm(c->health);
}

void health_stop(struct ctr *c)
{
	struct health_run *run = c->health;
	int fd;

	if (!run)
		return;
	health_end_probe(run);
	fd = event_remove(&c->sup->loop, &run->words);
	fd_close(&fd);
	event_timer_clear(&c->sup->loop, &run->timer);
	event_timer_clear(&c->sup->loop, &run->rest);
	health_forget_note(c);
	c->health = NULL;
	free(run);
}
