/* SPDX-License-Identifier: MIT */
/*
 * Variables of a boot loader that chooses between two systems; see slots.h. Runs in the CLI and in a child of the
 * supervisor: it may block. Must never leave half of a change that is worse than none: files are replaced as a whole,
 * a hook gets all of it at once, U-Boot's environment is changed in an order that makes sense after each step.
 * Source of the block's form: GRUB manual, "GRUB environment block".
 */
#include "core/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"

#define SLOTS_HEAD "# GRUB Environment Block\n"
#define SLOTS_LIMIT "3" /* boots of a trial when nobody has said */

enum slots_kind { SLOTS_FILE, SLOTS_GRUB, SLOTS_UBOOT, SLOTS_HOOK, SLOTS_N };

/* How many words each wants behind it. */
static const struct {
	const char *name;
	unsigned int min, max;
} slots_kinds[SLOTS_N] = {
	[SLOTS_FILE] = { "file", 1, 1 },
	[SLOTS_GRUB] = { "grub", 1, 1 },
	[SLOTS_UBOOT] = { "uboot", 0, 0 },
	[SLOTS_HOOK] = { "hook", 1, 14 },
};

struct slots_var {
	const char *name, *value;
};

static int slots_kind(const struct strv *how)
{
	for (int i = 0; i < SLOTS_N && how->n; i++)
		if (strcmp(how->v[0], slots_kinds[i].name) == 0)
			return how->n > slots_kinds[i].min && how->n <= slots_kinds[i].max + 1 ? i
											       : -1;
	return -1;
}

int slots_check(const struct strv *how, struct err *e)
{
	return slots_kind(how) >= 0
		       ? 0
		       : err_set(e, EINVAL,
				 "boot-slots: expected file PATH, grub PATH, uboot or hook PROGRAM...");
}

static bool slots_is_name(const char *name)
{
	return path_is_name(name) && strlen(name) < SLOTS_VALUE;
}

/* ---- texts -------------------------------------------------------------------------------------- */

/* The end of the line at p, or of what counts: a block is filled up with '#'. */
static const char *slots_line(const char *p, const char *end)
{
	const char *n = memchr(p, '\n', (size_t)(end - p));

	return n ? n + 1 : end;
}

static bool slots_is_line(const char *p, const char *end, const char *name)
{
	size_t n = strlen(name);

	return (size_t)(end - p) > n && memcmp(p, name, n) == 0 && p[n] == '=';
}

bool slots_text_get(const char *text, size_t len, const char *name, char value[SLOTS_VALUE])
{
	const char *end = text + len;
	bool found = false;

	value[0] = '\0';
	for (const char *p = text, *next; p < end; p = next) {
		const char *v = p + strlen(name) + 1;
		size_t n;

		next = slots_line(p, end);
		if (!slots_is_line(p, next, name) || next[-1] != '\n')
			continue;
		n = (size_t)(next - 1 - v);
		if (n >= SLOTS_VALUE)
			continue;
		memcpy(value, v, n);
		value[n] = '\0';
		found = true;
	}
	return found;
}

int slots_text_set(const char *text, size_t len, const char *name, const char *value, char *out,
		   size_t size)
{
	const char *end = text + len;
	size_t used = 0, n;

	for (const char *p = text, *next; p < end; p = next) {
		next = slots_line(p, end);
		/* The filling of a block has no end of line. */
		if (next[-1] != '\n' || slots_is_line(p, next, name))
			continue;
		if (used + (size_t)(next - p) > size)
			return -ENOSPC;
		memcpy(out + used, p, (size_t)(next - p));
		used += (size_t)(next - p);
	}
	if (!value[0])
		return (int)used;
	n = strlen(name) + strlen(value) + 2;
	if (used + n >= size)
		return -ENOSPC;
	str_format(out + used, size - used, "%s=%s\n", name, value);
	return (int)(used + n);
}

/* ---- files -------------------------------------------------------------------------------------- */

static int slots_load(const char *path, char text[SLOTS_BLOCK], bool grub, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char more;
	ssize_t n;

	if (fd < 0 && errno != ENOENT)
		return err_sys(e, errno, "%s", path);
	n = fd < 0 ? 0 : fd_read(fd, text, SLOTS_BLOCK);
	if (n < 0 || (fd >= 0 && read(fd, &more, 1) != 0))
		return err_set(e, EFBIG, "%s: has more than %d bytes", path, SLOTS_BLOCK);
	if (!grub)
		return (int)n;
	if (n && (n != SLOTS_BLOCK || memcmp(text, SLOTS_HEAD, strlen(SLOTS_HEAD)) != 0))
		return err_set(e, EILSEQ, "%s: not a GRUB environment block", path);
	if (!n) {
		n = (ssize_t)strlen(SLOTS_HEAD);
		memcpy(text, SLOTS_HEAD, (size_t)n);
	}
	return (int)n;
}

