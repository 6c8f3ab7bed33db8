// SPDX-License-Identifier: MIT
/*
 * The sockets at which a container says how it is (health = notify) and logs (dev-log): made and named inside,
 * in its own /dev, and given to the supervisor. Runs before the container's program. Nobody outside the container can reach its
 * name, and with the container it is gone.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/child.h"
#include "core/devlog.h"
#include "core/health.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/spawn.h"

bool child_wants_notify(const struct spec *s)
{
	struct health h;
	struct err e;

	return s->health.n && health_parse(&s->health, &h, &e) == 0 && h.kind == HEALTH_NOTIFY;
}

/* In somebody's terminal nobody listens, and whoever speaks would wait for ever once the socket is full. */
const char *child_notify_path(const struct child *c)
{
	return c->l->as_sibling && !c->joins && child_wants_notify(c->l->spec) ? HEALTH_SOCKET
									       : NULL;
}

static int child_socket(struct child *c, const char *path, uint32_t phase, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct spawn_msg m = { .phase = phase };
	AUTO_FD int fd = -1;

	str_copy(a.sun_path, sizeof(a.sun_path), path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, 0666) < 0)
		return err_sys(e, errno, "%s", path);
	return spawn_send(c->sock, &m, fd) < 0 ? err_set(e, EPIPE, "the caller is gone") : 0;
}

int child_notify(struct child *c, struct err *e)
{
	int r = 0;

	if (child_notify_path(c))
		r = child_socket(c, HEALTH_SOCKET, SPAWN_NOTIFY, e);
	if (r >= 0 && IS_ENABLED(CONFIG_LOG_DEV) && c->l->spec->dev_log && c->l->as_sibling &&
	    !c->joins)
		r = child_socket(c, DEVLOG_SOCKET, SPAWN_DEV_LOG, e);
	return r;
}
