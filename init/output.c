/* SPDX-License-Identifier: MIT */
/*
 * A container's output: from its FIFO (or terminal) to its log.
 *
 * The FIFO has a name in <run>/logs and the container holds it open for reading and writing, so
 * that what fits a pipe is kept while no supervisor is there, and nobody dies of SIGPIPE. Each turn
 * takes a bounded amount, so a flood cannot keep the loop from its other work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/log.h"
#include "core/paths.h"
#include "init/sup.h"

#define OUTPUT_CHUNK 4096
#define OUTPUT_CHUNKS 8 /* per turn and container */

static void output_path(const struct ctr *c, char path[PATHS_MAX])
{
	char name[STATE_NAME + 8];

	snprintf(name, sizeof(name), "%s.fifo", c->spec->name);
	paths_of(path, paths.run, "logs", name);
}

void output_put(struct ctr *c, const char *bytes, size_t len)
{
	uint64_t ms = stamp_now();

	for (struct log *l = len ? c->log : NULL; l; l = l->next)
		budget_write(c, l, ms, bytes, len);
}

/* Returns bytes taken, 0 at the end, -EAGAIN when there is nothing now. */
static ssize_t output_take(struct ctr *c)
{
	char buf[OUTPUT_CHUNK];
	ssize_t n = read(c->output.fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 ? -errno : 0;
	output_put(c, buf, (size_t)n);
	return n;
}

static void output_ready(struct event_source *s, uint32_t events)
{
	struct ctr *c = container_of(s, struct ctr, output);
	ssize_t n = 1;

	for (int i = 0; i < OUTPUT_CHUNKS && n > 0; i++)
		n = output_take(c);
	/* The far end is gone (a terminal says EIO): what follows is its exit. */
	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR) ||
	    (n == -EAGAIN && (events & EPOLLHUP)))
		fd_end(event_remove(&c->sup->loop, &c->output));
}

static struct log *output_sender(struct ctr *c)
{
	struct log *l = IS_ENABLED(CONFIG_LOG_SENT) ? c->log : NULL;

	while (l && !l->driver->ready)
		l = l->next;
	return l;
}

static void output_send(struct event_source *s, uint32_t events)
{
	struct log *l = output_sender(container_of(s, struct ctr, sender));

	(void)events;
	if (l)
		l->driver->ready(l);
}

int output_open(struct ctr *c, struct err *e)
{
	struct log *l;
	int r;

	if (c->log)
		return 0;
	r = log_open(c->spec, &c->log, e);
	l = output_sender(c);
	if (!l)
		return r;
	c->sender = (struct event_source){ .fd = l->wait, .ready = output_send };
	if (event_add(&c->sup->loop, &c->sender, EPOLLIN) < 0)
		c->sender.fd = -1;
	return r;
}

int output_watch(struct ctr *c, int fd)
{
	if (c->output.fd >= 0)
		fd_end(event_remove(&c->sup->loop, &c->output));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	c->output = (struct event_source){ .fd = fd, .ready = output_ready };
	return event_add(&c->sup->loop, &c->output, EPOLLIN);
}

int output_fifo(struct ctr *c)
{
	struct err e = { 0 };
	char path[PATHS_MAX];
	AUTO_FD int theirs = -1;
	int mine, r;

	/* A log that cannot be kept does not stop the container; its output is then dropped. */
	if (output_open(c, &e) < 0)
		sup_say(c->spec->name, "its output is not kept: %s", e.msg);
	output_path(c, path);
	unlink(path);
	if (mkfifo(path, 0600) < 0)
		return -errno;
	mine = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	theirs = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (mine < 0 || theirs < 0) {
		r = -errno;
		fd_end(mine);
		return r;
	}
	r = output_watch(c, mine);
	return r < 0 ? r : fd_take(&theirs);
}

/* Bounded: a process that outlives the container's first one may still be writing. */
void output_close(struct ctr *c)
{
	char path[PATHS_MAX];

	for (int i = 0; c->output.fd >= 0 && i < 64; i++)
		if (output_take(c) <= 0)
			break;
	if (c->output.fd >= 0)
		fd_end(event_remove(&c->sup->loop, &c->output));
	if (output_sender(c) && c->sender.fd >= 0)
		event_remove(&c->sup->loop, &c->sender);
	devlog_close(c);
	budget_close(c);
	log_close(c->log);
	c->log = NULL;
	output_path(c, path);
	unlink(path);
}
