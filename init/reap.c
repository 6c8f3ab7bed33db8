/* SPDX-License-Identifier: MIT */
/*
 * Signals and dead children. All signals are blocked and read from one signalfd, so nothing ever
 * interrupts the loop. PID 1 reaps everything, also what it never started.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/ctl.h"
#include "init/health.h"
#include "init/sup.h"

static struct ctr *reap_find(struct sup *s, pid_t pid)
{
	struct ctr *c = s->ctrs;

	while (c && (pid_t)c->rec.pid != pid)
		c = c->next;
	return c;
}

static void reap_launcher(struct sup *s, pid_t pid)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->launcher == pid)
			c->launcher = 0;
}

static void reap_one(struct sup *s, pid_t pid, int status)
{
	struct ctr *c = reap_find(s, pid);

	if (c && c->child) {
		c->status = status;
		c->has_status = true;
		sup_event(c, SUP_EXITED);
		return;
	}
	if (!console_ended(s, pid) && !consoles_ended(s, pid) && !sweep_ended(s, pid) &&
	    !health_ended(s, pid))
		reap_launcher(s, pid);
}

void reap_children(struct sup *s)
{
	int status;
	pid_t pid;

	/* A pid is told before its process may run, so after this every dead container is known. */
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->report.fd >= 0)
			launcher_report(c);
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		reap_one(s, pid, status);
}

/* BusyBox's numbers for PID 1, so that its reboot(8) and others' work. */
static void reap_signal(struct sup *s, int sig)
{
	struct err e = { 0 };

	switch (sig) {
	case SIGCHLD:
		reap_children(s);
		break;
	case SIGHUP:
		if (SPEC_FOREIGN && sup_reload(s, &e) < 0)
			sup_say(NULL, "reload: %s", e.msg);
		break;
	case SIGUSR1:
		sup_go_down(s, s->is_init ? CTL_HALT : CTL_EXIT);
		break;
	case SIGUSR2:
		sup_go_down(s, s->is_init ? CTL_POWEROFF : CTL_EXIT);
		break;
	case SIGTERM:
	case SIGINT:
		sup_go_down(s, s->is_init ? CTL_REBOOT : CTL_EXIT);
		break;
	default:
		break;
	}
}

static void reap_ready(struct event_source *source, uint32_t events)
{
	struct sup *s = container_of(source, struct sup, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info))
		reap_signal(s, (int)info.ssi_signo);
}

int reap_open(struct sup *s, struct err *e)
{
	sigset_t all;
	int fd;

	sigfillset(&all);
	/* A crash must crash. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	sigprocmask(SIG_SETMASK, &all, NULL);
	fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, errno, "signalfd; the kernel needs SIGNALFD");
	s->signals = (struct event_source){ .fd = fd, .ready = reap_ready };
	return event_add(&s->loop, &s->signals, EPOLLIN);
}
