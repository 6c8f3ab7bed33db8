// SPDX-License-Identifier: MIT
/*
 * Finding a container's log driver and folder. Runs in the supervisor when a container starts, and in
 * the CLI. See log.h.
 */
#include "core/log.h"

#include <errno.h>
#include <string.h>

#include "core/paths.h"

const struct log_driver *log_driver(const char *name)
{
	for (DRIVER_EACH(log, d))
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return NULL;
}

void log_args_of(struct log_args *a, const struct log_driver *d, const char *name)
{
	*a = (struct log_args){ .name = name };
	_Static_assert(sizeof(a->dir) >= PATHS_MAX, "paths_of() fills PATHS_MAX bytes");
	if (d->kept)
		memcpy(a->dir, paths.log, sizeof(paths.log));
	else
		paths_of(a->dir, paths.run, "logs", NULL);
}

static int log_open_one(const struct spec *s, const char *name, struct log **out, struct err *e)
{
	const struct log_driver *d = log_driver(name);
	struct log_args a;

	*out = NULL;
	if (!d)
		return err_set(e, ENOTSUP,
			       "log = %s: this build has no such log driver; see `myctr features`",
			       name);
	log_args_of(&a, d, s->name);
	a.size = s->log_size;
	a.files = (unsigned int)s->log_files;
	a.server = s->log_server;
	return d->open(&a, out, e);
}

int log_open(const struct spec *s, struct log **out, struct err *e)
{
	struct log **end = out;
	int r = log_open_one(s, s->log, out, e), one;

	for (unsigned int i = 0; IS_ENABLED(CONFIG_LOG_SENT) && i < s->log_also.n; i++) {
		while (*end)
			end = &(*end)->next;
		one = log_open_one(s, s->log_also.v[i], end, r < 0 ? NULL : e);
		r = r < 0 ? r : one;
	}
	return r;
}

void log_close(struct log *l)
{
	while (l) {
		struct log *next = l->next;

		l->driver->close(l);
		l = next;
	}
}

int log_remove(const char *name)
{
	int first = 0;

	for (DRIVER_EACH(log, d)) {
		struct log_args a;
		int rc;

		log_args_of(&a, *d, name);
		rc = (*d)->remove ? (*d)->remove(&a) : 0;
		if (rc < 0 && !first)
			first = rc;
	}
	return first;
}
