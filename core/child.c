/* SPDX-License-Identifier: MIT */
/*
 * What the container's first process does before it executes the container's program: the table
 * below, top to bottom. Runs as a copy of the launcher in the new namespaces. It must never
 * return to its caller's code, and everything it knows of the host is gone before the program runs.
 */
#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cap.h"
#include "core/cmd.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/rlimit.h"
#include "core/spawn.h"
#include "core/sysctl.h"

static int child_signals(struct child *c, struct err *e);
static int child_cgroup(struct child *c, struct err *e);
static int child_image(struct child *c, struct err *e);
static int child_own_root(struct child *c, struct err *e);
static int child_network(struct child *c, struct err *e);
static int child_sysctl(struct child *c, struct err *e);
static int child_hostname(struct child *c, struct err *e);
static int child_stdio(struct child *c, struct err *e);
static int child_limits(struct child *c, struct err *e);
static int child_user(struct child *c, struct err *e);
static int child_workdir(struct child *c, struct err *e);
static int child_rights(struct child *c, struct err *e);
static int child_ready(struct child *c, struct err *e);
static int child_filter(struct child *c, struct err *e);

/* No logic here: what happens inside, in order. The order is explained in child.h. */
static const struct child_step {
	const char *name;
	int (*run)(struct child *c, struct err *e);
} child_inside[] = {
	{ "signals", child_signals },	{ "mounts", child_own_mounts },
	{ "cgroup", child_cgroup },	{ "root", child_image },
	{ "root", child_enter_root },	{ "userns", child_own_root },
	{ "names", child_names_early }, { "sys", child_sys },
	{ "dev", child_dev },		{ "names", child_names_late },
	{ "mount", child_user_mounts }, { "proc", child_proc },
	{ "network", child_network },	{ "sysctl", child_sysctl },
	{ "masked paths", child_hide }, { "old root", child_leave_old_root },
	{ "hostname", child_hostname }, { "user", child_user },
	{ "stdio", child_stdio },	{ "terminal", child_terminal },
	{ "limits", child_limits },	{ "environment", child_env },
	{ "workdir", child_workdir },	{ "rights", child_rights },
	{ "start", child_ready },	{ "seccomp", child_filter },
	{ "command", child_program },
};

/* A process that joins finds the mounts made; the rest is the same. */
static const struct child_step child_joining[] = {
	{ "signals", child_signals },	{ "user", child_user },	      { "stdio", child_stdio },
	{ "terminal", child_terminal }, { "limits", child_limits },   { "environment", child_env },
	{ "workdir", child_workdir },	{ "rights", child_rights },   { "start", child_ready },
	{ "seccomp", child_filter },	{ "command", child_program },
};

static NORETURN void child_fail(struct child *c, const char *step, struct err *e)
{
	struct spawn_msg m = { .phase = SPAWN_FAILED, .exit = (uint32_t)c->exit };

	err_wrap(e, step);
	m.err = *e;
	spawn_send(c->sock, &m, -1);
	_exit(c->exit);
}

static void child_wait_for_go(struct child *c)
{
	struct spawn_msg m;
	int fd;

	/* Without a word the parent has failed or died; whoever started it knows. */
	if (spawn_receive(c->sock, &m, &fd) <= 0 || m.phase != SPAWN_GO)
		_exit(CMD_FAILED);
	fd_end(fd);
}

static NORETURN void child_walk(struct launch *l, int sock, bool wait,
				const struct child_step *steps, size_t n)
{
	struct child c = { .l = l,
			   .sock = sock,
			   .old_root = -1,
			   .dev_tree = -1,
			   .exit = CMD_FAILED,
			   .joins = steps == child_joining };
	struct err e = { 0 };

	if (wait)
		child_wait_for_go(&c);
	for (size_t i = 0; i < n; i++)
		if (steps[i].run(&c, &e) < 0)
			child_fail(&c, steps[i].name, &e);
	_exit(CMD_FAILED); /* the last step does not return on success */
}

void child_main(struct launch *l, int sock, bool wait_for_go)
{
	child_walk(l, sock, wait_for_go, child_inside, ARRAY_SIZE(child_inside));
}

void child_join(struct launch *l, int sock, bool wait_for_go)
{
	child_walk(l, sock, wait_for_go, child_joining, ARRAY_SIZE(child_joining));
}

/*
 * Nothing of ours may be read or traced by what else runs in a shared namespace. What our caller ignores
 * (nohup, a shell's background jobs, runtimes without SIGPIPE) is not ignored by the container's program.
 */
static int child_signals(struct child *c, struct err *e)
{
	static const unsigned long zeroed[8];
	sigset_t none;

	/* By hand, because libc keeps two for itself and lets nobody say it; a zeroed struct is SIG_DFL. */
	for (int sig = 1; sig <= 64 && sig < _NSIG; sig++)
		if (c->l->ignored >> (sig - 1) & 1)
			syscall(SYS_rt_sigaction, sig, zeroed, NULL, (size_t)_NSIG / 8);
	sigemptyset(&none);
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return err_sys(e, errno, "resetting signals");
	return 0;
}

/* Not with the clone: that would make the parent's cgroup, not our own, the root of the namespace. */
static int child_cgroup(struct child *c, struct err *e)
{
	if (c->l->spec->cgroupns == SPEC_NS_HOST)
		return 0;
	return unshare(CLONE_NEWCGROUP) < 0 ? err_sys(e, errno, "making a cgroup namespace") : 0;
}

static int child_image(struct child *c, struct err *e)
{
	if (IS_ENABLED(CONFIG_KEEP_MOUNTS) && c->l->keep.ns >= 0)
		return 0;
	return IS_ENABLED(CONFIG_USERNS) && c->l->mounts_outside ? 0 : child_root(c->l, e);
}

