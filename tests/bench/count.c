/* SPDX-License-Identifier: MIT */
/*
 * Counts the system calls of a process and of everything it starts, and takes the largest
 * resident set among them, through ptrace: the bench needs no strace, counts every runtime
 * alike, and does not depend on ru_maxrss, which newer kernels only keep to within some dozen
 * pages per CPU. Timings are never taken here.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static const unsigned long follow = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
				    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
				    PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

/* The peak is summed exactly when it is read, so it is read wherever memory is about to go. */
static void see_peak(pid_t pid, struct cost *cost)
{
	char path[32], status[4096];
	const char *line;
	long kb;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (bench_read(path, status, sizeof(status)) <= 0)
		return;
	line = strstr(status, "VmHWM:");
	kb = line ? strtol(line + strlen("VmHWM:"), NULL, 10) : 0;
	if (kb > cost->peak_kb)
		cost->peak_kb = kb;
}

static void see_syscall(pid_t pid, struct cost *cost)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	cost->syscalls++;
	if (info.entry.nr == SYS_execve || info.entry.nr == SYS_execveat)
		see_peak(pid, cost);
}

/* The signal to hand on to the tracee, 0 where the stop was ptrace's own. */
static int to_deliver(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 || sig == (SIGTRAP | 0x80) || sig == SIGTRAP ? 0 : sig;
}

static void see(pid_t pid, int status, struct cost *cost)
{
	/* Begins with the execve itself: what the bench's own fork did before does not count. */
	if (status >> 16 == PTRACE_EVENT_EXEC && cost->syscalls == 0)
		cost->syscalls = 1;
	else if (cost->syscalls == 0)
		return;
	else if (status >> 16 == PTRACE_EVENT_EXIT)
		see_peak(pid, cost);
	else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		see_syscall(pid, cost);
}

int command_cost(const struct command *c, struct cost *cost)
{
	pid_t pid = fork();
	int status;

	*cost = (struct cost){ 0 };
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		raise(SIGSTOP);
		command_exec(c, -1, -1);
	}
	if (waitpid(pid, NULL, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, pid, 0, follow) < 0) {
		int err = -errno;

		kill(pid, SIGKILL);
		return err;
	}
	kill(pid, SIGCONT);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		see(pid, status, cost);
		ptrace(PTRACE_SYSCALL, pid, 0, to_deliver(status));
	}
	return 0;
}
