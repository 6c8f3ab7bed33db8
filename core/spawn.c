/* SPDX-License-Identifier: MIT */
/*
 * Cloning the container's first process. See spawn.h. The parent's half of a start; child.c is the other.
 */
#include "core/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/child.h"
#include "core/cmd.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/helper.h"
#include "core/lib/sys.h"
#include "core/net.h"
#include "core/rootless.h"
#include "core/userns.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

union spawn_control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int spawn_send(int sock, const struct spawn_msg *m, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)m, sizeof(*m) };
	union spawn_control control = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		h.msg_control = &control;
		h.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &h, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int spawn_receive(int sock, struct spawn_msg *m, int *fd)
{
	struct iovec iov = { m, sizeof(*m) };
	union spawn_control control = { 0 };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&h);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	if (n == 0)
		return 0;
	if (n != sizeof(*m)) {
		fd_close(fd);
		return -EPROTO;
	}
	m->err.msg[sizeof(m->err.msg) - 1] = '\0';
	return 1;
}

static uint64_t spawn_flags(const struct launch *l)
{
	const struct spec *s = l->spec;
	uint64_t net = l->clone_flags;

	if (IS_ENABLED(CONFIG_NETNS_POOL) && l->netns >= 0)
		net &= ~(uint64_t)CLONE_NEWNET;
	/* From what was kept it makes its own inside. */
	if (!IS_ENABLED(CONFIG_KEEP_MOUNTS) || l->keep.ns < 0)
		net |= CLONE_NEWNS;
	return net | (s->pid == SPEC_NS_HOST ? 0 : CLONE_NEWPID) |
	       (s->uts == SPEC_NS_HOST ? 0 : CLONE_NEWUTS) |
	       (s->ipc == SPEC_NS_HOST ? 0 : CLONE_NEWIPC) | (spec_userns(s) ? CLONE_NEWUSER : 0) |
	       (s->timens ? CLONE_NEWTIME : 0) | (l->as_sibling ? CLONE_PARENT : 0);
}

int spawn_enter_cgroup(const struct launch *l, pid_t pid, struct err *e)
{
	char text[24];
	int r;

	snprintf(text, sizeof(text), "%ld", (long)pid);
	r = fd_write_text(l->cgroup, "cgroup.procs", text);
	return r < 0 ? err_sys(e, r, "cgroup: moving the process in") : 0;
}

/* What must be there before the child goes on. */
static int spawn_prepare(const struct launch *l, const struct sys_clone *c, pid_t pid, int sock,
			 struct err *e)
{
	struct spawn_msg go = { .phase = SPAWN_GO };
	int r = c->in_cgroup || !SYS_OLD_KERNELS ? 0 : spawn_enter_cgroup(l, pid, e);

	if (r == 0)
		r = userns_write(l, pid, e);
	if (r == 0)
		r = net_up(l, pid, e);
	/* A child that has failed already has said why; that is read next. */
	if (r == 0)
		spawn_send(sock, &go, -1);
	return r;
}

int spawn_follow(struct launch *l, int sock, struct err *e)
{
	struct spawn_msg m;
	int fd, r;

	while ((r = spawn_receive(sock, &m, &fd)) > 0) {
		if (IS_ENABLED(CONFIG_TTY) && m.phase == SPAWN_TTY) {
			fd_close(&l->master);
			l->master = fd_take(&fd);
		}
		if (IS_ENABLED(CONFIG_HEALTH) && m.phase == SPAWN_NOTIFY) {
			fd_close(&l->notify);
			l->notify = fd_take(&fd);
		}
		if (IS_ENABLED(CONFIG_LOG_DEV) && m.phase == SPAWN_DEV_LOG) {
			fd_close(&l->dev_log);
			l->dev_log = fd_take(&fd);
		}
		fd_end(fd);
		if (m.phase == SPAWN_FAILED) {
			*e = m.err;
			l->exit = (int)m.exit;
			return -e->code;
		}
	}
	return r < 0 ? err_sys(e, r, "listening to the container's first process") : 0;
}

static bool spawn_waits(const struct launch *l, const struct sys_clone *c)
{
	bool waits = !c->in_cgroup || spec_userns(l->spec) || l->cloned;

	for (unsigned int i = 0; i < l->n_net; i++)
		waits = waits || l->net[i]->up;
	return waits;
}

