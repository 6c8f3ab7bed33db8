/* SPDX-License-Identifier: MIT */
/*
 * The command on the console of the device, kept running: [system] console =. It gets /dev/console
 * as its controlling terminal, so that job control and Ctrl-C work.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/lib/sys.h"
#include "init/sup.h"

#define CONSOLE_AGAIN_MS 1000

NORETURN void console_child(const char *tty, const char *term, char **argv, void (*first)(void))
{
	char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
			      (char *)(uintptr_t)term, NULL };
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd = open(tty, O_RDWR);
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 1);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
	}
	sys_close_range(3, false);
	if (first)
		first();
	if (chdir("/root") < 0 && chdir("/") < 0)
		_exit(127);
	execve(argv[0], argv, env);
	sup_say("console", "%s: %s", argv[0], err_text(errno));
	_exit(127);
}

static void console_again(struct event_timer *t)
{
	console_start(container_of(t, struct sup, console_timer));
}

void console_start(struct sup *s)
{
	const struct strv *command = &s->manifest.system.console;
	pid_t pid;

	if (!command->n || s->going_down)
		return;
	pid = fork();
	if (pid == 0)
		console_child("/dev/console", "TERM=linux", command->v, NULL);
	s->console_timer.expired = console_again;
	if (pid < 0)
		event_timer_set(&s->loop, &s->console_timer, CONSOLE_AGAIN_MS);
	s->console = pid > 0 ? pid : 0;
}

bool console_ended(struct sup *s, pid_t pid)
{
	if (!s->console || pid != s->console)
		return false;
	s->console = 0;
	event_timer_set(&s->loop, &s->console_timer, CONSOLE_AGAIN_MS);
	return true;
}
