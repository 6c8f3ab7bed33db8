// SPDX-License-Identifier: MIT
/*
 * The last output of a container that has failed, kept where it outlives power: logs in memory are gone
 * after the reboot that a failure may lead to. <data>/containers/NAME/crash is a line that says what
 * happened and when, and the newest crash-log bytes. Runs in the supervisor.
 *
 * One that fails again and again does not wear flash out: within CRASH_PAUSE_MS of the last time only
 * giving up and the device's shutdown write again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "core/log.h"
#include "core/paths.h"
#include "init/sup.h"

#define CRASH_PAUSE_MS (10 * 60 * 1000)

struct tail {
	char *buf;
	size_t size, len;
};

static void tail_take(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	struct tail *t = arg;
	size_t drop;

	(void)ms;
	if (!bytes)
		return;
	if (len > t->size) {
		bytes += len - t->size;
		len = t->size;
	}
	drop = t->len + len > t->size ? t->len + len - t->size : 0;
	memmove(t->buf, t->buf + drop, t->len - drop);
	t->len -= drop;
	memcpy(t->buf + t->len, bytes, len);
	t->len += len;
}

static int crash_head(const struct ctr *c, char *buf, size_t size)
{
	static const char *const words[] = {
		[STATE_CAUSE_EXIT] = "exit code",
		[STATE_CAUSE_SIGNAL] = "signal",
		[STATE_CAUSE_OOM] = "out of memory, signal",
	};
	char stamp[STAMP_LEN + 1];
	const char *cause = c->rec.cause < ARRAY_SIZE(words) ? words[c->rec.cause] : NULL;

	return (int)str_format(buf, size, "%s %s: %s %u, %u restarts; its last output:\n",
			       stamp_format(stamp_now(), stamp), c->spec->name,
			       cause ? cause : "unknown end", c->rec.exit, c->rec.restarts);
}

static int crash_write(const struct ctr *c, const struct tail *t)
{
	char dir[PATHS_MAX], head[192], temp[] = "crash.tmp";
	AUTO_FD int at = -1, fd = -1;
	int n = crash_head(c, head, sizeof(head)),
	    r = paths_join(dir, paths.data, "containers", c->spec->name);

	if (r < 0)
		return r;
	r = path_mkdirs(dir, 0700);
	at = r < 0 ? -1 : open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0)
		return r < 0 ? r : -errno;
	fd = openat(at, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write(fd, head, (size_t)n);
	r = r < 0 ? r : fd_write(fd, t->buf, t->len);
	/* A reset may follow before a file system has given a new file its blocks. */
	if (r >= 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r >= 0 && renameat(at, temp, at, "crash") < 0)
		r = -errno;
	if (r < 0)
		unlinkat(at, temp, 0);
	return r;
}

static void crash_keep(struct ctr *c)
{
	const struct log_driver *d = log_driver(c->spec->log);
	struct tail t = { .size = (size_t)c->spec->crash_log };
	AUTO_FREE char *buf = NULL;
	struct err e = { 0 };
	uint64_t cursor = 0;
	struct log_args a;
	int r;

	if (!c->crashed)
		return;
	c->crashed = false;
	t.buf = buf = malloc(t.size);
	if (!buf || !d || !d->read)
		return;
	log_args_of(&a, d, c->spec->name);
	if (d->read(&a, &cursor, tail_take, &t, &e) < 0)
		return;
	c->crash_kept = event_now();
	r = crash_write(c, &t);
	if (r < 0)
		sup_say(c->spec->name, "its last output cannot be kept: %s", err_text(r));
	else
		budget_spent(c, t.len);
}

void crash_note(struct ctr *c)
{
	const struct log_driver *d = log_driver(c->spec->log);
	bool failed = c->rec.cause != STATE_CAUSE_EXIT || c->rec.exit;

	/* what is on the disk already stays there; one whom a person has ended did not crash */
	if (!c->spec->crash_log || !c->wanted || !failed || !d || d->kept || !d->read)
		return;
	c->crashed = true;
	if (!c->crash_kept || event_now() - c->crash_kept >= CRASH_PAUSE_MS)
		crash_keep(c);
}

void crash_keep_all(struct sup *s)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		crash_keep(c);
}
