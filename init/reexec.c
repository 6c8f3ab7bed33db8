/* SPDX-License-Identifier: MIT */
/*
 * Replacing the supervisor's binary while every container runs on: `myctr reexec`. The process stays, so the
 * containers stay its children; the state file tells the new binary of them, and what it needs to hold without a
 * gap is inherited: the lock, the control socket, the ends of outputs, the asker's connection. A memfd of lines
 * "WORD NUMBER [NAME]" says which is which; MYCTR_REEXEC in the environment is its number. Waits for a moment when
 * nothing is being started or stopped. Must never lose anything when execve(2) fails: then all is as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/ctl.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "core/self.h"
#include "core/rootless.h"
#include "init/sup.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif
#define REEXEC_CALM_MS 10000 /* for what is being started or stopped to be done */
#define REEXEC_MAX (1 << 20)

/* What came from the binary before, or, while path is set, what is about to go to the next one. */
struct reexec {
	struct sup *sup;
	char *path;
	struct event_timer timer;
	char *lines; /* those not taken yet */
	int client;
};

/* ---- before --------------------------------------------------------------------------------- */

static struct sup_client *reexec_client(struct sup *s)
{
	for (unsigned int i = 0; i < SUP_CLIENTS; i++)
		if (s->clients[i].source.fd >= 0 && s->clients[i].op == CTL_REEXEC)
			return &s->clients[i];
	return NULL;
}

static void reexec_stop(struct sup *s, const struct err *e)
{
	struct sup_client *cl = reexec_client(s);

	event_timer_clear(&s->loop, &s->reexec->timer);
	free(s->reexec->path);
	s->reexec->path = NULL;
	s->dirty = true;
	sup_say(NULL, "%s", e->msg);
	if (cl)
		control_reply(cl, e, 0);
}

static void reexec_too_long(struct event_timer *t)
{
	struct reexec *x = container_of(t, struct reexec, timer);
	struct err e = { 0 };

	err_set(&e, EBUSY, "reexec: something is still being started or stopped; try again later");
	reexec_stop(x->sup, &e);
}

/* Nobody is between two states, and nobody waits for an answer that the next binary would not know of. */
static bool reexec_is_calm(const struct sup *s)
{
	for (const struct ctr *c = s->ctrs; c; c = c->next)
		if (c->launcher || c->report.fd >= 0 ||
		    (c->state != SUP_IDLE && c->state != SUP_RUNNING && c->state != SUP_WAITING))
			return false;
	for (unsigned int i = 0; i < SUP_CLIENTS; i++)
		if (s->clients[i].source.fd >= 0 && s->clients[i].waits)
			return false;
	return !s->sweeper;
}

static void reexec_keep(struct out *o, const char *word, int fd, const char *name)
{
	if (fd < 0)
		return;
	out_printf(o, "%s %d %s\n", word, fd, name);
	fcntl(fd, F_SETFD, 0);
}

static void reexec_write(struct sup *s, struct out *o)
{
	struct sup_client *cl = reexec_client(s);

	reexec_keep(o, "lock", s->lock, "");
	reexec_keep(o, "ctl", s->ctl.fd, "");
	if (cl)
		reexec_keep(o, "client", cl->source.fd, "");
	if (s->console > 0)
		out_printf(o, "console %d \n", (int)s->console);
	for (struct ctr *c = s->ctrs; c; c = c->next)
		reexec_keep(o, "output", c->output.fd, c->spec->name);
}

/* Everything that was made to outlive the call is as it was. */
static void reexec_undo(struct sup *s)
{
	struct sup_client *cl = reexec_client(s);

	fcntl(s->lock, F_SETFD, FD_CLOEXEC);
	fcntl(s->ctl.fd, F_SETFD, FD_CLOEXEC);
	if (cl)
		fcntl(cl->source.fd, F_SETFD, FD_CLOEXEC);
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->output.fd >= 0)
			fcntl(c->output.fd, F_SETFD, FD_CLOEXEC);
	unsetenv(REEXEC_ENV);
}

static int reexec_now(struct sup *s, struct err *e)
{
	AUTO_FREE char **argv = NULL;
	AUTO_FREE char *line = NULL;
	AUTO_FD int fd = sys_memfd("reexec", false);
	struct out o = OUT(fd);
	char number[16];
	int r;

	if (fd < 0)
		return err_sys(e, fd, "reexec: memfd");
	argv = self_argv(&line);
	if (!argv)
		return err_set(e, ENOMEM, "reexec: out of memory");
	reexec_write(s, &o);
	fcntl(fd, F_SETFD, 0);
	str_format(number, sizeof(number), "%d", fd);
	r = out_flush(&o);
	if (r == 0 && setenv(REEXEC_ENV, number, 1) < 0)
		r = -ENOMEM;
	if (r == 0) {
		execve(s->reexec->path, argv, environ);
		r = -errno;
	}
	reexec_undo(s);
	return err_sys(e, r, "reexec: %s: cannot be executed, all goes on as before",
		       s->reexec->path);
}

