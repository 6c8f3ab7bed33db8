/* SPDX-License-Identifier: MIT */
/*
 * `myctr reexec`: another binary for the supervisor, while everything runs on. The binary is tried first: it must
 * run here, be a myctr, and be able to read the state files; else the supervisor does not hear of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/ctl.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/paths.h"
#include "core/state.h"

#define REEXEC_WORD "myctr can take over\n"
#define REEXEC_TRY_MS 20000

enum { REEXEC_PROBE };

static const struct cmd_option reexec_options[] = {
	[REEXEC_PROBE] = { 0, "probe", NULL, "say whether this binary could take over" },
};

/* In the new binary: what the running one has written can be read. */
static int reexec_probe(void)
{
	struct out o = OUT(STDOUT_FILENO);
	char path[PATHS_MAX];
	struct state state;
	struct err e = { 0 };
	int r = paths_join(path, paths.run, "state", NULL);

	if (r == 0)
		r = state_open(&state, path, 0, false, false, &e);
	if (r < 0 && r != -ENOENT)
		return cmd_fail(&e);
	if (r == 0)
		state_close(&state);
	out_text(&o, REEXEC_WORD);
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

static NORETURN void reexec_try_child(const char *path, int out)
{
	static char *const argv[] = { "myctr", "reexec", "--probe", NULL };

	dup2(out, STDOUT_FILENO);
	execve(path, argv, environ);
	/* The other side tells this from what a program says of itself. */
	_exit(errno == ENOENT ? CMD_NOT_FOUND : CMD_NOT_EXECUTABLE);
}

/* What it says, at most len bytes, until it has said all or the time is over. */
static size_t reexec_hear(int fd, char *buf, size_t len)
{
	uint64_t end = event_now() + REEXEC_TRY_MS, now;
	size_t used = 0;

	while (used < len && (now = event_now()) < end) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, (int)(end - now)) > 0 ? read(fd, buf + used, len - used)
							      : -1;

		if (n == 0)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	return used;
}

static int reexec_try(const char *path, struct err *e)
{
	char said[sizeof(REEXEC_WORD)];
	int pair[2], status = 0;
	size_t n;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, errno, "reexec: pipe");
	pid = fork();
	if (pid == 0)
		reexec_try_child(path, pair[1]);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return err_sys(e, errno, "reexec: fork");
	}
	n = reexec_hear(pair[0], said, sizeof(said));
	close(pair[0]);
	if (n == sizeof(REEXEC_WORD) - 1 && memcmp(said, REEXEC_WORD, n) == 0 &&
	    waitpid(pid, &status, 0) == pid && status == 0)
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CMD_NOT_FOUND)
		return err_set(e, ENOENT, "%s: is not there; nothing was replaced", path);
	return err_set(
		e, ENOEXEC,
		"%s: is not a myctr that can take over on this machine; nothing was replaced",
		path);
}

static int reexec_run(struct cmd_line *line)
{
	struct ctl_request r = { .op = CTL_REEXEC };
	char own[PATH_MAX];
	struct err e = { 0 };
	AUTO_FREE char *path = NULL;
	ssize_t n;

	if (line->count[REEXEC_PROBE])
		return reexec_probe();
	n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	own[n > 0 ? n : 0] = '\0';
	path = realpath(line->n_args ? line->args[0] : own, NULL);
	if (!path) {
		err_sys(&e, errno, "%s", line->n_args ? line->args[0] : own);
		return cmd_fail(&e);
	}
	if (reexec_try(path, &e) < 0)
		return cmd_fail(&e);
	r.payload = (const uint8_t *)path;
	r.len = strlen(path);
	return ctl_ask(&r, &e) < 0 ? cmd_fail(&e) : 0;
}

COMMAND(reexec) = {
	.name = "reexec",
	.group = CMD_DEVICE,
	.args = "[PATH]",
	.about = "replace the supervisor's binary, by this one or PATH; containers run on",
	.options = reexec_options,
	.n_options = ARRAY_SIZE(reexec_options),
	.max_args = 1,
	.run = reexec_run,
};
