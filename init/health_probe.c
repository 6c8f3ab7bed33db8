// SPDX-License-Identifier: MIT
/*
 * One look at a container, in a process of its own that the supervisor has forked and that may block: a command
 * with the container's rights, a connection on its loopback, a file in its root. What answers is hostile: all
 * that is read is bounded, and everything together has one deadline. Sources: setns(2), RFC 9112.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/join.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/spec_store.h"
#include "init/health.h"

#define PROBE_TICK_MS 20 /* between looks whether a process has ended, on kernels without pidfds */

struct probe {
	const struct ctr *c;
	const struct health *h;
	uint64_t deadline; /* event_now() */
	struct health_said said;
};

static int probe_left(const struct probe *p)
{
	uint64_t now = event_now();

	return now < p->deadline ? (int)(p->deadline - now) : 0;
}

static void probe_fail(struct probe *p, const char *what, int code)
{
	p->said.code = code ? code : EIO;
	snprintf(p->said.text, sizeof(p->said.text), "%s%s%s", what, code ? ": " : "",
		 code ? err_text(code) : "");
}

/* 0 or -errno: the process that the record tells of, and no other. */
static int probe_enter(const struct ctr *c, const char *file, int flag)
{
	AUTO_FD int pidfd = sys_pidfd_of((pid_t)c->rec.pid, c->rec.ticks);
	AUTO_FD int fd = -1;
	char path[48];

	if (pidfd == -ESRCH)
		return pidfd;
	snprintf(path, sizeof(path), "/proc/%ld/ns/%s", (long)c->rec.pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A pidfd cannot be given to setns(2) before Linux 5.8; it shows that the number is still the same. */
	if (fd < 0 || (pidfd >= 0 && sys_pidfd_signal(pidfd, 0) == -ESRCH))
		return -ESRCH;
	return setns(fd, flag) < 0 ? -errno : 0;
}

/* ---- tcp and http ------------------------------------------------------------------------------------- */

static int probe_wait(const struct probe *p, int fd, short events)
{
	struct pollfd f = { .fd = fd, .events = events };
	int r = poll(&f, 1, probe_left(p));

	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

static int probe_connect(const struct probe *p, const struct sockaddr *a, socklen_t size)
{
	AUTO_FD int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(int);
	int code = 0, r;

	if (fd < 0)
		return -errno;
	if (connect(fd, a, size) == 0)
		return fd_take(&fd);
	if (errno != EINPROGRESS)
		return -errno;
	r = probe_wait(p, fd, POLLOUT);
	if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		r = -errno;
	if (r == 0)
		r = -code;
	return r < 0 ? r : fd_take(&fd);
}

static int probe_loopback(const struct probe *p)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(p->h->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(p->h->port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = probe_connect(p, (const struct sockaddr *)&v4, sizeof(v4)), other;

	if (fd >= 0)
		return fd;
	other = probe_connect(p, (const struct sockaddr *)&v6, sizeof(v6));
	return other >= 0 ? other : fd;
}

static int probe_send(const struct probe *p, int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		r = errno == EAGAIN ? probe_wait(p, fd, POLLOUT) : -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

/* "HTTP/1.1 200": the status, or -errno. What follows is not read. */
static int probe_status(const struct probe *p, int fd)
{
	char line[12];
	size_t have = 0;

	while (have < sizeof(line)) {
		int r = probe_wait(p, fd, POLLIN);
		ssize_t n = r < 0 ? 0 : recv(fd, line + have, sizeof(line) - have, 0);

		if (r < 0)
			return r;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		have += (size_t)n;
	}
	if (memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return -EPROTO;
	for (int i = 9; i < 12; i++)
		if (line[i] < '0' || line[i] > '9')
			return -EPROTO;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}

static void probe_http(struct probe *p, int fd)
{
	char request[HEALTH_PATH + 96];
	size_t len = str_format(request, sizeof(request),
				"GET %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n",
				p->h->path);
	int r = probe_send(p, fd, request, len);

	if (r == 0)
		r = probe_status(p, fd);
	if (r < 0) {
		probe_fail(p, p->h->path, -r);
		return;
	}
	p->said.code = r >= 200 && r < 400 ? 0 : EPROTO;
	snprintf(p->said.text, sizeof(p->said.text), "status %d", r);
}

static void probe_net(struct probe *p)
{
	AUTO_FD int fd = -1;
	char what[16];
	int r = probe_enter(p->c, "net", CLONE_NEWNET);

	if (r == 0)
		r = fd = probe_loopback(p);
	snprintf(what, sizeof(what), "port %u", p->h->port);
	if (r < 0)
		probe_fail(p, what, -r);
	else if (p->h->kind == HEALTH_HTTP)
		probe_http(p, fd);
}

/* ---- file --------------------------------------------------------------------------------------------- */

static void probe_file(struct probe *p)
{
	int r = probe_enter(p->c, "mnt", CLONE_NEWNS);
	struct stat st;

	if (r == 0 && stat(p->h->path, &st) < 0)
		r = -errno;
	if (r < 0)
		probe_fail(p, p->h->path, -r);
}

/* ---- exec --------------------------------------------------------------------------------------------- */

/* Keeps the beginning; the rest is taken, too, so that nobody waits for room. */
static void probe_output(struct probe *p, int fd, size_t *have)
{
	char buf[512];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n && *have < sizeof(p->said.text) - 1; i++)
			p->said.text[(*have)++] =
				(unsigned char)buf[i] < ' ' || buf[i] == 127 ? ' ' : buf[i];
}

/* Waits for the end of pid; wait(2)'s status, or -ETIMEDOUT. */
static int probe_follow(struct probe *p, pid_t pid, int output)
{
	AUTO_FD int pidfd = sys_pidfd_open(pid);
	size_t have = 0;
	bool ended = false;
	int status;

	for (;;) {
		struct pollfd f[2] = { { .fd = ended ? -1 : output, .events = POLLIN },
				       { .fd = pidfd, .events = POLLIN } };
		int left = probe_left(p);

		if (waitpid(pid, &status, WNOHANG | __WALL) == pid)
			break;
		if (left == 0)
			return -ETIMEDOUT;
		poll(f, 2, pidfd < 0 && left > PROBE_TICK_MS ? PROBE_TICK_MS : left);
		probe_output(p, output, &have);
		ended |= (f[0].revents & POLLHUP) != 0;
	}
	probe_output(p, output, &have);
	while (have > 0 && p->said.text[have - 1] == ' ')
		p->said.text[--have] = '\0';
	return status;
}

static void probe_judge(struct probe *p, int status)
{
	char said[HEALTH_TEXT];
	bool exited = WIFEXITED(status);
	int code = exited ? WEXITSTATUS(status) : WTERMSIG(status);

	if (exited && code == 0)
		return;
	str_copy(said, sizeof(said), p->said.text);
	p->said.code = ECHILD;
	snprintf(p->said.text, sizeof(p->said.text), "%s %d%s%.*s", exited ? "exit" : "signal",
		 code, *said ? ": " : "", HEALTH_TEXT - 24, said);
}

static int probe_command(struct spec *s, struct err *e)
{
	struct strv command = { 0 };
	struct health h;
	int r = health_parse(&s->health, &h, e);

	if (r < 0 || h.kind != HEALTH_EXEC)
		return r < 0 ? r : err_set(e, EINVAL, "its probe has changed");
	for (unsigned int i = 0; r >= 0 && i < h.n; i++)
		r = strv_add(&s->arena, &command, s->health.v[h.first + i]);
	s->command = command;
	s->tty = false;
	return r < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

static int probe_join(struct probe *p, int output, struct launch *l, struct err *e)
{
	struct spec *s = NULL;
	int r = spec_load(p->c->spec->name, &s, e);

	if (r >= 0)
		r = probe_command(s, e);
	if (r < 0)
		return r;
	launch_init(l, s);
	l->stdio[1] = l->stdio[2] = output;
	l->die_with_us = true;
	return join_up(l, &p->c->rec, e);
}

static void probe_exec(struct probe *p)
{
	struct err e = { 0 };
	struct launch l;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		probe_fail(p, "pipe", errno);
		return;
	}
	/* Its writer may wait for room; we do not wait for its words. */
	fcntl(ends[1], F_SETFL, 0);
	r = probe_join(p, ends[1], &l, &e);
	close(ends[1]);
	if (r < 0) {
		p->said.code = e.code;
		str_copy(p->said.text, sizeof(p->said.text), e.msg);
		return;
	}
	r = probe_follow(p, l.pid, ends[0]);
	if (r >= 0) {
		probe_judge(p, r);
		return;
	}
	/* It leads a process group: what it has started goes with it. */
	kill(-l.pid, SIGKILL);
	kill(l.pid, SIGKILL);
	probe_fail(p, "the command takes too long", 0);
}

/* ---- the process ---------------------------------------------------------------------------------------- */

static void probe_begin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "myctr-probe");
}

void health_probe(const struct ctr *c, const struct health *h, int out)
{
	struct probe p = { .c = c, .h = h, .deadline = event_now() + h->timeout };

	probe_begin();
	if (h->kind == HEALTH_EXEC)
		probe_exec(&p);
	else if (h->kind == HEALTH_FILE)
		probe_file(&p);
	else
		probe_net(&p);
	fd_write(out, &p.said, sizeof(p.said));
	_exit(0);
}

void health_rebind(const struct ctr *c, int sock, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	str_copy(a.sun_path, sizeof(a.sun_path), path);
	probe_begin();
	umask(0);
	if (probe_enter(c, "mnt", CLONE_NEWNS) < 0)
		_exit(1);
	unlink(path);
	_exit(bind(sock, (const struct sockaddr *)&a, sizeof(a)) < 0);
}