/* A failed child has reported and is on its way out; one that never got GO is killed. */
static void spawn_abandon(struct launch *l, pid_t pid)
{
	if (l->pidfd < 0 || sys_pidfd_signal(l->pidfd, SIGKILL) == -ENOSYS)
		kill(pid, SIGKILL);
	if (!l->as_sibling)
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	fd_close(&l->pidfd);
	fd_close(&l->master);
	l->pid = 0;
}

/* For the person who starts it; of a supervisor's launcher it is in its log. */
static void spawn_say(const struct launch *l, const char *note)
{
	if (IS_ENABLED(CONFIG_ROOTLESS) && note[0])
		dprintf(STDERR_FILENO, "myctr: %s: %s\n", l->spec->name, note);
}

/*
 * In a user namespace of its own the child may not mount a block device or make an overlay over one, and a
 * program that serves a file system must not be in the container: then the root is built here, in a mount
 * namespace that the container inherits a copy of.
 */
static int spawn_mounts_outside(struct launch *l, struct err *e)
{
	int r;

	if (!spec_userns(l->spec) &&
	    !(IS_ENABLED(CONFIG_STORAGE_USER) && rootless_active() && !l->storage_driver->direct))
		return 0;
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, errno, "making a mount namespace");
	l->mounts_outside = true;
	r = child_root(l, e);
	if (r >= 0)
		spawn_say(l, l->storage_note);
	return r;
}

/*
 * Into one that was made ahead, for the clone to inherit. Who goes on with links of the host has to come back
 * to *home; to undo what failed, too.
 */
static int spawn_enter_netns(const struct launch *l, int *home, struct err *e)
{
	if (!IS_ENABLED(CONFIG_NETNS_POOL) || l->netns < 0 || !(l->clone_flags & CLONE_NEWNET))
		return 0;
	*home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*home < 0)
		return err_sys(e, errno, "/proc/self/ns/net");
	return setns(l->netns, CLONE_NEWNET) < 0
		       ? err_sys(e, errno, "entering a network namespace made ahead")
		       : 0;
}

static int spawn_leave_netns(int *home, struct err *e)
{
	int r = 0;

	if (!IS_ENABLED(CONFIG_NETNS_POOL))
		return 0;
	if (*home >= 0 && setns(*home, CLONE_NEWNET) < 0)
		r = err_sys(e, errno, "going back to the host's network namespace");
	fd_close(home);
	return r;
}

int spawn_up(struct launch *l, struct err *e)
{
	struct sys_clone c = { .exit_signal = SIGCHLD, .cgroup = l->cgroup, .want_pidfd = true };
	AUTO_FD int mine = -1;
	AUTO_FD int theirs = -1;
	AUTO_FD int home = -1;
	int pair[2], r;
	pid_t pid;

	l->in_userns = spec_userns(l->spec) || rootless_active();
	l->no_setgroups = rootless_single();
	if (rootless_active())
		spawn_say(l, l->image.note);
	r = userns_prepare(l, e);
	if (r == 0)
		r = spawn_mounts_outside(l, e);
	if (r == 0)
		r = keep_make(l, e);
	if (r < 0)
		return r;
	c.flags = spawn_flags(l);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "making a socket pair");
	mine = pair[0];
	theirs = pair[1];
	l->exit = CMD_FAILED;
	r = spawn_enter_netns(l, &home, e);
	if (r < 0)
		return r;
	pid = sys_clone(&c);
	if (pid)
		r = spawn_leave_netns(&home, e);
	if (IS_ENABLED(CONFIG_ROOTLESS) && pid == -EACCES && c.cgroup >= 0 && rootless_wanted())
		return err_set(
			e, EACCES,
			"its cgroup cannot be entered from ours, as we may not write to the one "
			"around both; start inside of what root gave you, or set limits = "
			"best-effort and no MYCTR_CGROUP");
	if (pid < 0)
		return err_sys(e, pid, "making the container's namespaces");
	if (pid == 0) {
		/* While it waits, its own copy of our end would hide our death; later it closes all there is. */
		if (mine <= STDERR_FILENO || spawn_waits(l, &c))
			close(mine);
		child_main(l, theirs, spawn_waits(l, &c));
	}
	l->pid = pid;
	l->pidfd = c.pidfd;
	helper_follow(l->pidfd);
	fd_close(&theirs);
	if (l->cloned)
		l->cloned(l);
	if (r == 0 && spawn_waits(l, &c))
		r = spawn_prepare(l, &c, pid, mine, e);
	if (r == 0)
		r = spawn_follow(l, mine, e);
	if (r < 0)
		spawn_abandon(l, pid);
	return r;
}