/* Who cloned us may be nobody in its user namespace: then he could make nothing in here. */
static int child_own_root(struct child *c, struct err *e)
{
	static const struct ids root;

	if (!spec_userns(c->l->spec) || idmap_outside(&c->l->uids, 0) < 0 ||
	    idmap_outside(&c->l->gids, 0) < 0)
		return 0;
	return ids_apply(&root, true, e);
}

static int child_network(struct child *c, struct err *e)
{
	for (unsigned int i = 0; i < c->l->n_net; i++) {
		struct net_args a = { .spec = c->l->spec,
				      .net = c->l->nets[i],
				      .link = c->l->links ? &c->l->links[i] : NULL };
		int r = c->l->net[i]->inside ? c->l->net[i]->inside(&a, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int child_sysctl(struct child *c, struct err *e)
{
	AUTO_FD int proc = -1;

	if (c->l->spec->sysctl.n == 0)
		return 0;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (proc < 0)
		return err_sys(e, errno, "/proc");
	return sysctl_apply(c->l->spec, proc, e);
}

static int child_hostname(struct child *c, struct err *e)
{
	const char *name = c->l->spec->hostname;

	if (c->l->spec->uts == SPEC_NS_HOST || !name)
		return 0;
	return sethostname(name, strlen(name)) < 0 ? err_sys(e, errno, "%s", name) : 0;
}

/*
 * From here on only 0, 1, 2 and the socket are open: neither workdir nor command can be a path through a
 * descriptor of ours. A session of its own keeps the container off the operator's terminal.
 */
static int child_stdio(struct child *c, struct err *e)
{
	const int *from = c->l->stdio;
	int high[3];

	for (int i = 0; i < 3; i++) {
		if (from[i] < 0)
			high[i] = openat(AT_FDCWD, "/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
		else
			high[i] = from[i] == i ? i : fcntl(from[i], F_DUPFD_CLOEXEC, 10);
	}
	for (int i = 0; i < 3; i++)
		if (high[i] < 0 || (from[i] != i && dup2(high[i], i) < 0))
			return err_sys(e, errno, "descriptor %d", i);
	if (c->sock != 3) {
		if (dup3(c->sock, 3, O_CLOEXEC) < 0)
			return err_sys(e, errno, "moving the socket");
		c->sock = 3;
	}
	setsid();
	return sys_close_range(4, false);
}

static int child_limits(struct child *c, struct err *e)
{
	const struct spec *s = c->l->spec;
	char text[16];
	int r = rlimit_apply(s, e);

	if (r < 0 || s->oom_score_adj == 0)
		return r;
	snprintf(text, sizeof(text), "%d", (int)s->oom_score_adj);
	r = fd_write_text(AT_FDCWD, "/proc/self/oom_score_adj", text);
	if (r == -EACCES && c->l->in_userns)
		return err_set(e, EACCES,
			       "oom-score-adj %s: without root it can be raised, not lowered",
			       text);
	return r < 0 ? err_sys(e, r, "oom-score-adj %s", text) : 0;
}

static int child_user(struct child *c, struct err *e)
{
	const struct spec *s = c->l->spec;
	const char *user = s->user ? s->user : c->l->default_user;
	AUTO_FD int root = -1;

	if (user || s->groups.n) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return err_sys(e, errno, "/");
	}
	return ids_lookup(root, user, &s->groups, &c->ids, e);
}

/* With MOUNTS made when it is missing, as an image's WORKDIR is; never reached through a link of procfs. */
static int child_workdir(struct child *c, struct err *e)
{
	const char *dir = c->l->spec->workdir;
	AUTO_FD int root = -1;
	AUTO_FD int fd = -1;

	if (!dir || strcmp(dir, "/") == 0)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, errno, "/");
	fd = path_open_beneath(root, dir, O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT && IS_ENABLED(CONFIG_MOUNTS))
		fd = path_mkdirs_beneath(root, dir, 0755);
	if (fd < 0)
		return err_sys(e, fd, "%s", dir);
	return fchdir(fd) < 0 ? err_sys(e, errno, "%s", dir) : 0;
}

static int child_load_filter(const struct launch *l, struct err *e)
{
	if (l->filter.len == 0)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &l->filter) < 0)
		return err_sys(
			e, errno,
			"loading the filter; the kernel needs SECCOMP_FILTER, or set seccomp = unconfined");
	return 0;
}

/* Without no_new_privs a filter can only be loaded while CAP_SYS_ADMIN is still there. */
static int child_rights(struct child *c, struct err *e)
{
	const struct launch *l = c->l;
	int r = l->spec->no_new_privs ? 0 : child_load_filter(l, e);

	if (r == 0)
		r = cap_bound(&l->caps, e);
	if (r == 0)
		r = ids_apply(&c->ids, l->no_setgroups, e);
	if (r == 0)
		r = cap_apply(&l->caps, c->ids.uid, e);
	if (r == 0 && l->spec->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_sys(e, errno, "no-new-privs");
	return r;
}

/* Every change of rights clears the death signal, so it comes after the last of them. */
static int child_ready(struct child *c, struct err *e)
{
	struct pollfd p = { .fd = c->sock };

	if (!c->l->die_with_us)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, errno, "asking to die with the caller");
	/* It may have died before that. A look at its end of the socket wakes nobody. */
	return poll(&p, 1, 0) > 0 ? err_set(e, EPIPE, "the caller is gone") : 0;
}

static int child_filter(struct child *c, struct err *e)
{
	return c->l->spec->no_new_privs ? child_load_filter(c->l, e) : 0;
}
