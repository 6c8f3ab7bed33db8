/* SPDX-License-Identifier: MIT */
/*
 * The launcher: a short-lived child of the supervisor that starts one container and exits.
 *
 * It may block and it may crash; neither reaches the supervisor. The container is cloned with
 * CLONE_PARENT and so becomes the supervisor's own child. Its pid is in the state file and in the
 * report before it may execute anything, so it is known whoever dies when.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/launch.h"
#include "core/lib/fd.h"
#include "core/lib/sys.h"
#include "core/spawn.h"
#include "core/update.h"
#include "init/health.h"
#include "init/sup.h"

/* What the launcher process knows, from the fork on. */
struct launcher {
	struct launch launch; /* first: the callback gets a pointer to it */
	struct ctr *ctr;
	int report;
};

static void launcher_cloned(struct launch *l)
{
	struct launcher *me = container_of(l, struct launcher, launch);
	struct spawn_msg m = { .phase = SPAWN_PID, .pid = l->pid };
	struct ctr *c = me->ctr;

	c->rec.pid = (uint32_t)l->pid;
	if (IS_ENABLED(CONFIG_STATE))
		sys_start_time(l->pid, &c->rec.ticks);
	c->rec.flags &= ~(uint32_t)STATE_FLAG_DAMAGED;
	records_put(c, STATE_STARTING);
	spawn_send(me->report, &m, -1);
}

/* What the next start can use goes to the supervisor; who has failed keeps nothing. */
static void launcher_keep(const struct launch *l, int report)
{
	struct spawn_msg m = { .phase = SPAWN_KEEP, .key = l->keep.key };

	if (!IS_ENABLED(CONFIG_KEEP_MOUNTS) || l->keep.ns < 0)
		return;
	spawn_send(report, &m, l->keep.ns);
	m.phase = SPAWN_TREE;
	spawn_send(report, &m, l->image.tree);
}

static bool launcher_wants_keep(const struct ctr *c)
{
	const unsigned int most = CONFIG_KEEP_MOUNTS_MAX;
	unsigned int n = 0;

	if (!IS_ENABLED(CONFIG_KEEP_MOUNTS) || !c->ran)
		return false;
	for (const struct ctr *o = c->sup->ctrs; o; o = o->next)
		n += o->mounts.ns >= 0;
	return n < most;
}

static NORETURN void launcher_main(struct ctr *c, pid_t supervisor, int report, int output,
				   int netns)
{
	struct launcher me = { .ctr = c, .report = report };
	struct spawn_msg m = { .phase = SPAWN_DONE };
	struct launch *l = &me.launch;
	struct spec *updated = NULL;
	int r = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that: what nobody waits for must not come up. */
	if (getppid() != supervisor)
		_exit(0);
	if (IS_ENABLED(CONFIG_UPDATE))
		r = update_apply(c->spec, &updated, &m.err);
	launch_init(l, updated ? updated : c->spec);
	l->stdio[1] = l->stdio[2] = output;
	l->as_sibling = true;
	l->netns = netns;
	l->keep = c->mounts;
	l->wants_keep = launcher_wants_keep(c);
	l->ignored = c->sup->ignored;
	l->manifest = c->sup->on_demand ? NULL : &c->sup->manifest;
	l->transient = c->rec.flags & STATE_FLAG_RM;
	l->cloned = launcher_cloned;
	if (r >= 0)
		r = launch_up(l, &m.err);
	m.pid = l->pid;
	m.missing = l->missing;
	if (IS_ENABLED(CONFIG_HEALTH))
		m.health = l->spec->health.n;
	if (r >= 0 && IS_ENABLED(CONFIG_HEALTH) && l->notify >= 0)
		spawn_send(report, &(struct spawn_msg){ .phase = SPAWN_NOTIFY }, l->notify);
	if (r >= 0 && IS_ENABLED(CONFIG_LOG_DEV) && l->dev_log >= 0)
		spawn_send(report, &(struct spawn_msg){ .phase = SPAWN_DEV_LOG }, l->dev_log);
	if (r < 0) {
		m.phase = SPAWN_FAILED;
		m.exit = (uint32_t)l->exit;
	} else {
		launcher_keep(l, report);
	}
	spawn_send(report, &m, l->master);
	_exit(0);
}

