/* SPDX-License-Identifier: MIT */
/*
 * The last step inside: the environment, the search for the program, execve(2).
 *
 * Our own binary must never become the program of a container, neither directly nor as the
 * interpreter of a script: /proc/PID/exe of such a process would lead to the host's file
 * (CVE-2019-5736). Sources: execve(2), environ(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/cmd.h"
#include "core/health.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/self.h"

static const char *child_getenv(char *const *env, const char *key)
{
	size_t n = strlen(key);

	for (; env && *env; env++)
		if (strncmp(*env, key, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

static void child_add_env(struct child *c, struct strv *env, const char *key, const char *value)
{
	char text[384];

	if (child_getenv(c->l->spec->env.v, key))
		return;
	snprintf(text, sizeof(text), "%s=%s", key, value);
	strv_add(&c->l->arena, env, text);
}

static const char *child_term(void)
{
	const char *term = IS_ENABLED(CONFIG_CLI) ? getenv("TERM") : NULL;

	return term ? term : "linux";
}

/* Whoever is to be heard again is told how often, as systemd does. */
static void child_notify_env(struct child *c, struct strv *env)
{
	struct err e;
	struct health h;
	char text[24];

	child_add_env(c, env, "NOTIFY_SOCKET", child_notify_path(c));
	if (health_parse(&c->l->spec->health, &h, &e) < 0 || !h.every)
		return;
	str_format(text, sizeof(text), "%llu", (unsigned long long)h.every * 1000);
	child_add_env(c, env, "WATCHDOG_USEC", text);
}

/* PATH and HOME always, TERM with a terminal, then what the spec says. */
int child_env(struct child *c, struct err *e)
{
	const struct spec *s = c->l->spec;
	struct strv env = { 0 };

	child_add_env(c, &env, "PATH", SPEC_PATH);
	child_add_env(c, &env, "HOME", c->ids.home);
	if (IS_ENABLED(CONFIG_TTY) && s->tty)
		child_add_env(c, &env, "TERM", child_term());
	if (IS_ENABLED(CONFIG_HEALTH) && child_notify_path(c))
		child_notify_env(c, &env);
	for (unsigned int i = 0; i < s->env.n; i++)
		strv_add(&c->l->arena, &env, s->env.v[i]);
	if (c->l->arena.failed)
		return err_set(e, ENOMEM, "out of memory");
	c->env = env.v;
	return 0;
}

/* The interpreter of the script path, or NULL. */
static char *child_interpreter(int fd, char head[256])
{
	ssize_t n = read(fd, head, 255);
	char *p;

	if (n < 2 || head[0] != '#' || head[1] != '!')
		return NULL;
	head[n] = '\0';
	p = head + 2 + strspn(head + 2, " \t");
	p[strcspn(p, " \t\n")] = '\0';
	return p;
}

/* Refuses our own binary, and a script whose interpreter, or that one's, and so on, is our own binary. */
static int child_check_program(const char *path, struct err *e)
{
	char heads[2][256];
	const char *at = path;
	struct stat st;

	/* The kernel follows four of them. */
	for (int i = 0; at && i < 6; i++) {
		/* Closed by execve(2). */
		int fd = openat(AT_FDCWD, at, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		/* A program may be executable without being readable; then it cannot be a script either. */
		if ((fd < 0 ? stat(at, &st) : fstat(fd, &st)) == 0 && self_is(&st))
			return err_set(e, EACCES, "%s: %s", path,
				       i ? "its interpreter is myctr itself" : "is myctr itself");
		at = fd < 0 ? NULL : child_interpreter(fd, heads[i % 2]);
	}
	return 0;
}

static int child_execute(struct child *c, const char *path, struct err *e)
{
	int r = child_check_program(path, e);

	if (r < 0) {
		c->exit = CMD_NOT_EXECUTABLE;
		return r;
	}
	execve(path, c->l->spec->command.v, c->env);
	return -errno;
}

static int child_report(struct child *c, const char *name, int r, struct err *e)
{
	if (e->code)
		return r;
	c->exit = r == -ENOENT || r == -ENOTDIR ? CMD_NOT_FOUND : CMD_NOT_EXECUTABLE;
	if (r == -ENOENT)
		return err_set(e, ENOENT,
			       "%s: not found in the image, or its interpreter is missing", name);
	if (r == -ENOEXEC)
		return err_set(e, ENOEXEC,
			       "%s: not a program for this processor, or a script without #!",
			       name);
	return err_sys(e, r, "%s", name);
}

/* As execvp(3): a permission error is remembered, but a later folder may still have the program. */
int child_program(struct child *c, struct err *e)
{
	const char *name = c->l->spec->command.v[0];
	const char *p = child_getenv(c->env, "PATH");
	char path[512];
	int r = -ENOENT;

	if (strchr(name, '/'))
		return child_report(c, name, child_execute(c, name, e), e);
	for (p = p ? p : SPEC_PATH; *p; p += *p == ':') {
		size_t n = strcspn(p, ":");
		int one;

		snprintf(path, sizeof(path), "%.*s/%s", (int)n, p, name);
		p += n;
		if (access(path, F_OK) < 0)
			continue;
		one = child_execute(c, path, e);
		if (e->code || (one != -ENOENT && one != -EACCES && one != -ENOTDIR))
			return child_report(c, name, one, e);
		r = one == -EACCES ? one : r;
	}
	return child_report(c, name, r, e);
}
