/* SPDX-License-Identifier: MIT */
/*
 * Entering a running container: see join.h. The processes there are hostile: before anything of theirs can
 * see us we are not dumpable and run from a sealed copy (CVE-2016-9962, CVE-2019-5736), and the new
 * process gives away every descriptor before it touches their files (CVE-2024-21626).
 * Sources: setns(2), namespaces(7).
 */
#include "core/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/child.h"
#include "core/cmd.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/rootless.h"
#include "core/spawn.h"
#include "core/userns.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* The user namespace last: until then we may enter the others with the rights of the host. */
static const struct {
	const char *file;
	int flag;
} join_namespaces[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC },	  { "uts", CLONE_NEWUTS },
	{ "net", CLONE_NEWNET },       { "pid", CLONE_NEWPID },	  { "mnt", CLONE_NEWNS },
	{ "time", CLONE_NEWTIME },     { "user", CLONE_NEWUSER },
};

/* Entering a namespace we are in already is allowed, but for a user namespace. */
static int join_flags(const struct spec *s)
{
	return CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP |
	       CLONE_NEWNET | (spec_userns(s) || rootless_wanted() ? CLONE_NEWUSER : 0) |
	       (s->timens ? CLONE_NEWTIME : 0);
}

/* Before Linux 5.8 a pidfd cannot be given to setns(2); the files of /proc are opened first, then entered. */
static int join_one_by_one(pid_t pid, int flags, struct err *e)
{
	int fds[ARRAY_SIZE(join_namespaces)];
	int r = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(join_namespaces); i++) {
		char path[48];

		fds[i] = -1;
		if (!(flags & join_namespaces[i].flag))
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/ns/%s", (long)pid, join_namespaces[i].file);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0 && r == 0)
			r = err_sys(e, errno, "%s", path);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(join_namespaces); i++) {
		if (r == 0 && fds[i] >= 0 && setns(fds[i], join_namespaces[i].flag) < 0)
			r = err_sys(e, errno, "entering its %s namespace", join_namespaces[i].file);
		fd_close(&fds[i]);
	}
	return r;
}

/* Where setgroups(2) is denied, whoever joins has to keep the groups he has. */
static bool join_no_setgroups(const struct state_record *r)
{
	char path[40], text[8];

	if (!rootless_wanted())
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/setgroups", (long)r->pid);
	return fd_read_text(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, "deny") == 0;
}

static int join_enter(const struct state_record *r, int flags, struct err *e)
{
	AUTO_FD int pidfd = sys_pidfd_of((pid_t)r->pid, r->ticks);

	if (pidfd == -ESRCH)
		return err_set(e, ESRCH, "%s: is not running", r->name);
	if (pidfd >= 0 && setns(pidfd, flags) == 0)
		return 0;
	if (pidfd >= 0 && errno == ESRCH)
		return err_set(e, ESRCH, "%s: has just ended", r->name);
	if (pidfd >= 0 && errno != EINVAL && errno != EBADF)
		return err_sys(e, errno, "%s: entering its namespaces", r->name);
	return join_one_by_one((pid_t)r->pid, flags, e);
}

static int join_follow(struct launch *l, int sock, struct err *e)
{
	int r = spawn_follow(l, sock, e);

	if (r < 0) {
		kill(l->pid, SIGKILL);
		while (waitpid(l->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	return r;
}

/* Of a user's container, whose supervisor may have been started in another part of the tree than we. */
static int join_cgroup(const struct state_record *r)
{
	char path[40], text[512], full[600];
	char *line;

	snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)r->pid);
	if (!rootless_wanted() || fd_read_text(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -1;
	line = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!line)
		return -1;
	line += *line == '\n' ? 4 : 3;
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(path_base(line), r->name) != 0)
		return -1;
	snprintf(full, sizeof(full), "/sys/fs/cgroup%s", line);
	return open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int join_up(struct launch *l, const struct state_record *r, struct err *e)
{
	const struct cgroup_driver *d = cgroup_driver();
	struct sys_clone c = { .exit_signal = SIGCHLD, .cgroup = -1 };
	AUTO_FD int mine = -1;
	AUTO_FD int theirs = -1;
	int pair[2], code;

	code = launch_rights(l, e);
	if (code < 0)
		return code;
	l->cgroup = d ? d->open(r->name) : -1;
	if (l->cgroup < 0)
		l->cgroup = join_cgroup(r);
	c.cgroup = l->cgroup < 0 ? -1 : l->cgroup;
	l->no_setgroups = join_no_setgroups(r);
	code = userns_kept_user(l, (pid_t)r->pid, e);
	if (code < 0)
		return code;
	prctl(PR_SET_DUMPABLE, 0);
	code = join_enter(r, join_flags(l->spec), e);
	if (code < 0)
		return code;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "making a socket pair");
	mine = pair[0];
	theirs = pair[1];
	l->exit = CMD_FAILED;
	l->pid = sys_clone(&c);
	if (l->pid == -EACCES && c.cgroup >= 0 && rootless_wanted())
		return err_set(
			e, EACCES,
			"%s: its cgroup cannot be entered from this one; run exec in the scope or "
			"service its supervisor runs in",
			r->name);
	if (l->pid < 0)
		return err_sys(e, l->pid, "%s: making a process in it", r->name);
	if (l->pid == 0) {
		close(mine);
		child_join(l, theirs, !c.in_cgroup);
	}
	fd_close(&theirs);
	if (!c.in_cgroup) {
		code = spawn_enter_cgroup(l, l->pid, e);
		if (code == 0)
			spawn_send(mine, &(struct spawn_msg){ .phase = SPAWN_GO }, -1);
	}
	return code < 0 ? code : join_follow(l, mine, e);
}
