/* SPDX-License-Identifier: MIT */
/*
 * The core's side of networks that a program serves; see serve.h. Runs in a launcher or the CLI. Ports that
 * cannot be had are an error before the program is started.
 */
#include "core/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/helper.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/port.h"
#include "core/rootless.h"

#define SERVE_FIRST "/proc/sys/net/ipv4/ip_unprivileged_port_start"

/* The first port that a user may listen at. */
static uint64_t serve_first_port(void)
{
	char text[16];
	uint64_t n = 1024;

	if (fd_read_text(AT_FDCWD, SERVE_FIRST, text, sizeof(text)) > 0)
		str_u64(text, 0, 65536, &n);
	return n;
}

static int serve_check_port(const struct port *p, struct err *e)
{
	uint64_t first = serve_first_port();

	if (p->dev[0])
		return err_set(e, EINVAL, "publish: @%s needs a network of kind bridge", p->dev);
	if (rootless_active() && p->host < first)
		return err_set(
			e, EACCES,
			"publish: port %u is below %u, which only root may listen at; publish "
			"a higher one, or as root: sysctl -w net.ipv4.ip_unprivileged_port_start=%u",
			p->host, (unsigned int)first, p->host);
	return port_free(p, e);
}

int serve_check(const struct launch *l, struct err *e)
{
	const struct strv *list = &l->spec->publish;
	struct port p;
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < list->n; i++) {
		r = port_parse(list->v[i], &p, e);
		if (r >= 0)
			r = serve_check_port(&p, e);
	}
	return r;
}

int serve_up(const struct launch *l, pid_t pid, struct err *e)
{
	const struct strv *list = &l->spec->publish;
	AUTO_FD int netns = -1;
	AUTO_FREE struct port *ports = calloc(list->n + 1, sizeof(*ports));
	struct net_args a = { .spec = l->spec, .pid = pid, .n_ports = list->n, .run = paths.run };
	char path[40];
	int r = 0;

	str_format(path, sizeof(path), "/proc/%ld/ns/net", (long)pid);
	a.netns = netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(e, errno, "%s", path);
	if (!ports)
		return err_set(e, ENOMEM, "out of memory");
	for (unsigned int i = 0; r >= 0 && i < list->n; i++)
		r = port_parse(list->v[i], &ports[i], e);
	a.ports = ports;
	return r < 0 ? r : l->net[0]->up(&a, e);
}

const char *serve_default(void)
{
	char path[HELPER_PATH];

	/* Without it neither can do anything. */
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return NULL;
	if (IS_ENABLED(CONFIG_NET_SLIRP) && helper_find("slirp4netns", path))
		return "slirp";
	return IS_ENABLED(CONFIG_NET_PASTA) && helper_find("pasta", path) ? "pasta" : NULL;
}
