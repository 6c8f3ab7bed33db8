/* SPDX-License-Identifier: MIT */
/*
 * Foreground programs: see relay.h. Runs in the CLI process of run and exec; the terminal is always put
 * back as it was.
 */
#include "core/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/lib/fd.h"

#define RELAY_PATIENCE 3 /* SIGINTs or SIGTERMs after which the program is killed */

static const int relay_signals[] = { SIGINT,  SIGTERM, SIGHUP,	 SIGQUIT,
				     SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD };

struct relay {
	pid_t pid;
	int master;
	bool in;	    /* standard input is still relayed */
	unsigned int asked; /* to end */
	bool ended;
	int status;
};

static void relay_set(sigset_t *set)
{
	sigemptyset(set);
	for (unsigned int i = 0; i < ARRAY_SIZE(relay_signals); i++)
		sigaddset(set, relay_signals[i]);
}

void relay_begin(void)
{
	sigset_t set;

	relay_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void relay_size(int master)
{
	struct winsize w;

	if (master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0)
		ioctl(master, TIOCSWINSZ, &w);
}

/* The first process of a PID namespace ignores what it has no handler for, so insisting kills it. */
static void relay_signal(struct relay *r, int sig)
{
	if (sig == SIGCHLD) {
		r->ended = waitpid(r->pid, &r->status, WNOHANG | __WALL) == r->pid;
	} else if (sig == SIGWINCH) {
		relay_size(r->master);
	} else {
		bool end = (sig == SIGINT || sig == SIGTERM) && ++r->asked >= RELAY_PATIENCE;

		kill(r->pid, end ? SIGKILL : sig);
	}
}

static void relay_plain(struct relay *r)
{
	sigset_t set;
	int sig;

	relay_set(&set);
	while (!r->ended) {
		sig = sigwaitinfo(&set, NULL);
		if (sig > 0)
			relay_signal(r, sig);
	}
}

/* Returns false at the end of from. */
static bool relay_copy(int from, int to)
{
	char buf[1024];
	ssize_t n = read(from, buf, sizeof(buf));

	return n < 0 ? errno == EINTR || errno == EAGAIN
		     : n > 0 && fd_write(to, buf, (size_t)n) == 0;
}

static void relay_poll(struct relay *r, int sigfd)
{
	struct pollfd p[] = {
		{ .fd = sigfd, .events = POLLIN },
		{ .fd = r->master, .events = POLLIN },
		{ .fd = r->in ? STDIN_FILENO : -1, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	if (poll(p, ARRAY_SIZE(p), -1) < 0)
		return;
	if (p[1].revents && !relay_copy(r->master, STDOUT_FILENO))
		r->master = -1;
	if (p[2].revents && !relay_copy(STDIN_FILENO, r->master))
		r->in = false;
	if (p[0].revents && read(sigfd, &info, sizeof(info)) == sizeof(info))
		relay_signal(r, (int)info.ssi_signo);
}

static void relay_terminal(struct relay *r)
{
	struct termios saved, raw;
	bool is_tty = r->in && tcgetattr(STDIN_FILENO, &saved) == 0;
	AUTO_FD int sigfd = -1;
	int master = r->master;
	struct pollfd left = { .fd = master, .events = POLLIN };
	sigset_t set;

	relay_set(&set);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC);
	if (is_tty) {
		raw = saved;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	relay_size(master);
	while (!r->ended && sigfd >= 0)
		relay_poll(r, sigfd);
	while (poll(&left, 1, 0) > 0 && (left.revents & POLLIN) &&
	       relay_copy(master, STDOUT_FILENO))
		;
	if (is_tty)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

int relay_run(pid_t pid, int master, bool stdin_too)
{
	struct relay r = { .pid = pid, .master = master, .in = stdin_too && master >= 0 };

	if (master >= 0)
		relay_terminal(&r);
	else
		relay_plain(&r);
	return r.status;
}

int relay_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
