/* SPDX-License-Identifier: MIT */
/*
 * network = slirp: the program slirp4netns is a small network with a router, tap0 inside, and speaks to the world
 * with the sockets of an ordinary process. The container reaches nothing on the host's loopback; the program
 * itself is in a sandbox with a filter. Runs outside, before the container's program does.
 * Source: slirp4netns(1), "API SOCKET".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/helper.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"

#define SLIRP_GUEST "10.0.2.100"
#define SLIRP_TRIES 400 /* of 5 ms, until the socket is there: it comes after the interface */

static int slirp_connect(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!str_copy(a.sun_path, sizeof(a.sun_path), path))
		return -ENAMETOOLONG;
	for (int i = 0; connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0; i++) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || i == SLIRP_TRIES)
			return -errno;
		usleep(5000);
	}
	return fd_take(&fd);
}

/* What it says of a request that it refuses: {"error":{"desc":"TEXT"}}. */
static int slirp_refused(const char *reply, struct err *e)
{
	static const char key[] = "\"desc\":\"";
	const char *at = strstr(reply, key);

	at = at ? at + strlen(key) : "it says no";
	return err_set(e, EADDRINUSE, "%.*s", (int)strcspn(at, "\""), at);
}

/* One request, one answer, one connection. */
static int slirp_ask(const char *path, const char *request, struct err *e)
{
	struct timeval patience = { .tv_sec = 10 };
	AUTO_FD int fd = slirp_connect(path);
	char reply[512];
	ssize_t n;
	int r;

	if (fd < 0)
		return err_sys(e, fd, "slirp4netns: asking it for a port");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = fd_write(fd, request, strlen(request));
	shutdown(fd, SHUT_WR);
	n = r < 0 ? r : fd_read(fd, reply, sizeof(reply) - 1);
	if (n < 0)
		return err_sys(e, (int)n, "slirp4netns: asking it for a port");
	reply[n] = '\0';
	return strstr(reply, "\"return\"") ? 0 : slirp_refused(reply, e);
}

static int slirp_port(const char *path, const struct port *p, unsigned int i, struct err *e)
{
	char request[256], address[INET_ADDRSTRLEN] = "0.0.0.0", name[64];
	int r;

	if (p->family == AF_INET)
		inet_ntop(AF_INET, p->addr, address, sizeof(address));
	str_format(
		request, sizeof(request),
		"{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\",\"host_addr\":\"%s\","
		"\"host_port\":%u,\"guest_addr\":\"%s\",\"guest_port\":%u}}",
		p->proto == IPPROTO_UDP ? "udp" : "tcp", address, p->host + i, SLIRP_GUEST,
		p->inside + i);
	r = slirp_ask(path, request, e);
	if (r != -EADDRINUSE)
		return r;
	str_format(name, sizeof(name), "publish: slirp4netns cannot listen at %s port %u", address,
		   p->host + i);
	return err_wrap(e, name);
}

static int slirp_ports(const struct net_args *a, const char *path, struct err *e)
{
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < a->n_ports; i++)
		for (unsigned int j = 0; r >= 0 && j < a->ports[i].count; j++)
			r = slirp_port(path, &a->ports[i], j, e);
	return r;
}

/* Its interface takes addresses of IPv4 only, and the container's own of IPv6 is not known ahead. */
static int slirp_check(const struct net_args *a, struct err *e)
{
	for (unsigned int i = 0; i < a->n_ports; i++)
		if (a->ports[i].family == AF_INET6)
			return err_set(
				e, EAFNOSUPPORT,
				"publish: slirp4netns forwards no ports of IPv6 addresses (port "
				"%u); use network = pasta",
				a->ports[i].host);
	return 0;
}

static int slirp_up(const struct net_args *a, struct err *e)
{
	char program[HELPER_PATH], api[160], path[144];
	char *argv[] = { program,
			 (char[]){ "--configure" },
			 (char[]){ "--mtu=65520" },
			 (char[]){ "--disable-host-loopback" },
			 (char[]){ "--enable-sandbox" },
			 (char[]){ "--enable-seccomp" },
			 (char[]){ "--enable-ipv6" },
			 (char[]){ "--ready-fd=3" },
			 (char[]){ "--netns-type=path" },
			 api,
			 (char[]){ "/proc/self/fd/5" },
			 (char[]){ "tap0" },
			 NULL };
	AUTO_FD int pidfd = sys_pidfd_open(a->pid);
	struct helper h = { .name = "slirp4netns", .argv = argv, .pidfd = pidfd, .given = a->netns };
	int r;

	if (!helper_find("slirp4netns", program))
		return err_set(e, ENOENT,
			       "network = slirp: slirp4netns is not installed (apt install "
			       "slirp4netns); or use pasta, host or none");
	r = slirp_check(a, e);
	if (r < 0)
		return r;
	if (pidfd < 0)
		return err_sys(e, pidfd, "slirp: its network namespace");
	str_format(path, sizeof(path), "%s/s%ld", a->run, (long)a->pid);
	str_format(api, sizeof(api), "--api-socket=%s", path);
	unlink(path);
	r = helper_start(&h, e);
	if (r == 0)
		r = slirp_ports(a, path, e);
	/* Nobody else is to ask it anything. */
	unlink(path);
	return r;
}

DRIVER(net, slirp) = {
	.name = "slirp",
	.about = "a way out for users without root, through slirp4netns",
	.kernel = "TUN",
	.kind = NET_SLIRP,
	.serves = true,
	.dns = "10.0.2.3",
	.up = slirp_up,
};
