// SPDX-License-Identifier: MIT
/* Waiting for changes of files. See watch.h. Runs in the CLI; must never spin. */
#include "core/watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/lib/fd.h"

#define WATCH_GATHER_MS 10
#define WATCH_BLIND_MS 100 /* between looks, without inotify */

void watch_open(struct watch *w)
{
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

void watch_close(struct watch *w)
{
	fd_close(&w->fd);
}

void watch_add(struct watch *w, const char *path)
{
	if (w->fd >= 0)
		inotify_add_watch(w->fd, path, IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO);
}

/* What exactly happened does not matter: whoever waits looks at everything again. */
static void watch_drain(struct watch *w)
{
	char events[2048];

	while (read(w->fd, events, sizeof(events)) > 0)
		;
}

void watch_wait(struct watch *w, int pidfd, int ms)
{
	struct pollfd p[2] = { { .fd = w->fd, .events = POLLIN },
			       { .fd = pidfd, .events = POLLIN } };

	if (w->fd < 0 && ms > WATCH_BLIND_MS)
		ms = WATCH_BLIND_MS;
	if (poll(p, ARRAY_SIZE(p), ms) <= 0)
		return;
	poll(NULL, 0, WATCH_GATHER_MS);
	if (w->fd >= 0)
		watch_drain(w);
}
