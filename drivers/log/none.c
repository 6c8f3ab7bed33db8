// SPDX-License-Identifier: MIT
/*
 * Log driver none: output is taken and forgotten, so that a container that talks is never blocked. Runs
 * in the supervisor.
 */
#include "core/driver.h"

static int none_write(struct log *l, uint64_t realtime_ms, const void *bytes, size_t len)
{
	(void)l;
	(void)realtime_ms;
	(void)bytes;
	(void)len;
	return 0;
}

static void none_close(struct log *l)
{
	(void)l;
}

static int none_open(const struct log_args *a, struct log **out, struct err *e);

DRIVER(log, none) = {
	.name = "none",
	.about = "forgets all output",
	.open = none_open,
	.write = none_write,
	.close = none_close,
};

/* There is nothing to remember, so one constant serves every container. */
static int none_open(const struct log_args *a, struct log **out, struct err *e)
{
	static struct log none = { .driver = &log_driver_none };

	(void)a;
	(void)e;
	*out = &none;
	return 0;
}
