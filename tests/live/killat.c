/* SPDX-License-Identifier: MIT */
/*
 * killat [-b] N COMMAND...: runs a command and sends SIGKILL to whichever process of it, or of its
 * descendants, makes the Nth system call of them all, just before that call. Everybody else goes on
 * untraced. Prints "killed NAME at CALL", or "ended after N" when there were fewer calls. Waits for the
 * command, at most 10 s, unless -b. Runs on the test machine; must never leave a process stopped.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLAT_MAX 64

static struct {
	pid_t pid[KILLAT_MAX];
	int n;
	long calls, limit;
	pid_t main;
	int status;
	bool ended; /* the command */
} k;

static void killat_timeout(int sig)
{
	static const char text[] = "killat: no end after 10 s\n";

	(void)sig;
	write(STDOUT_FILENO, text, sizeof(text) - 1);
	kill(k.main, SIGKILL);
	_exit(3);
}

static int killat_find(pid_t pid)
{
	for (int i = 0; i < k.n; i++)
		if (k.pid[i] == pid)
			return i;
	if (k.n == KILLAT_MAX)
		exit(4);
	k.pid[k.n] = pid;
	return k.n++;
}

static void killat_forget(pid_t pid, int status)
{
	int i = killat_find(pid);

	k.n--;
	k.pid[i] = k.pid[k.n];
	if (pid == k.main) {
		k.ended = true;
		k.status = status;
	}
}

/* The number of the call that is about to be made, -1 when one has just been made. */
static long killat_call(pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : -1;
}

static void killat_name(pid_t pid, char name[32])
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f || !fgets(name, 32, f))
		snprintf(name, 32, "?");
	name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* The signal to pass on when a stopped tracee goes on. */
static int killat_signal(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 || sig == (SIGTRAP | 0x80) || sig == SIGTRAP ? 0 : sig;
}

/* True when the Nth call has come and its process is dead. */
static bool killat_stop(pid_t pid, int status)
{
	char name[32] = "";
	long call = WSTOPSIG(status) == (SIGTRAP | 0x80) ? killat_call(pid) : -1;

	killat_find(pid);
	if (call >= 0 && ++k.calls == k.limit) {
		killat_name(pid, name);
		printf("killed %s%s at call %ld\n", name, pid == k.main ? " (first)" : "", call);
		kill(pid, SIGKILL);
		return true;
	}
	/* A group stop would have to be kept by PTRACE_LISTEN; nothing here stops anybody. */
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)killat_signal(status));
	return false;
}

static bool killat_trace(void)
{
	while (!k.ended || k.n) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return false;
		if (!WIFSTOPPED(status))
			killat_forget(pid, status);
		else if (killat_stop(pid, status))
			return true;
	}
	return false;
}

/* Everybody else is let go; nobody may lose a signal on the way. */
static void killat_release(void)
{
	for (int i = 0; i < k.n; i++)
		ptrace(PTRACE_INTERRUPT, k.pid[i], NULL, NULL);
	while (k.n) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return;
		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)killat_signal(status));
			k.n -= 1;
			for (int i = 0; i <= k.n; i++)
				if (k.pid[i] == pid)
					k.pid[i] = k.pid[k.n];
		} else {
			killat_forget(pid, status);
		}
	}
}

int main(int argc, char **argv)
{
	bool background = argc > 1 && strcmp(argv[1], "-b") == 0;
	int go[2], first = background ? 2 : 1;
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	char c = 0;

	if (argc < first + 2 || pipe(go) < 0)
		return 2;
	k.limit = atol(argv[first]);
	k.main = fork();
	if (k.main == 0) {
		close(go[1]);
		if (read(go[0], &c, 1) == 1) {
			close(go[0]);
			execvp(argv[first + 1], argv + first + 1);
		}
		_exit(127);
	}
	close(go[0]);
	if (k.main < 0 || ptrace(PTRACE_SEIZE, k.main, NULL, (void *)options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, k.main, NULL, NULL) < 0 || write(go[1], &c, 1) != 1) {
		perror("killat");
		return 2;
	}
	close(go[1]);
	killat_find(k.main);
	signal(SIGALRM, killat_timeout);
	if (!background)
		alarm(10);
	if (killat_trace())
		killat_release();
	else
		printf("ended after %ld\n", k.calls);
	fflush(stdout);
	while (!k.ended && !background) {
		int status;

		k.ended = waitpid(k.main, &status, 0) == k.main || errno == ECHILD;
		k.status = status;
	}
	return WIFSIGNALED(k.status) ? 128 + WTERMSIG(k.status) : WEXITSTATUS(k.status);
}