static void launcher_ready(struct event_source *s, uint32_t events)
{
	(void)events;
	launcher_report(container_of(s, struct ctr, report));
}

static void launcher_unwatch(struct ctr *c)
{
	fd_end(event_remove(&c->sup->loop, &c->report));
}

static int launcher_fork(struct ctr *c, int report, int output)
{
	AUTO_FD int netns = pool_take(c->sup, c->spec);
	pid_t pid, me = getpid();

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(c->report.fd);
		launcher_main(c, me, report, output, netns);
	}
	/* It is the launcher's now: what it finds to be out of date is to be gone before it goes on. */
	keep_drop(&c->mounts);
	c->launcher = pid;
	c->child = true;
	return 0;
}

/* Watched before there is one: a launcher that nobody listens to could not be ended. */
int launcher_start(struct ctr *c)
{
	AUTO_FD int output = output_fifo(c);
	AUTO_FD int report = -1;
	int pair[2], r;

	if (output < 0)
		return output;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	report = pair[1];
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	c->report = (struct event_source){ .fd = pair[0], .ready = launcher_ready };
	r = event_add(&c->sup->loop, &c->report, EPOLLIN);
	if (r == 0)
		r = launcher_fork(c, report, output);
	if (r < 0)
		launcher_unwatch(c);
	return r;
}

static void launcher_born(struct ctr *c, pid_t pid)
{
	siginfo_t info;

	if (c->rec.pid == (uint32_t)pid && c->pidfd >= 0)
		return;
	c->rec.pid = (uint32_t)pid;
	/* Killed and reaped before it was known: the number may be somebody else's by now. */
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 &&
	    errno == ECHILD) {
		c->has_status = true;
		c->status = SIGKILL;
		return;
	}
	if (IS_ENABLED(CONFIG_STATE))
		sys_start_time(pid, &c->rec.ticks);
	c->pidfd = sys_pidfd_open(pid);
}

static void launcher_kept(struct ctr *c, const struct spawn_msg *m, int *fd)
{
	struct keep *k = &c->mounts;

	if (c->sup->going_down)
		return;
	fd_close(m->phase == SPAWN_KEEP ? &k->ns : &k->tree);
	if (m->phase == SPAWN_TREE) {
		k->tree = fd_take(fd);
		return;
	}
	k->ns = fd_take(fd);
	k->key = m->key;
}

static void launcher_end(struct ctr *c, enum sup_event event)
{
	launcher_unwatch(c);
	sup_event(c, event);
}

/* Takes all that has been said; called also before children are reaped, so that a pid is known by then. */
void launcher_report(struct ctr *c)
{
	struct spawn_msg m;
	int fd, r;

	while (c->report.fd >= 0 && (r = spawn_receive(c->report.fd, &m, &fd)) != -EAGAIN) {
		if (r <= 0) {
			err_set(&c->error, EIO, "its launcher ended without a word");
			launcher_end(c, SUP_FAILED);
			return;
		}
		if (m.phase == SPAWN_PID) {
			launcher_born(c, m.pid);
		} else if (m.phase == SPAWN_KEEP || m.phase == SPAWN_TREE) {
			if (IS_ENABLED(CONFIG_KEEP_MOUNTS))
				launcher_kept(c, &m, &fd);
		} else if (m.phase == SPAWN_DONE) {
			c->rec.missing = m.missing;
			if (IS_ENABLED(CONFIG_HEALTH))
				c->has_health = m.health;
			if (fd >= 0)
				output_watch(c, fd_take(&fd));
			launcher_end(c, SUP_STARTED);
		} else if (IS_ENABLED(CONFIG_HEALTH) && m.phase == SPAWN_NOTIFY) {
			health_socket(c, fd_take(&fd));
		} else if (IS_ENABLED(CONFIG_LOG_DEV) && m.phase == SPAWN_DEV_LOG) {
			devlog_socket(c, fd_take(&fd));
		} else {
			c->error = m.err;
			launcher_end(c, SUP_FAILED);
		}
		fd_end(fd);
	}
}
