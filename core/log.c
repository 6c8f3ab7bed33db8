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

int log_args_of(struct log_args *a, const struct log_driver *d, const char *name, uint64_t size,
		unsigned int files)
{
	*a = (struct log_args){ .name = name, .size = size, .files = files };
	_Static_assert(sizeof(a->dir) >= PATHS_MAX, "paths_join() fills PATHS_MAX bytes");
	if (!d->kept)
		return paths_join(a->dir, paths.run, "logs", NULL);
	memcpy(a->dir, paths.log, sizeof(paths.log));
	return 0;
}

int log_open(const struct spec *s, struct log **out, struct err *e)
{
	const struct log_driver *d = log_driver(s->log);
	struct log_args a;

	*out = NULL;
	if (!d)
		return err_set(e, ENOTSUP,
			       "log = %s: this build has no such log driver; see `myctr features`",
			       s->log);
	if (log_args_of(&a, d, s->name, s->log_size, (unsigned int)s->log_files) < 0)
		return err_set(e, ENAMETOOLONG, "log: the name of its folder is too long");
	return d->open(&a, out, e);
}

void log_close(struct log *l)
{
	if (l)
		l->driver->close(l);
}

int log_remove(const char *name)
{
	int first = 0;

	for (DRIVER_EACH(log, d)) {
		struct log_args a;
		int rc = log_args_of(&a, *d, name, 0, 0);

		if (!rc && (*d)->remove)
			rc = (*d)->remove(&a);
		if (rc < 0 && !first)
			first = rc;
	}
	return first;
}
