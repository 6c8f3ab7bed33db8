/* SPDX-License-Identifier: MIT */
/*
 * Network namespaces made ahead. One costs more than all the rest of a start; a few wait here, each with its
 * lo up, and every start takes one of them that nobody has been in. They are made by a short-lived child
 * when nothing else is going on, and come over a socket. Runs in the supervisor, which only holds them
 * open: the kernel frees them when it dies. A start never waits for one. Source: ioctl_ns(2), SIOCGSKNS.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/sys.h"
#include "core/network.h"
#include "core/rootless.h"
#include "core/spawn.h"
#include "init/sup.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

#define POOL_IDLE_MS 20 /* after a start, before it is filled up again */
#define POOL_TRIES 3	/* failures in a row; then this kernel has none to give */

/* ---- the child ----------------------------------------------------------------------------------- */

/* A new one, with this process in it; any socket leads to it, without /proc. */
static int pool_make_one(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	AUTO_FD int sock = -1;
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock >= 0 && ioctl(sock, SIOCSIFFLAGS, &lo) < 0)
		return -errno;
	if (sock < 0)
		sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fd = sock < 0 ? -1 : ioctl(sock, SIOCGSKNS);
	return fd < 0 ? -errno : fd;
}

static NORETURN void pool_main(pid_t supervisor, int sock, unsigned int n)
{
	const struct spawn_msg m = { .phase = SPAWN_GO };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor)
		_exit(0);
	/* Above all the lock goes: see sweep.c. */
	if (sock != 3)
		dup3(sock, 3, O_CLOEXEC);
	sys_close_range(4, false);
	for (; n > 0; n--) {
		AUTO_FD int fd = pool_make_one();

		if (fd < 0 || spawn_send(3, &m, fd) < 0)
			break;
	}
	_exit(0);
}

/* ---- the supervisor ------------------------------------------------------------------------------ */

static void pool_end(struct sup *s)
{
	int fd = event_remove(&s->loop, &s->pool.source);

	fd_close(&fd);
	s->pool.source.ready = NULL;
}

static void pool_keep(struct sup *s, int fd)
{
	if (s->pool.n == CONFIG_NETNS_POOL_SIZE || s->going_down) {
		close(fd);
		return;
	}
	s->pool.fd[s->pool.n++] = fd;
	s->pool.failures = 0;
}

/* What the child has made; at the end of the stream it is gone. */
static void pool_ready(struct event_source *source, uint32_t events)
{
	struct sup *s = container_of(source, struct sup, pool.source);
	struct spawn_msg m;
	int fd, r;

	(void)events;
	while ((r = spawn_receive(source->fd, &m, &fd)) > 0)
		if (fd >= 0)
			pool_keep(s, fd);
	if (r == -EAGAIN)
		return;
	pool_end(s);
	if (s->pool.n < CONFIG_NETNS_POOL_SIZE && ++s->pool.failures < POOL_TRIES)
		event_timer_set(&s->loop, &s->pool.timer, POOL_IDLE_MS);
}

static bool pool_is_busy(const struct sup *s)
{
	for (const struct ctr *c = s->ctrs; c; c = c->next)
		if (c->state == SUP_STARTING || c->state == SUP_CLEANING)
			return true;
	return false;
}

static int pool_fork(const struct sup *s, int sock)
{
	pid_t supervisor = getpid(), pid = fork();

	if (pid == 0)
		pool_main(supervisor, sock, CONFIG_NETNS_POOL_SIZE - s->pool.n);
	return pid < 0 ? -errno : 0;
}

static void pool_fill(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, pool.timer);
	AUTO_FD int theirs = -1;
	int pair[2];

	if (s->going_down || s->pool.source.ready || s->pool.n == CONFIG_NETNS_POOL_SIZE)
		return;
	if (pool_is_busy(s)) {
		event_timer_set(&s->loop, &s->pool.timer, POOL_IDLE_MS);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	theirs = pair[1];
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	s->pool.source = (struct event_source){ .fd = pair[0], .ready = pool_ready };
	if (event_add(&s->loop, &s->pool.source, EPOLLIN) < 0 || pool_fork(s, theirs) < 0)
		pool_end(s);
}

static bool pool_serves(const struct spec *spec)
{
	for (unsigned int i = 0; i < spec->network.n; i++)
		if (net_kind_of(spec->network.v[i]) == NET_HOST)
			return false;
	/* One of the host's would not belong to the container's user namespace. */
	return !spec_userns(spec) && !rootless_active();
}

int pool_take(struct sup *s, const struct spec *spec)
{
	if (!pool_serves(spec))
		return -1;
	if (s->pool.failures < POOL_TRIES) {
		s->pool.timer.expired = pool_fill;
		event_timer_set(&s->loop, &s->pool.timer, POOL_IDLE_MS);
	}
	return s->pool.n ? s->pool.fd[--s->pool.n] : -1;
}

void pool_empty(struct sup *s)
{
	while (s->pool.n)
		fd_close(&s->pool.fd[--s->pool.n]);
}
