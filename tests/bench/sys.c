/* SPDX-License-Identifier: MIT */
/*
 * The bench's small change: files, medians, starting programs. Used by every section; ends the
 * bench with one sentence where going on would only print wrong numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { NOBODY = 65534, DAEMON = 1 };

void bench_die(const char *what, const char *name)
{
	fprintf(stderr, "bench: %s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

void bench_dir(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		bench_die("mkdir", path);
}

void bench_copy(const char *from, const char *to, mode_t mode)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	ssize_t n;

	if (in < 0)
		bench_die("open", from);
	if (out < 0)
		bench_die("create", to);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			bench_die("write", to);
	if (n < 0)
		bench_die("read", from);
	close(in);
	if (fchmod(out, mode) < 0 || close(out) < 0)
		bench_die("finish", to);
}

void bench_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bench_die("write", path);
	close(fd);
}

ssize_t bench_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(fd);
	return (ssize_t)len;
}

const char *bench_format(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		bench_die("memory", "bench");
	return text;
}

const char *bench_path(const struct bench *b, const char *name)
{
	return bench_format("%s/%s", b->work, name);
}

bool bench_has(const struct bench *b, const char *section)
{
	size_t len = strlen(section);

	for (const char *p = b->only; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, section, len) == 0 && (p[len] == '\0' || p[len] == ','))
			return true;
	}
	return !b->only;
}

double bench_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *values, size_t n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void command_add(struct command *c, const char *arg)
{
	size_t n = 0;

	while (c->argv[n])
		n++;
	if (n + 1 >= MAX_ARGS) {
		errno = E2BIG;
		bench_die("too many arguments", c->argv[0]);
	}
	c->argv[n] = arg;
}

void command_set(struct command *c, const char *const *argv)
{
	for (; *argv; argv++)
		command_add(c, *argv);
}

static void become(unsigned int id)
{
	if (setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		_exit(126);
}

void command_exec(const struct command *c, int out, int result)
{
	int in = open(c->input ? c->input : "/dev/null", O_RDONLY);
	int null = open("/dev/null", O_RDWR);

	result = result < 0 ? -1 : fcntl(result, F_DUPFD, 10);
	out = out < 0 ? null : fcntl(out, F_DUPFD, 10);
	if (in < 0 || null < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(126);
	if (!getenv("BENCH_VERBOSE"))
		dup2(null, 2);
	if (result >= 0)
		dup2(result, 3);
	close_range(result >= 0 ? 4 : 3, ~0U, 0);
	if (c->unprivileged || c->ranges)
		become(c->ranges ? DAEMON : NOBODY);
	execv(c->argv[0], (char *const *)(uintptr_t)c->argv);
	_exit(127);
}

pid_t command_spawn(const struct command *c, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork", c->argv[0]);
	if (pid == 0)
		command_exec(c, out, -1);
	return pid;
}

int command_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int command_run(const struct command *c, int out)
{
	return command_wait(command_spawn(c, out));
}

int command_capture(const struct command *c, char *buf, size_t size)
{
	size_t len = 0;
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		bench_die("pipe", c->argv[0]);
	pid = command_spawn(c, fds[1]);
	close(fds[1]);
	while (len < size - 1 && (n = read(fds[0], buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(fds[0]);
	return command_wait(pid);
}

/* Shifts the command behind `once`, with -f when only the way to the first instruction counts. */
static void prefix(const struct bench *b, const struct command *c, bool first, struct command *once)
{
	size_t n = first ? 2 : 1;

	*once = *c;
	memmove(once->argv + n, c->argv, sizeof(c->argv) - n * sizeof(c->argv[0]));
	once->argv[0] = b->once;
	if (first)
		once->argv[1] = "-f";
}

static int sample(const struct bench *b, const struct command *c, bool first, struct sample *s)
{
	struct command once;
	int fds[2];
	ssize_t n;
	pid_t pid;

	prefix(b, c, first, &once);
	if (pipe2(fds, O_CLOEXEC) < 0)
		bench_die("pipe", c->argv[0]);
	pid = fork();
	if (pid < 0)
		bench_die("fork", c->argv[0]);
	if (pid == 0)
		command_exec(&once, -1, fds[1]);
	close(fds[1]);
	n = read(fds[0], s, sizeof(*s));
	close(fds[0]);
	return command_wait(pid) == 0 && n == (ssize_t)sizeof(*s) ? 0 : -EIO;
}

int command_sample(const struct bench *b, const struct command *c, struct sample *s)
{
	return sample(b, c, false, s);
}

int command_first(const struct bench *b, const struct command *c, struct sample *s)
{
	return sample(b, c, true, s);
}

double command_median_us(const struct bench *b, const struct command *c, int runs)
{
	double values[MAX_RUNS];
	struct sample s;

	for (int i = 0; i < runs; i++) {
		if (command_sample(b, c, &s) < 0 || s.status != 0)
			return -1;
		values[i] = (double)s.ns / 1000;
	}
	return bench_median(values, (size_t)runs);
}
