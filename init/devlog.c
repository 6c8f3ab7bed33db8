// SPDX-License-Identifier: MIT
/*
 * /dev/log of containers that ask for it: what their programs send there goes to their log, as what they print
 * does. The socket is made inside, by core/child_notify.c, and comes with the launcher's report. Runs in
 * the supervisor. Each turn takes a bounded amount; who sends faster waits.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/devlog.h"
#include "core/lib/fd.h"
#include "init/health.h"
#include "init/sup.h"

#define DEVLOG_TURN 32 /* messages */

static void devlog_ready(struct event_source *s, uint32_t events)
{
	struct ctr *c = container_of(s, struct ctr, dev_log);
	char text[DEVLOG_MAX], line[DEVLOG_LINE];

	(void)events;
	for (int i = 0; i < DEVLOG_TURN; i++) {
		ssize_t n = recv(s->fd, text, sizeof(text), MSG_DONTWAIT);

		if (n < 0)
			break;
		output_put(c, line, devlog_line(text, (size_t)n, line));
	}
}

void devlog_socket(struct ctr *c, int fd)
{
	devlog_close(c);
	c->dev_log = (struct event_source){ .fd = fd, .ready = devlog_ready };
	if (event_add(&c->sup->loop, &c->dev_log, EPOLLIN) < 0)
		fd_close(&c->dev_log.fd);
}

/* The supervisor that had its socket is gone; a child gives a new one the old name. */
void devlog_adopt(struct ctr *c)
{
	int fd = c->spec->dev_log ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
				  : -1;
	pid_t pid = fd < 0 ? -1 : fork();

	if (pid == 0)
		health_rebind(c, fd, DEVLOG_SOCKET);
	if (fd >= 0)
		devlog_socket(c, fd);
}

/* What is in it already still counts: who has ended may have said why. */
void devlog_close(struct ctr *c)
{
	if (c->dev_log.fd < 0)
		return;
	devlog_ready(&c->dev_log, EPOLLIN);
	fd_end(event_remove(&c->sup->loop, &c->dev_log));
	c->dev_log.fd = -1;
}
