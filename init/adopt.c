/* SPDX-License-Identifier: MIT */
/*
 * Containers that run already when a supervisor starts: those of one that was killed are taken over,
 * what is left of dead ones is cleaned up. Runs once, before the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "init/health.h"
#include "init/sup.h"

/* Readable when the process has ended. It was not our child: its status may not be known. */
static void adopt_ended(struct event_source *s, uint32_t events)
{
	struct ctr *c = container_of(s, struct ctr, exit);

	(void)events;
	c->has_status = sys_pidfd_exit(c->pidfd, &c->status) == 0;
	if (!c->has_status) {
		c->rec.cause = STATE_CAUSE_UNKNOWN;
		c->rec.exit = 255;
	}
	event_remove(&c->sup->loop, &c->exit);
	sup_event(c, SUP_EXITED);
}

static void adopt_output(struct ctr *c)
{
	char path[PATHS_MAX], name[STATE_NAME + 8];
	struct err e = { 0 };
	int fd;

	snprintf(name, sizeof(name), "%s.fifo", c->spec->name);
	paths_of(path, paths.run, "logs", name);
	fd = reexec_output(c->sup, c->spec->name);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (output_open(c, &e) < 0)
		sup_say(c->spec->name, "its output is not kept: %s", e.msg);
	if (fd >= 0)
		output_watch(c, fd);
}

/* A zombie keeps its number and its start time. */
static bool adopt_has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void adopt_process(struct ctr *c, int pidfd)
{
	/* Of the binary before us in this process: still a child. */
	c->pidfd = pidfd;
	c->child = sup_resumed(c->sup);
	c->state = SUP_RUNNING;
	c->wanted = true;
	c->has_started = true;
	c->started = event_now();
	c->exit = (struct event_source){ .fd = pidfd, .ready = adopt_ended };
	if (c->child)
		c->exit.fd = -1;
	else
		event_add(&c->sup->loop, &c->exit, EPOLLIN);
	adopt_output(c);
}

static void adopt_running(struct ctr *c, int pidfd)
{
	adopt_process(c, pidfd);
	health_adopt(c);
	devlog_adopt(c);
	records_put(c, STATE_RUNNING);
	if (!c->child)
		sup_say(c->spec->name, "adopted, runs as process %u", c->rec.pid);
}

static bool adopt_comes_back(const struct ctr *c)
{
	return c->spec->restart != SPEC_RESTART_NO && !(c->rec.flags & STATE_FLAG_STOPPED);
}

/*
 * Its supervisor died while it started or stopped it. What may not have become a container, or may have
 * been told to end, is ended for good; what comes then is as of a dead one.
 */
static void adopt_undone(struct ctr *c, int pidfd)
{
	uint32_t stopped = c->rec.flags & STATE_FLAG_STOPPED;
	bool starting = c->rec.phase == STATE_STARTING;

	sup_say(c->spec->name, "found while it was being %s, is ended",
		starting ? "started" : "stopped");
	adopt_process(c, pidfd);
	if (starting)
		sup_kill(c, SIGKILL);
	sup_event(c, SUP_STOP);
	c->rec.flags = (c->rec.flags & ~(uint32_t)STATE_FLAG_STOPPED) | stopped;
	records_put(c, STATE_STOPPING);
	c->again = adopt_comes_back(c);
}

/* Killed with its supervisor, or ended while there was none: whether it starts again is its policy's. */
static void adopt_dead(struct ctr *c)
{
	launch_down_wait(c->spec->name, 1000, NULL);
	c->rec.cause = STATE_CAUSE_UNKNOWN;
	c->rec.exit = 255;
	c->rec.pid = 0;
	c->wanted = adopt_comes_back(c);
	records_put(c, STATE_EXITED);
}

void adopt_rest(struct ctr *c)
{
	c->wanted = c->rec.phase == STATE_WAITING || (c->rec.flags & STATE_FLAG_WANTED);
	if (c->rec.phase != STATE_WAITING)
		return;
	c->backoff = c->spec->restart_delay;
	for (uint32_t i = 1; i < c->rec.failures && c->backoff < c->spec->restart_delay_max; i++)
		c->backoff *= 2;
	c->backoff = min_u64(c->backoff, c->spec->restart_delay_max);
	c->ticking = true;
	c->state = SUP_WAITING;
	event_timer_set(&c->sup->loop, &c->timer, c->backoff);
}

/* It was left at rest: what ran runs, or ends as any child does, what waited goes on to wait. */
static bool adopt_on(struct ctr *c, int pidfd)
{
	if (c->rec.phase == STATE_RUNNING && pidfd >= 0) {
		adopt_running(c, pidfd);
		return true;
	}
	if (pidfd < 0)
		adopt_rest(c);
	return pidfd < 0;
}

