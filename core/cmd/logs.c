// SPDX-License-Identifier: MIT
/*
 * `myctr logs`: a container's stored output. Reads what the log driver has written, without the
 * supervisor. On a terminal, what a container has printed cannot do anything but be seen: control
 * bytes are escaped. Into a file or a pipe the bytes go as they came.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/logs_text.h"
#include "core/direct.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/log.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "core/state.h"
#include "core/watch.h"

enum { LOGS_FOLLOW, LOGS_LINES, LOGS_TIMES, LOGS_CRASH };

static const struct cmd_option logs_options[] = {
	[LOGS_FOLLOW] = { 'f', "follow", NULL, "go on until the container has ended" },
	[LOGS_LINES] = { 'n', "lines", "N", "only the last N lines" },
	[LOGS_CRASH] = { 0, "crash", NULL, "what was kept when it last failed" },
	[LOGS_TIMES] = { 't', "timestamps", NULL, "the time (UTC) in front of each line" },
};

#define LOGS_LOOK_MS 1000 /* a follower looks again at least this often */

struct logs {
	const char *name;
	const struct log_driver *driver; /* NULL until one has something of this container */
	uint64_t cursor, ring_cursor;
	struct logs_text text;
};

/*
 * The driver its spec names. Of one that has ended the spec may be gone; then the driver stays NULL and
 * whichever has something is right.
 */
static int logs_choose(struct logs *l, struct err *e)
{
	struct spec *spec = NULL;
	struct err unread = { 0 };
	int rc = 0;

	if (spec_load(l->name, &spec, &unread) < 0)
		return 0;
	l->driver = log_driver(spec->log);
	if (l->driver && !l->driver->read)
		rc = err_set(e, ENODATA, "%s: nothing is stored, as log = %s", l->name, spec->log);
	spec_free(spec);
	return rc;
}

static int logs_read_from(struct logs *l, const struct log_driver *d, uint64_t *cursor,
			  struct err *e)
{
	struct log_args a;

	log_args_of(&a, d, l->name);
	return d->read(&a, cursor, logs_text_each, &l->text, e);
}

/* What came while its log-budget was used up is in memory. */
static int logs_read_overflow(struct logs *l)
{
	const struct log_driver *d = log_driver(LOG_OVERFLOW);
	struct err e = { 0 };
	int rc;

	if (!IS_ENABLED(CONFIG_LOG_BUDGET) || !l->driver->kept || !d)
		return 0;
	rc = logs_read_from(l, d, &l->ring_cursor, &e);
	if (rc == -ENOENT)
		l->ring_cursor = 0;
	return rc < 0 ? 0 : rc;
}

/* Prints what has come since the last call. Returns pieces, 0 when there are none. */
static int logs_read(struct logs *l, struct err *e)
{
	int rc;

	if (l->driver) {
		rc = logs_read_from(l, l->driver, &l->cursor, e);
		return rc < 0 && rc != -ENOENT ? rc : (rc > 0 ? rc : 0) + logs_read_overflow(l);
	}
	for (DRIVER_EACH(log, d)) {
		if (!(*d)->read)
			continue;
		rc = logs_read_from(l, *d, &l->cursor, e);
		if (rc == -ENOENT)
			continue;
		l->driver = *d;
		return rc < 0 ? rc : rc + logs_read_overflow(l);
	}
	return 0;
}

static bool logs_has_ended(const struct logs *l)
{
	struct state_owner owner = { 0 };
	struct state_record r;
	struct err e;

	if (direct_find(l->name, &r, &e) < 0)
		return true;
	state_settle(&r, &owner);
	return state_is_down(&r);
}

static int logs_follow(struct logs *l, struct err *e)
{
	char path[PATHS_MAX];
	AUTO_WATCH struct watch w;
	bool ended = false;
	int rc;

	watch_open(&w);
	paths_of(path, paths.run, "state", NULL);
	watch_add(&w, path);
	paths_of(path, paths.run, "logs", NULL);
	watch_add(&w, path);
	watch_add(&w, paths.log);
	/* Read once more after its end was seen: its last words may have come between. */
	for (;;) {
		rc = logs_read(l, e);
		if (rc < 0 || (ended && rc == 0))
			return rc;
		rc = out_flush(&l->text.out);
		if (rc)
			return rc == -EPIPE ? 0 : err_sys(e, rc, "logs: cannot write");
		ended = logs_has_ended(l);
		if (!ended)
			watch_wait(&w, -1, LOGS_LOOK_MS);
	}
}

static int logs_print(struct logs *l, bool follow, struct err *e)
{
	struct state_record r;
	int rc = logs_choose(l, e);

	rc = rc ? rc : logs_read(l, e);
	if (rc >= 0 && !l->driver) /* nothing anywhere: is there such a container? */
		rc = direct_find(l->name, &r, e);
	if (rc < 0)
		return rc;
	logs_text_end_tail(&l->text);
	rc = follow ? logs_follow(l, e) : 0;
	if (rc < 0)
		return rc;
	rc = logs_text_finish(&l->text);
	return rc && rc != -EPIPE ? err_sys(e, rc, "logs: cannot write") : 0;
}

/* Also of one that nobody knows any more but by what it has left. */
static int logs_print_crash(struct logs *l, struct err *e)
{
	char dir[PATHS_MAX], path[PATHS_MAX + 8], buf[512];
	AUTO_FD int fd = -1;
	ssize_t n;

	if (paths_join(dir, paths.data, "containers", l->name) < 0)
		return err_set(e, ENAMETOOLONG, "%s: the name of its folder is too long", l->name);
	str_format(path, sizeof(path), "%s/crash", dir);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT,
			       "%s: nothing was kept: it has not failed, or crash-log = 0",
			       l->name);
	if (fd < 0)
		return err_sys(e, errno, "%s", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		logs_text_each(&l->text, 0, buf, (size_t)n);
	if (n < 0)
		return err_sys(e, errno, "%s: cannot read", path);
	logs_text_end_tail(&l->text);
	n = logs_text_finish(&l->text);
	return n && n != -EPIPE ? err_sys(e, (int)n, "logs: cannot write") : 0;
}

static int logs_run(struct cmd_line *line)
{
	struct logs l = { .name = line->args[0] };
	struct err e = { 0 };

	l.text.out = OUT(STDOUT_FILENO);
	l.text.times = line->value[LOGS_TIMES];
	l.text.escape = isatty(STDOUT_FILENO);
	l.text.tail = line->value[LOGS_LINES];
	if (l.text.tail && str_u64(line->value[LOGS_LINES], 0, UINT32_MAX, &l.text.want) < 0)
		return cmd_usage(line->cmd, "%s: not a number of lines", line->value[LOGS_LINES]);
	if (!path_is_name(l.name)) {
		err_set(&e, EINVAL, "%s: not a container name", l.name);
		return cmd_fail(&e);
	}
	if (line->value[LOGS_CRASH] && IS_ENABLED(CONFIG_LOG_CRASH)
		    ? logs_print_crash(&l, &e) < 0
		    : logs_print(&l, line->value[LOGS_FOLLOW], &e) < 0) {
		logs_text_finish(&l.text);
		return cmd_fail(&e);
	}
	return 0;
}

COMMAND(logs) = {
	.name = "logs",
	.group = CMD_LOOK,
	.args = "[-f] [-n N] [-t] [--crash] NAME",
	.about = "print a container's output",
	.options = logs_options,
	.n_options = ARRAY_SIZE(logs_options),
	.min_args = 1,
	.max_args = 1,
	.run = logs_run,
};
