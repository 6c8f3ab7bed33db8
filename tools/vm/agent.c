// SPDX-License-Identifier: MIT
/*
 * The guest's side of `vm exec`: reads a request from the virtio-serial port, runs it in the root of
 * PID 1, sends back output and exit status. Runs as a plain child of PID 1, whatever that is, started
 * by guest.c before the real init; it sees the machine from mounts of its own, so that the init may
 * move, hide or unmount what it likes. It must never outlive its request's children or touch anything
 * it was not asked to.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/util.h"
#include "tools/vm/guest.h"
#include "tools/vm/proto.h"

#define PORT_CLASS "/sys/class/virtio-ports"
#define INIT_MOUNTS_MS 2000
#define IDLE_MS 50 /* how often a port without a host is looked at */

struct session {
	uint32_t id;
	pid_t pid; /* of the request, leader of its own session; 0 when none runs */
	int in, out, err;
	size_t held, sent; /* bytes of input waiting in frame.data for the request to read */
	struct vm_frame frame;
};

static int find_port(char *path, size_t size)
{
	AUTO_DIR DIR *d = opendir(PORT_CLASS);
	struct dirent *ent;
	char name[512], text[64];

	while (d && (ent = readdir(d))) {
		snprintf(name, sizeof(name), PORT_CLASS "/%s/name", ent->d_name);
		if (ent->d_name[0] == '.' || fd_read_text(AT_FDCWD, name, text, sizeof(text)) < 0 ||
		    strcmp(text, VM_PORT_NAME) != 0)
			continue;
		snprintf(path, size, "/dev/%.64s", ent->d_name);
		return 0;
	}
	return -ENOENT;
}

static int open_port(void)
{
	char path[80];

	/* the device appears a moment after the driver is loaded */
	for (int i = 0; i < 500; i++) {
		int fd = find_port(path, sizeof(path)) < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		usleep(10000);
	}
	return -ENODEV;
}

/* Into the mount namespace and root of PID 1, as it is now. */
static int enter_init(void)
{
	AUTO_FD int ns = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	AUTO_FD int root = open("/proc/1/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (ns < 0 || root < 0)
		return -errno;
	if (setns(ns, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

static NORETURN void run_push(char **args, int n)
{
	AUTO_FD int fd = -1;
	char buf[VM_FRAME_MAX];
	ssize_t got;

	if (n >= 1)
		fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, (mode_t)strtoul(n > 1 ? args[1] : "644", NULL, 8)) < 0) {
		dprintf(2, "vm agent: %s: %s\n", n ? args[0] : "push", strerror(errno));
		_exit(1);
	}
	while ((got = read(0, buf, sizeof(buf))) > 0) {
		if (fd_write(fd, buf, (size_t)got) < 0) {
			dprintf(2, "vm agent: %s: %s\n", args[0], strerror(errno));
			_exit(1);
		}
	}
	_exit(0);
}

static NORETURN void run_pull(char **args, int n)
{
	AUTO_FD int fd = n ? open(args[0], O_RDONLY | O_CLOEXEC) : -1;
	char buf[VM_FRAME_MAX];
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, buf, sizeof(buf))) > 0)
		fd_write(1, buf, (size_t)got);
	if (got < 0) {
		dprintf(2, "vm agent: %s: %s\n", n ? args[0] : "pull", strerror(errno));
		_exit(1);
	}
	_exit(0);
}