static void adopt_by_phase(struct ctr *c, int pidfd)
{
	if (sup_resumed(c->sup) && adopt_on(c, pidfd))
		return;
	if (pidfd >= 0 && adopt_has_ended(pidfd))
		fd_close(&pidfd);
	if (pidfd < 0)
		adopt_dead(c);
	else if (c->rec.phase == STATE_RUNNING)
		adopt_running(c, pidfd);
	else
		adopt_undone(c, pidfd);
}

/* These end for good only when a person stops them; else their supervisor went down in order. */
static bool adopt_was_cut_short(const struct ctr *c)
{
	return c->rec.phase == STATE_EXITED && !c->sup->on_demand && adopt_comes_back(c) &&
	       c->spec->restart != SPEC_RESTART_ON_FAILURE;
}

/* As somebody has written it: what runs may be something that an update has made of it. */
static int adopt_load(const char *name, struct spec **spec, struct err *e)
{
	if (IS_ENABLED(CONFIG_UPDATE) && spec_load_kept(name, spec, NULL) == 0)
		return 0;
	return spec_load(name, spec, e);
}

static void adopt_one(struct sup *s, const struct state_record *r, uint32_t slot)
{
	bool ended = r->phase == STATE_EXITED || r->phase == STATE_FAILED ||
		     r->phase == STATE_CREATED;
	struct spec *spec = NULL;
	struct err e = { 0 };
	struct ctr *c;
	int pidfd = ended ? -ESRCH : sys_pidfd_of((pid_t)r->pid, r->ticks);

	if (adopt_load(r->name, &spec, &e) < 0) {
		/* The manifest will, and what it does not name is nobody's. */
		if (sup_resumed(s) && pidfd < 0 && (r->flags & STATE_FLAG_MANIFEST))
			return;
		/* Nothing describes it, so nothing can be done with it but to end it. */
		if (pidfd >= 0)
			sys_pidfd_signal(pidfd, SIGKILL);
		fd_end(pidfd);
		launch_down_wait(r->name, 1000, NULL);
		state_drop(&s->state, slot, r->name);
		return;
	}
	c = sup_add(s, spec, &e);
	if (!c) {
		sup_say(r->name, "%s", e.msg);
		spec_free(spec);
		fd_end(pidfd);
		return;
	}
	/* Of a `myctr run` that was killed: it is ours now. */
	c->rec.flags &= ~(uint32_t)STATE_FLAG_FOREGROUND;
	if (!ended)
		adopt_by_phase(c, pidfd);
	else if (sup_resumed(s))
		adopt_rest(c);
	else
		c->wanted = adopt_was_cut_short(c);
}

static bool adopt_is_foreign(const struct state_record *r)
{
	int owner;

	if (!(r->flags & STATE_FLAG_FOREGROUND))
		return false;
	owner = sys_pidfd_of((pid_t)r->owner, r->owner_ticks);
	if (owner < 0)
		return r->phase == STATE_EXITED || r->phase == STATE_FAILED;
	close(owner);
	return true;
}

/* One that `run` made before this boot: known again, and up again if its policy says so. */
static void adopt_kept(struct sup *s, const char *name)
{
	struct spec *spec = NULL;
	struct err e = { 0 };
	struct ctr *c;

	/* A record is of this boot: of ours already, or of a `run` in somebody's terminal. */
	if (sup_find(s, name) || state_find(&s->state, STATE_CONTAINER, name, NULL) >= 0 ||
	    spec_load_kept(name, &spec, &e) < 0)
		return;
	c = sup_add(s, spec, &e);
	if (!c) {
		sup_say(name, "%s", e.msg);
		spec_free(spec);
		return;
	}
	c->wanted = !s->on_demand && (spec->restart == SPEC_RESTART_ALWAYS ||
				      (spec->restart == SPEC_RESTART_UNLESS_STOPPED &&
				       !(c->rec.flags & STATE_FLAG_STOPPED)));
	records_put(c, STATE_CREATED);
}

static void adopt_all_kept(struct sup *s)
{
	char path[PATHS_MAX];
	AUTO_DIR DIR *d = NULL;
	struct dirent *entry;

	paths_of(path, paths.data, "containers", NULL);
	d = opendir(path);
	while (d && (entry = readdir(d)) != NULL)
		if (path_is_name(entry->d_name) && spec_is_kept(entry->d_name))
			adopt_kept(s, entry->d_name);
}

void adopt_all(struct sup *s)
{
	struct state_record r;

	uint32_t n = state_slots(&s->state);

	for (uint32_t i = 0; i < n; i++)
		if (state_get(&s->state, i, &r) >= 0 && r.kind == STATE_CONTAINER &&
		    !adopt_is_foreign(&r))
			adopt_one(s, &r, i);
	adopt_all_kept(s);
}

bool adopt_knows(struct sup *s, const char *name)
{
	return sup_resumed(s) && state_find(&s->state, STATE_CONTAINER, name, NULL) >= 0;
}