bool reexec_turn(struct sup *s)
{
	struct err e = { 0 };

	if (!s->reexec || !s->reexec->path)
		return false;
	if (s->going_down) {
		err_set(&e, ESHUTDOWN, "reexec: the device is going down");
		reexec_stop(s, &e);
		return false;
	}
	if (reexec_is_calm(s) && reexec_now(s, &e) < 0)
		reexec_stop(s, &e);
	return true;
}

int reexec_request(struct sup *s, const struct ctl_request *r, struct err *e)
{
	/* It would come up outside of the user namespace that its containers know. */
	if (rootless_active())
		return err_set(
			e, ENOTSUP,
			"reexec: not for a user's supervisor; restart it, its containers go on");
	if (!s->reexec)
		s->reexec = calloc(1, sizeof(*s->reexec));
	if (!s->reexec)
		return err_set(e, ENOMEM, "reexec: out of memory");
	if (s->reexec->path)
		return err_set(e, EBUSY, "reexec: is under way already");
	if (!r->len || r->payload[0] != '/' || memchr(r->payload, '\0', r->len))
		return err_set(e, EINVAL, "reexec: not an absolute path");
	s->reexec->path = strndup((const char *)r->payload, r->len);
	if (!s->reexec->path)
		return err_set(e, ENOMEM, "reexec: out of memory");
	s->reexec->sup = s;
	s->reexec->timer.expired = reexec_too_long;
	event_timer_set(&s->loop, &s->reexec->timer, REEXEC_CALM_MS);
	s->dirty = true;
	return 1;
}

/* ---- after ---------------------------------------------------------------------------------- */

/* The number of the line of this word and name, which is used up; -1. */
static int reexec_take(struct sup *s, const char *word, const char *name)
{
	char want[STATE_NAME + 16];
	size_t n = strlen(word);

	for (char *p = s->reexec ? s->reexec->lines : NULL; p && *p; p += strcspn(p, "\n") + 1) {
		char *end;
		long number;

		if (strncmp(p, word, n) != 0 || p[n] != ' ')
			continue;
		number = strtol(p + n, &end, 10);
		str_format(want, sizeof(want), " %s\n", name);
		if (strncmp(end, want, strlen(want)) != 0)
			continue;
		*p = '-';
		return (int)number;
	}
	return -1;
}

static int reexec_take_fd(struct sup *s, const char *word, const char *name)
{
	int fd = reexec_take(s, word, name);

	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

void reexec_open(struct sup *s)
{
	const char *text = getenv(REEXEC_ENV);
	AUTO_FD int fd = text ? (int)strtol(text, NULL, 10) : -1;
	char *lines = NULL;
	size_t used = 0;
	off_t len = fd < 3 ? -1 : lseek(fd, 0, SEEK_END);

	unsetenv(REEXEC_ENV);
	if (fd >= 0 && fd < 3)
		fd = -1; /* not ours to close */
	if (len < 0 || len > REEXEC_MAX || fcntl(fd, F_GET_SEALS) < 0)
		return;
	lines = calloc(1, (size_t)len + 2);
	s->reexec = calloc(1, sizeof(*s->reexec));
	if (!lines || !s->reexec) {
		free(lines);
		return;
	}
	while (used < (size_t)len) {
		ssize_t n = pread(fd, lines + used, (size_t)len - used, (off_t)used);

		if (n <= 0)
			break;
		used += (size_t)n;
	}
	s->resumed = true;
	s->reexec->lines = lines;
	s->reexec->client = reexec_take_fd(s, "client", "");
	s->lock = reexec_take_fd(s, "lock", "");
	s->ctl.fd = reexec_take_fd(s, "ctl", "");
	s->console = reexec_take(s, "console", "");
	if (s->console < 0)
		s->console = 0;
}

int reexec_output(struct sup *s, const char *name)
{
	return reexec_take_fd(s, "output", name);
}

void reexec_done(struct sup *s)
{
	uint8_t buf[CTL_REPLY];

	if (!s->resumed)
		return;
	/* Who has ended meanwhile may have been told of before there was anybody to hear it. */
	reap_children(s);
	if (s->reexec->client >= 0) {
		ctl_encode_reply(NULL, 0, buf);
		send(s->reexec->client, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
		fd_close(&s->reexec->client);
	}
	free(s->reexec->lines);
	s->reexec->lines = NULL;
	s->resumed = false;
	sup_say(NULL, "runs from another binary now");
}