static NORETURN void run_request(char op, char **args, int n)
{
	sigset_t none;
	int r = op == VM_OP_AGENT ? 0 : enter_init();

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	if (r < 0) {
		dprintf(2, "vm agent: root of PID 1: %s\n", strerror(-r));
		_exit(126);
	}
	if (op == VM_OP_PUSH)
		run_push(args, n);
	if (op == VM_OP_PULL)
		run_pull(args, n);
	if (n)
		execvp(args[0], args);
	dprintf(2, "vm agent: %s: %s\n", n ? args[0] : "no command", strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static NORETURN void child(struct session *s, const int in[2], const int out[2], const int err[2])
{
	char *args[VM_ARGS_MAX + 1];
	char *p = (char *)s->frame.data + 1, *end = (char *)s->frame.data + s->frame.len;
	int n = 0;

	for (; p < end && n < VM_ARGS_MAX; p += strlen(p) + 1)
		args[n++] = p;
	args[n] = NULL;
	setsid();
	dup2(in[0], 0);
	dup2(out[1], 1);
	dup2(err[1], 2);
	/* push and pull never exec: the other ends of the pipes would stay open in them */
	close_range(3, ~0U, 0);
	run_request((char)s->frame.data[0], args, n);
}

static void start(struct session *s)
{
	int in[2], out[2], err[2];

	if (s->frame.len < 1 || s->frame.data[s->frame.len - 1] != 0)
		return;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return;
	s->id = s->frame.session;
	s->held = 0;
	s->pid = fork();
	if (s->pid == 0)
		child(s, in, out, err);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	s->in = in[1];
	s->out = out[0];
	s->err = err[0];
	fcntl(s->in, F_SETFL, O_NONBLOCK);
}

static void finish(struct session *s)
{
	if (s->pid > 0) {
		kill(-s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
	s->held = 0;
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->err);
}

static void feed(struct session *s)
{
	ssize_t n = write(s->in, s->frame.data + s->sent, s->held - s->sent);

	if (n > 0)
		s->sent += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || s->sent == s->held)
		s->held = 0;
	if (n < 0 && errno == EPIPE)
		fd_close(&s->in);
}

static void take_frame(struct session *s, int port)
{
	if (vm_frame_recv(port, &s->frame) <= 0)
		return;
	if (s->frame.type == VM_PING) {
		vm_frame_send(port, s->frame.session, VM_PONG, NULL, 0);
		return;
	}
	if (s->frame.type == VM_RUN) {
		finish(s);
		start(s);
		return;
	}
	if (!s->pid || s->frame.session != s->id)
		return;
	if (s->frame.type == VM_STDIN && s->in >= 0) {
		s->held = s->frame.len;
		s->sent = 0;
	} else if (s->frame.type == VM_STDIN_END) {
		fd_close(&s->in);
	}
}

static void pass_output(struct session *s, int port, int *fd, enum vm_type type)
{
	uint8_t buf[VM_FRAME_MAX];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0)
		vm_frame_send(port, s->id, type, buf, (uint32_t)n);
	else if (n == 0 || errno != EINTR)
		fd_close(fd);
}

/*
 * The request is over when its first process is; a background child that kept the pipes is left
 * alone, and what is in the pipes at that moment is still sent.
 */
static void check_exit(struct session *s, int port)
{
	uint8_t code[4];
	int status;
	pid_t pid = waitpid(s->pid, &status, WNOHANG);
	struct pollfd p[2] = { { s->out, POLLIN, 0 }, { s->err, POLLIN, 0 } };

	if (pid != s->pid)
		return;
	s->pid = 0;
	while (poll(p, 2, 0) > 0 && ((p[0].revents | p[1].revents) & POLLIN)) {
		if (p[0].revents & POLLIN)
			pass_output(s, port, &s->out, VM_STDOUT);
		if (p[1].revents & POLLIN)
			pass_output(s, port, &s->err, VM_STDERR);
		p[0].fd = s->out;
		p[1].fd = s->err;
	}
	le_put32(code,
		 (uint32_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
	vm_frame_send(port, s->id, VM_EXIT, code, sizeof(code));
	finish(s);
}

static void on_child(int sig)
{
	(void)sig; /* only there to interrupt ppoll() */
}

static void turn(struct session *s, int port, const sigset_t *mask)
{
	struct pollfd p[4] = {
		{ s->held ? -1 : port, POLLIN, 0 },
		{ s->held ? s->in : -1, POLLOUT, 0 },
		{ s->out, POLLIN, 0 },
		{ s->err, POLLIN, 0 },
	};

	if (ppoll(p, 4, NULL, mask) > 0) {
		if (p[2].revents)
			pass_output(s, port, &s->out, VM_STDOUT);
		if (p[3].revents)
			pass_output(s, port, &s->err, VM_STDERR);
		if (p[1].revents)
			feed(s);
		if (p[0].revents & POLLIN)
			take_frame(s, port);
		else if (p[0].revents & POLLHUP) {
			finish(s); /* nobody listens any more */
			usleep(IDLE_MS * 1000);
		}
	}
	if (s->pid > 0)
		check_exit(s, port);
}

/*
 * Nothing is served before PID 1 is the real init: until then its root is not the one that was asked for. Then it
 * is given a while to mount /proc and /dev, for an init may do without.
 */
static void wait_for_init(void)
{
	char self[256], init[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));

	while (readlink("/proc/1/exe", init, sizeof(init)) == n &&
	       memcmp(self, init, (size_t)n) == 0)
		usleep(5000);
	for (int i = 0; i < INIT_MOUNTS_MS / 5; i++) {
		if (access("/proc/1/root/dev/null", F_OK) == 0 &&
		    access("/proc/1/root/proc/1", F_OK) == 0)
			break;
		usleep(5000);
	}
}

int agent_run(void)
{
	static struct session s = { .in = -1, .out = -1, .err = -1 };
	struct sigaction sa = { .sa_handler = on_child };
	sigset_t block, old;
	int port = open_port();

	if (port < 0) {
		dprintf(2, "vm agent: no virtio-serial port named " VM_PORT_NAME "\n");
		return 1;
	}
	sigaction(SIGCHLD, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &old);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/vm", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "linux", 1);
	wait_for_init();
	for (;;)
		turn(&s, port, &old);
}
