/* SPDX-License-Identifier: MIT */
/*
 * Starts, asks and stops the supervisor the bench measures. Requests are
 * written to the socket here and not through the CLI, so that the time of a CLI
 * process is not in them.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/ctl.h"
#include "tests/bench/daemon.h"

enum { TRIES = 400, TRY_US = 5000 };

#define SOCKET "/run/myctr/ctl"

pid_t daemon_start(const struct bench *b)
{
	struct command c = { .argv = { bench_path(b, "myctr"), "daemon" } };
	pid_t pid;

	if (access(c.argv[0], X_OK) < 0)
		return -ENOENT;
	pid = command_spawn(&c, -1);
	for (int i = 0; i < TRIES; i++) {
		if (daemon_ask(CTL_PING, "") == 0)
			return pid;
		usleep(TRY_US);
	}
	kill(pid, SIGKILL);
	command_wait(pid);
	return -ETIMEDOUT;
}

int daemon_run(const struct bench *b, const char *name, const char *payload_option)
{
	struct command c = { .argv = { bench_path(b, "myctr"), "run", "-d", "--name", name,
				       "--read-only", "--net", "none", b->rootfs, "/stamp" } };

	if (payload_option)
		command_add(&c, payload_option);
	return command_run(&c, -1);
}

void daemon_kill_payloads(const struct bench *b)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char exe[256];

	(void)b;
	while (proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);
		ssize_t len;

		if (pid <= 1)
			continue;
		len = readlink(bench_format("/proc/%d/exe", pid), exe, sizeof(exe) - 1);
		exe[len < 0 ? 0 : len] = '\0';
		if (len >= 6 && strcmp(exe + len - 6, "/stamp") == 0)
			kill(pid, SIGKILL);
	}
	if (proc)
		closedir(proc);
}

/* The supervisor first, so that it does not restart what is killed after. */
void daemon_stop(const struct bench *b, pid_t pid)
{
	kill(pid, SIGKILL);
	command_wait(pid);
	daemon_kill_payloads(b);
}

int daemon_ask(int op, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	struct ctl_request request = { .op = (enum ctl_op)op, .value = CTL_NO_TIMEOUT };
	uint8_t buf[CTL_REQUEST], reply[CTL_REPLY];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	uint32_t value;
	struct err e;
	ssize_t n;
	int err;

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	snprintf(request.name, sizeof(request.name), "%s", name);
	n = (ssize_t)ctl_encode_request(&request, buf);
	n = write(fd, buf, (size_t)n) == n ? read(fd, reply, sizeof(reply)) : -1;
	close(fd);
	err = n < 0 ? -EIO : ctl_decode_reply(reply, (size_t)n, &value, &e);
	return err < 0 ? err : 0;
}

int64_t daemon_stamp(const struct bench *b, const char *name, int64_t after)
{
	struct command c = { .argv = { bench_path(b, "myctr"), "logs", name } };
	static char text[65536];

	for (int i = 0; i < TRIES; i++) {
		int64_t last = 0;

		command_capture(&c, text, sizeof(text));
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			last = strtoll(line, NULL, 10);
		if (last > after)
			return last;
		usleep(TRY_US);
	}
	return -ETIMEDOUT;
}