static int slots_store(const char *path, const struct slots_var *vars, unsigned int n, bool grub,
		       struct err *e)
{
	char a[SLOTS_BLOCK], b[SLOTS_BLOCK];
	int len = slots_load(path, a, grub, e);

	for (unsigned int i = 0; i < n && len >= 0; i++) {
		len = slots_text_set(a, (size_t)len, vars[i].name, vars[i].value, b, sizeof(b));
		if (len < 0)
			return err_sys(e, len, "%s: no room for %s", path, vars[i].name);
		memcpy(a, b, (size_t)len);
	}
	if (len < 0)
		return len;
	if (grub) {
		memset(a + len, '#', sizeof(a) - (size_t)len);
		len = SLOTS_BLOCK;
	}
	len = fd_replace(AT_FDCWD, path, a, (size_t)len, 0644, true);
	return len < 0 ? err_sys(e, len, "%s: cannot be written", path) : 0;
}

/* ---- programs ----------------------------------------------------------------------------------- */

static NORETURN void slots_child(char **argv, int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

/* Runs argv with text as its input; what it prints goes to answer (size bytes with the NUL). */
static int slots_run(char **argv, const char *text, char *answer, size_t size, struct err *e)
{
	int in[2], out[2], status = -1;
	pid_t pid;
	ssize_t n;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(e, errno, "%s: pipe", argv[0]);
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return err_sys(e, errno, "%s: pipe", argv[0]);
	}
	pid = fork();
	if (pid == 0)
		slots_child(argv, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	/* Shorter than a pipe holds, so it cannot block; one that does not read it is no reason to die. */
	fd_write(in[1], text, strlen(text));
	close(in[1]);
	n = fd_read(out[0], answer, size - 1);
	answer[n > 0 ? n : 0] = '\0';
	close(out[0]);
	answer[strcspn(answer, "\n")] = '\0';
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return err_sys(e, errno, "%s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* The programs of a device are also where root's are; the kernel gives PID 1 no PATH. */
static void slots_path(void)
{
	if (!getenv("PATH"))
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

static void slots_argv(const struct strv *how, const char *verb, const char *name, char *argv[18])
{
	unsigned int n = 0;

	slots_path();
	for (unsigned int i = 1; i < how->n; i++)
		argv[n++] = how->v[i];
	argv[n++] = (char *)(uintptr_t)verb;
	argv[n++] = (char *)(uintptr_t)name;
	argv[n] = NULL;
}

static int slots_ask(const struct strv *how, int kind, const char *name, char value[SLOTS_VALUE],
		     struct err *e)
{
	char *argv[18] = { (char *)(uintptr_t) "fw_printenv", (char *)(uintptr_t) "-n",
			   (char *)(uintptr_t)name };
	int r;

	slots_path();
	if (kind == SLOTS_HOOK)
		slots_argv(how, "get", name, argv);
	r = slots_run(argv, "", value, SLOTS_VALUE, e);
	if (r < 0)
		return r;
	if (r == 127)
		return err_set(e, ENOENT, "%s: cannot be run", argv[0]);
	/* A variable that is not there is an error of fw_printenv. */
	if (r)
		value[0] = '\0';
	return 0;
}

static int slots_did(int r, const char *program, struct err *e)
{
	return r <= 0	  ? r
	       : r == 127 ? err_set(e, ENOENT, "%s: cannot be run", program)
			  : err_set(e, EIO, "%s: failed with exit code %d", program, r);
}

static int slots_tell(const struct strv *how, const struct slots_var *vars, unsigned int n,
		      struct err *e)
{
	char *argv[18], text[SLOTS_BLOCK] = "", answer[SLOTS_VALUE];
	size_t used = 0;

	for (unsigned int i = 0; i < n; i++)
		used += str_format(text + used, sizeof(text) - used, "%s %s\n", vars[i].name,
				   vars[i].value);
	slots_argv(how, "set", NULL, argv);
	return slots_did(slots_run(argv, text, answer, sizeof(answer), e), argv[0], e);
}

/*
 * One after the other, in an order in which each first part of it makes sense: the scripts that would do all at
 * once are "NAME VALUE" for U-Boot's own fw_setenv and "NAME=VALUE" for that of libubootenv, which both
 * take the other for something else without a word.
 */
static int slots_setenv(const struct slots_var *vars, unsigned int n, struct err *e)
{
	char answer[SLOTS_VALUE];
	int r = 0;

	slots_path();
	for (unsigned int i = 0; i < n && r == 0; i++) {
		char *argv[] = { (char *)(uintptr_t) "fw_setenv", (char *)(uintptr_t)vars[i].name,
				 vars[i].value[0] ? (char *)(uintptr_t)vars[i].value : NULL, NULL };

		r = slots_did(slots_run(argv, "", answer, sizeof(answer), e), argv[0], e);
	}
	return r;
}

/* ---- variables ---------------------------------------------------------------------------------- */

static int slots_get(const struct strv *how, const char *name, char value[SLOTS_VALUE],
		     struct err *e)
{
	int kind = slots_kind(how), len;
	char text[SLOTS_BLOCK];

	if (kind < 0)
		return slots_check(how, e);
	if (kind != SLOTS_FILE && kind != SLOTS_GRUB)
		return slots_ask(how, kind, name, value, e);
	len = slots_load(how->v[1], text, kind == SLOTS_GRUB, e);
	if (len >= 0)
		slots_text_get(text, (size_t)len, name, value);
	return len < 0 ? len : 0;
}

static int slots_set(const struct strv *how, const struct slots_var *vars, unsigned int n,
		     struct err *e)
{
	int kind = slots_kind(how);

	if (kind < 0)
		return slots_check(how, e);
	if (kind == SLOTS_UBOOT)
		return slots_setenv(vars, n, e);
	if (kind == SLOTS_HOOK)
		return slots_tell(how, vars, n, e);
	return slots_store(how->v[1], vars, n, kind == SLOTS_GRUB, e);
}

/* ---- meaning ------------------------------------------------------------------------------------ */

/* What the boot loader has said; else what it must have done. */
static void slots_running(struct slots *s, bool tries)
{
	char line[4096] = "", *at;

	fd_read_text(AT_FDCWD, "/proc/cmdline", line, sizeof(line));
	at = strstr(line, "myctr.slot=");
	if (at)
		str_format(s->running, sizeof(s->running), "%.*s",
			   (int)min_u64(strcspn(at + 11, " \n"), SLOTS_VALUE - 1), at + 11);
	else
		memcpy(s->running, tries && s->count ? s->trying : s->good, sizeof(s->running));
}

int slots_read(const struct strv *how, struct slots *s, struct err *e)
{
	char count[SLOTS_VALUE], limit[SLOTS_VALUE], available[SLOTS_VALUE];
	int r;

	memset(s, 0, sizeof(*s));
	r = slots_get(how, "slot", s->good, e);
	if (r == 0)
		r = slots_get(how, "try", s->trying, e);
	if (r == 0)
		r = slots_get(how, "upgrade_available", available, e);
	if (r == 0)
		r = slots_get(how, "bootcount", count, e);
	if (r == 0)
		r = slots_get(how, "bootlimit", limit, e);
	if (r < 0)
		return r;
	if (strcmp(available, "1") != 0)
		s->trying[0] = '\0';
	s->count = (unsigned int)strtoul(count, NULL, 10);
	s->limit = (unsigned int)strtoul(limit, NULL, 10);
	slots_running(s, s->trying[0]);
	setenv("MYCTR_SLOT", s->running, 1);
	return 0;
}

int slots_try(const struct strv *how, const char *name, struct err *e)
{
	struct slots s;
	int r = slots_read(how, &s, e);
	char limit[16];

	if (r < 0)
		return r;
	if (!slots_is_name(name))
		return err_set(e, EINVAL, "%.60s: not the name of a slot", name);
	str_format(limit, sizeof(limit), "%u", s.limit);
	return slots_set(how,
			 (const struct slots_var[]){ { "try", name },
						     { "bootcount", "0" },
						     { "bootlimit", s.limit ? limit : SLOTS_LIMIT },
						     { "upgrade_available", "1" } },
			 4, e);
}

static int slots_settle(const struct strv *how, const char *good, struct err *e)
{
	const struct slots_var vars[] = {
		{ "slot", good }, { "upgrade_available", "0" }, { "bootcount", "0" }, { "try", "" }
	};
	unsigned int skip = good ? 0 : 1;

	return slots_set(how, vars + skip, 4 - skip, e);
}

int slots_good(const struct strv *how, struct err *e)
{
	struct slots s;
	int r = slots_read(how, &s, e);

	if (r == 0 && !s.running[0])
		r = err_set(
			e, ENODATA,
			"nobody says which slot runs; the boot loader has to, with myctr.slot=NAME");
	return r < 0 ? r : slots_settle(how, s.running, e);
}

int slots_bad(const struct strv *how, struct err *e)
{
	return slots_settle(how, NULL, e);
}

int slots_other(const struct strv *how, struct err *e)
{
	struct slots s;
	int r = slots_read(how, &s, e);

	if (r < 0)
		return r;
	if (s.trying[0] && strcmp(s.trying, s.running) == 0)
		return slots_bad(how, e);
	if (strcmp(s.running, "a") != 0 && strcmp(s.running, "b") != 0)
		return err_set(e, ENODATA, "slot %s: which is the other one?", s.running);
	return slots_try(how, s.running[0] == 'a' ? "b" : "a", e);
}
