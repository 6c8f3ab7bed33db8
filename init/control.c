/* SPDX-License-Identifier: MIT */
/*
 * Requests of the CLI, over <run>/ctl. A fixed table of clients: more wait in the socket's queue. A client
 * that asks for something which takes time is answered when its container has settled; one that is
 * slow, wrong or gone costs its slot at most, and one that has not said what it wants gives way to the
 * next. The peer's uid must be ours or root's.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/ctl.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "init/sup.h"

#define CONTROL_PATIENCE_MS 2000 /* from a connection to its request */

static void control_accept_more(struct sup *s)
{
	if (s->ctl.fd >= 0)
		event_change(&s->loop, &s->ctl, EPOLLIN);
}

static void control_close(struct sup_client *cl)
{
	struct sup *s = cl->sup;

	fd_end(event_remove(&s->loop, &cl->source));
	event_timer_clear(&s->loop, &cl->timer);
	cl->waits = NULL;
	s->dirty = true;
	control_accept_more(s);
}

void control_reply(struct sup_client *cl, const struct err *e, uint32_t value)
{
	uint8_t buf[CTL_REPLY];

	ctl_encode_reply(e, value, buf);
	send(cl->source.fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
	control_close(cl);
}

static bool control_is_up(const struct ctr *c)
{
	return c->state == SUP_RUNNING || c->state == SUP_WAITING ||
	       (c->state == SUP_IDLE && c->has_started);
}

/* Called after every event of c. */
/* It may wait for ever for something of the device, but nobody waits with it. */
static void control_waits(struct sup_client *cl, const struct ctr *c)
{
	struct err e = { 0 };

	err_set(&e, EAGAIN, "%s: it starts by itself when this holds: %s", c->spec->name,
		c->rec.reason);
	control_reply(cl, &e, 0);
}

void control_answer(struct sup *s, struct ctr *c)
{
	static const struct err stopped = { ECANCELED, "it was stopped before it was up" };

	for (unsigned int i = 0; i < SUP_CLIENTS; i++) {
		struct sup_client *cl = &s->clients[i];
		bool starting = cl->op == CTL_START || cl->op == CTL_RUN || cl->op == CTL_RESTART;

		/* rm is answered when nothing of it is left, see control_forget() */
		if (cl->source.fd < 0 || cl->waits != c || cl->op == CTL_RM)
			continue;
		if (starting && c->error.code && c->state != SUP_STARTING)
			control_reply(cl, &c->error, c->rec.exit);
		else if (starting && sup_settled(c) && !c->has_started)
			control_reply(cl, &stopped, 0);
		else if (IS_ENABLED(CONFIG_WHEN) && starting && c->rec.reason[0])
			control_waits(cl, c);
		/* One that was told to stop may be wanted by somebody else by now; it has been down. */
		else if (starting ? control_is_up(c) && !c->again
				  : sup_settled(c) || (cl->op == CTL_STOP && c->wanted &&
						       c->state <= SUP_RUNNING))
			control_reply(cl, NULL, c->rec.pid);
	}
}

void control_forget(struct sup *s, const struct ctr *c)
{
	for (unsigned int i = 0; i < SUP_CLIENTS; i++) {
		struct sup_client *cl = &s->clients[i];

		if (cl->source.fd < 0 || cl->waits != c)
			continue;
		if (cl->op == CTL_RM)
			control_reply(cl, NULL, 0);
		else
			control_close(cl);
	}
}

static int control_wait(struct sup_client *cl, struct ctr *c)
{
	cl->waits = c;
	return 1;
}

static int control_start(struct sup_client *cl, const struct ctl_request *r, struct err *e)
{
	struct ctr *c = sup_find(cl->sup, r->name);
	struct spec *spec = NULL;

	if (!c) {
		int code = spec_load_kept(r->name, &spec, e);

		if (code == -ENOENT)
			return err_set(e, ENOENT, "%s: no such container", r->name);
		if (code < 0)
			return code;
		c = sup_add(cl->sup, spec, e);
		if (!c) {
			spec_free(spec);
			return -e->code;
		}
	}
	if (c->state == SUP_RUNNING && c->wanted)
		return 0;
	c->wanted = true;
	c->error.code = 0;
	c->has_started = c->state == SUP_RUNNING;
	cl->sup->dirty = true;
	if (c->state != SUP_IDLE)
		sup_event(c, SUP_START);
	return control_wait(cl, c);
}

static int control_run(struct sup_client *cl, const struct ctl_request *r, struct err *e)
{
	struct spec *spec = NULL;
	struct ctr *c;
	int code = spec_decode(r->payload, r->len, &spec, e);

	if (code < 0)
		return code;
	/* What was not written is not in the message. */
	code = spec_finish(spec, e);
	if (code < 0) {
		spec_free(spec);
		return code;
	}
	if (sup_find(cl->sup, spec->name) || spec_is_kept(spec->name)) {
		code = err_set(
			e, EEXIST,
			"there is a container of this name; remove it first with: myctr rm %s",
			spec->name);
		spec_free(spec);
		return code;
	}
	c = sup_add(cl->sup, spec, e);
	if (!c) {
		spec_free(spec);
		return -e->code;
	}
	if (r->flags & CTL_RM_FLAG)
		c->rec.flags |= STATE_FLAG_RM;
	else if (spec_store_keep(spec, e) < 0) {
		sup_remove(c);
		return -e->code;
	}
	c->wanted = true;
	cl->sup->dirty = true;
	return control_wait(cl, c);
}

static int control_stop(struct sup_client *cl, struct ctr *c, const struct ctl_request *r)
{
	if (sup_settled(c))
		return 0;
	control_wait(cl, c);
	sup_event(c, SUP_STOP);
	if (r->value != CTL_NO_TIMEOUT && (c->state == SUP_STOPPING || c->state == SUP_STARTING))
		event_timer_set(&cl->sup->loop, &c->timer, r->value);
	return 1;
}

static int control_restart(struct sup_client *cl, struct ctr *c, const struct ctl_request *r)
{
	if (c->state == SUP_IDLE || c->state == SUP_WAITING) {
		c->has_started = false;
		c->error.code = 0;
		c->wanted = true;
		control_wait(cl, c);
		sup_event(c, SUP_START);
		return 1;
	}
	control_stop(cl, c, r);
	sup_again(c);
	c->has_started = false;
	return control_wait(cl, c);
}

static int control_kill(struct ctr *c, const struct ctl_request *r, struct err *e)
{
	if (c->state != SUP_RUNNING && c->state != SUP_STOPPING)
		return err_set(e, ESRCH, "%s: is not running", r->name);
	if (r->value < 1 || r->value > 64)
		return err_set(e, EINVAL, "%u: not a signal", r->value);
	/* A first process of a PID namespace can only be ended, not signalled, by an unhandled signal. */
	if (r->value == SIGKILL)
		sup_kill(c, SIGKILL);
	else if (c->pidfd >= 0)
		return sup_kill(c, (int)r->value), 0;
	return 0;
}

static int control_rm(struct sup_client *cl, struct ctr *c, const struct ctl_request *r,
		      struct err *e)
{
	if (c->rec.flags & STATE_FLAG_MANIFEST)
		return err_set(e, EBUSY,
			       "%s: is in the manifest; take it out there and run: myctr reload",
			       r->name);
	if (!sup_settled(c) && !(r->flags & CTL_FORCE))
		return err_set(e, EBUSY, "%s: is running; stop it first, or use rm -f", r->name);
	c->gone = true;
	c->keep = false;
	cl->sup->dirty = true;
	control_wait(cl, c);
	if (sup_settled(c))
		return 1;
	sup_event(c, SUP_STOP);
	if (c->state == SUP_STOPPING)
		event_timer_set(&cl->sup->loop, &c->timer, 0);
	return 1;
}

static int control_down(struct sup *s, const struct ctl_request *r, struct err *e)
{
	if (r->value > CTL_EXIT)
		return err_set(e, EINVAL, "unknown way to go down");
	if (!s->is_init && r->value != CTL_EXIT)
		return err_set(e, EPERM,
			       "myctr is not the init of this machine; use its own init's command");
	if (s->is_init && r->value == CTL_EXIT)
		return err_set(e, EPERM, "the init cannot exit; use poweroff or reboot");
	sup_go_down(s, (int)r->value);
	return 0;
}

/* 0: answer success now; 1: answered later; negative: answer e now. */
static int control_do(struct sup_client *cl, const struct ctl_request *r, struct err *e)
{
	struct ctr *c = sup_find(cl->sup, r->name);

	switch (r->op) {
	case CTL_PING:
		return 0;
	case CTL_RELOAD:
		return sup_reload(cl->sup, e);
	case CTL_DOWN:
		return control_down(cl->sup, r, e);
	default:
		break;
	}
	if (cl->sup->going_down)
		return err_set(e, ESHUTDOWN, "the device is going down");
	if (r->op == CTL_RUN)
		return IS_ENABLED(CONFIG_CMD_RUN) ? control_run(cl, r, e)
						  : err_set(e, ENOTSUP, "run: not in this build");
	if (IS_ENABLED(CONFIG_REEXEC) && r->op == CTL_REEXEC)
		return reexec_request(cl->sup, r, e);
	if (IS_ENABLED(CONFIG_UPDATE) && r->op == CTL_UPDATE)
		return update_request(cl->sup, r, e);
	if (IS_ENABLED(CONFIG_UPDATE) && r->op == CTL_ROLLBACK)
		return update_rollback(cl->sup, r, e);
	if (c && c->gone && (r->op == CTL_START || r->op == CTL_RESTART))
		return err_set(e, EBUSY, "%s: is being removed", r->name);
	if (r->op == CTL_START)
		return control_start(cl, r, e);
	if (!c)
		return err_set(e, ENOENT, "%s: no such container", r->name);
	switch (r->op) {
	case CTL_STOP:
		return control_stop(cl, c, r);
	case CTL_RESTART:
		return control_restart(cl, c, r);
	case CTL_KILL:
		return control_kill(c, r, e);
	case CTL_RM:
		return control_rm(cl, c, r, e);
	default:
		return err_set(e, ENOTSUP, "not in this build");
	}
}

static bool control_trusts(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

static void control_request(struct event_source *source, uint32_t events)
{
	struct sup_client *cl = container_of(source, struct sup_client, source);
	static uint8_t buf[CTL_MAX];
	struct ctl_request r;
	struct err e = { 0 };
	ssize_t n = recv(source->fd, buf, sizeof(buf), MSG_DONTWAIT);
	int code;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Gone, or talking while it should wait for its answer. */
	if (n <= 0 || cl->waits) {
		control_close(cl);
		return;
	}
	event_timer_clear(&cl->sup->loop, &cl->timer);
	code = ctl_decode_request(buf, (size_t)n, &r);
	if (code < 0)
		err_set(&e, code, "request refused: %s",
			code == -EPROTONOSUPPORT ? "another protocol version" : "malformed");
	if (code == 0) {
		cl->op = (uint16_t)r.op; /* an answer may be due before control_do() returns */
		code = control_do(cl, &r, &e);
	}
	if (code <= 0 && cl->source.fd >= 0)
		control_reply(cl, code < 0 ? &e : NULL, 0);
}

static void control_impatient(struct event_timer *t)
{
	control_close(container_of(t, struct sup_client, timer));
}

/* A free place, or that of the one which has been silent for longest; NULL when all wait for an answer. */
static struct sup_client *control_place(struct sup *s)
{
	struct sup_client *oldest = NULL;

	for (unsigned int i = 0; i < SUP_CLIENTS; i++) {
		struct sup_client *cl = &s->clients[i];

		if (cl->source.fd < 0)
			return cl;
		if (cl->timer.at && (!oldest || cl->timer.at < oldest->timer.at))
			oldest = cl;
	}
	if (oldest)
		control_close(oldest);
	return oldest;
}

static void control_accept(struct event_source *source, uint32_t events)
{
	struct sup *s = container_of(source, struct sup, ctl);
	struct sup_client *cl = control_place(s);
	int fd;

	(void)events;
	if (!cl) {
		event_change(&s->loop, &s->ctl, 0); /* until a slot is free */
		return;
	}
	fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (!control_trusts(fd)) {
		close(fd);
		return;
	}
	*cl = (struct sup_client){ .source = { .fd = fd, .ready = control_request },
				   .sup = s,
				   .timer.expired = control_impatient,
				   .op = CTL_PING };
	event_add(&s->loop, &cl->source, EPOLLIN);
	event_timer_set(&s->loop, &cl->timer, CONTROL_PATIENCE_MS);
	s->dirty = true;
	/* Who has been waiting in the queue has mostly spoken by now, and must not give way to the next. */
	control_request(&cl->source, EPOLLIN);
}

int control_open(struct sup *s, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char path[PATHS_MAX];
	AUTO_FD int fd = -1;
	mode_t old;
	int r;

	_Static_assert(sizeof(a.sun_path) > sizeof(paths.run) + sizeof("ctl"), "no room for it");
	if (sup_resumed(s) && s->ctl.fd >= 0) {
		s->ctl.ready = control_accept;
		return event_add(&s->loop, &s->ctl, EPOLLIN);
	}
	paths_of(path, paths.run, "ctl", NULL);
	str_copy(a.sun_path, sizeof(a.sun_path), path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, errno, "control socket");
	unlink(path);
	old = umask(0177);
	r = bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ? -errno : 0;
	umask(old);
	if (r < 0)
		return err_sys(e, r, "%s", path);
	s->ctl = (struct event_source){ .fd = fd_take(&fd), .ready = control_accept };
	return event_add(&s->loop, &s->ctl, EPOLLIN);
}

void control_close_socket(void)
{
	char path[PATHS_MAX];

	paths_of(path, paths.run, "ctl", NULL);
	unlink(path);
}
