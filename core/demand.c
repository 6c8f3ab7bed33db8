/* SPDX-License-Identifier: MIT */
/*
 * Starting a supervisor when one is needed: see demand.h. Runs in the CLI process.
 */
#include "core/demand.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/paths.h"

#define DEMAND_WAIT_MS 5000 /* for its socket to answer */

/* Detached twice, so that it is nobody's child and holds nobody's terminal. Its words go to <run>/daemon.log. */
static NORETURN void demand_child(void)
{
	char *argv[] = { "myctr", "daemon", "--on-demand", NULL };
	char path[PATHS_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log;

	setsid();
	if (fork() > 0)
		_exit(0);
	paths_of(path, paths.run, "daemon.log", NULL);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	dup2(null, 0);
	dup2(null, 1);
	dup2(log < 0 ? null : log, 2);
	if (chdir("/") == 0)
		execve("/proc/self/exe", argv, environ);
	_exit(1);
}

static int demand_start(struct err *e)
{
	struct err quiet = { 0 };
	int status;
	pid_t pid;

	if (paths_make_run(e) < 0)
		return -e->code;
	pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "starting a supervisor");
	if (pid == 0)
		demand_child();
	waitpid(pid, &status, 0);
	for (int ms = 0; ms < DEMAND_WAIT_MS; ms += 5) {
		AUTO_FD int fd = ctl_connect(&quiet);

		if (fd >= 0)
			return 0;
		usleep(5000);
	}
	return err_set(e, ETIMEDOUT,
		       "the supervisor that was started does not answer; see %s/daemon.log",
		       paths.run);
}

int demand_ask(const struct ctl_request *r, struct err *e)
{
	int code = ctl_ask(r, e);

	/* It may also be just about to end for want of work: then its socket closes on us. */
	for (int i = 0;
	     i < 3 && (code == -ECONNREFUSED || code == -ECONNRESET) && demand_start(e) >= 0; i++)
		code = ctl_ask(r, e);
	return code;
}
