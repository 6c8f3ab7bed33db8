// SPDX-License-Identifier: MIT
/*
 * The keeper: one background process per machine, parent of QEMU and client of its monitor, which
 * writes down why QEMU ended and ends it when its time is over, so that nothing is ever left running.
 * `vm start` forks it; it talks to no terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "tools/vm/vm.h"

#define START_MS 15000 /* until QEMU's sockets are there */

struct watch {
	const struct vm *vm;
	pid_t qemu;
	int qmp;
	uint64_t end; /* vm_now() at which QEMU is ended */
	char why[32], line[4096];
	size_t len;
};

static volatile sig_atomic_t asked_to_stop;

static void on_term(int sig)
{
	(void)sig;
	asked_to_stop = 1;
}

/* QMP events are one JSON object a line; the first SHUTDOWN carries the reason. */
static void take_line(struct watch *w, const char *line)
{
	const char *reason = strstr(line, "\"reason\": \"");

	if (!strstr(line, "\"SHUTDOWN\"") || !reason)
		return;
	reason += strlen("\"reason\": \"");
	snprintf(w->why, sizeof(w->why), "%.*s", (int)strcspn(reason, "\""), reason);
}

static void read_qmp(struct watch *w)
{
	ssize_t n = read(w->qmp, w->line + w->len, sizeof(w->line) - 1 - w->len);
	char *nl;

	if (n <= 0) {
		fd_close(&w->qmp);
		return;
	}
	w->len += (size_t)n;
	w->line[w->len] = 0;
	while ((nl = memchr(w->line, '\n', w->len))) {
		*nl = 0;
		take_line(w, w->line);
		w->len -= (size_t)(nl + 1 - w->line);
		memmove(w->line, nl + 1, w->len);
	}
	if (w->len == sizeof(w->line) - 1)
		w->len = 0;
}

static void end_qemu(struct watch *w, const char *why)
{
	if (!w->why[0])
		snprintf(w->why, sizeof(w->why), "%s", why);
	kill(w->qemu, SIGKILL);
}

static void watch(struct watch *w)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	int status = 0;

	w->qmp = -1;
	while (waitpid(w->qemu, &status, WNOHANG) == 0) {
		struct pollfd p = { w->qmp, POLLIN, 0 };

		if (w->qmp < 0 && !w->why[0]) {
			w->qmp = vm_connect(w->vm, "qmp.sock", NULL);
			if (w->qmp >= 0)
				fd_write(w->qmp, hello, sizeof(hello) - 1);
		}
		if (asked_to_stop)
			end_qemu(w, "host");
		else if (vm_now() > w->end)
			end_qemu(w, "limit");
		if (poll(&p, 1, w->qmp < 0 ? 10 : 50) > 0)
			read_qmp(w);
	}
	while (w->qmp >= 0)
		read_qmp(w);
	if (!w->why[0])
		snprintf(w->why, sizeof(w->why), "failed");
}

static NORETURN void run_qemu(const struct vm *vm, char **argv)
{
	char path[VM_FILE_MAX];
	int log = open(vm_file(vm, "qemu.log", path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(log, 1);
	dup2(log, 2);
	close_range(3, ~0U, 0);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static NORETURN void keep(const struct vm *vm, const struct vm_options *o, char **argv, int lock)
{
	struct watch w = { .vm = vm };
	struct sigaction sa = { .sa_handler = on_term };
	char path[VM_FILE_MAX], pid[16];
	int null = open("/dev/null", O_RDWR);

	(void)lock; /* held open for as long as this process lives */
	setsid();
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	fd_replace(AT_FDCWD, vm_file(vm, "pid", path), pid, strlen(pid), 0600, false);
	w.end = vm_now() + o->limit * 1000ULL;
	w.qemu = fork();
	if (w.qemu == 0)
		run_qemu(vm, argv);
	watch(&w);
	fd_replace(AT_FDCWD, vm_file(vm, "exit", path), w.why, strlen(w.why), 0600, false);
	_exit(0);
}

static int take_lock(const struct vm *vm)
{
	char path[VM_FILE_MAX];
	AUTO_FD int fd = open(vm_file(vm, "lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return fd_take(&fd);
}

bool keeper_alive(const struct vm *vm)
{
	AUTO_FD int fd = take_lock(vm);

	return fd == -EWOULDBLOCK;
}

static int append_file(int to, const char *name, struct err *e)
{
	AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC);
	static const char zero[4];
	char buf[65536];
	ssize_t n;
	off_t size;

	if (fd < 0)
		return err_set(e, errno, "initrd: %s: %s", name, strerror(errno));
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (fd_write(to, buf, (size_t)n) < 0)
			return err_set(e, errno, "initrd: write: %s", strerror(errno));
	/* the kernel wants each archive to begin at a multiple of four */
	size = lseek(to, 0, SEEK_END);
	return size % 4 ? fd_write(to, zero, (size_t)(4 - size % 4)) : 0;
}

static int join_initrds(const struct vm *vm, const struct vm_options *o, struct err *e)
{
	char path[VM_FILE_MAX];
	AUTO_FD int to =
		open(vm_file(vm, "initrd", path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = 0;

	for (unsigned int i = 0; i < o->n_initrd && r >= 0; i++)
		r = append_file(to, o->initrd[i], e);
	return r;
}

static int wait_for_sockets(const struct vm *vm, struct err *e)
{
	char path[VM_FILE_MAX];
	char text[512] = "no reason given";

	for (uint64_t end = vm_now() + START_MS; vm_now() < end; usleep(10000)) {
		AUTO_FD int con = vm_connect(vm, "console.sock", NULL);
		AUTO_FD int agent = vm_connect(vm, "agent.sock", NULL);

		if (con >= 0 && agent >= 0)
			return 0;
		if (access(vm_file(vm, "exit", path), F_OK) == 0)
			break;
	}
	fd_read_text(AT_FDCWD, vm_file(vm, "qemu.log", path), text, sizeof(text));
	return err_set(e, EIO, "%s: QEMU did not start: %.180s", vm->name, text);
}

int keeper_start(const struct vm *vm, const struct vm_options *o, struct err *e)
{
	static const char *const old[] = { "exit",	   "seen",	 "console.log",
					   "console.sock", "agent.sock", "qmp.sock" };
	char path[VM_FILE_MAX];
	char **argv;
	AUTO_FD int lock = take_lock(vm);
	int r;
	pid_t pid;

	if (lock < 0)
		return err_set(e, EBUSY, "%s: runs already; vm stop %s", vm->name, vm->name);
	for (unsigned int i = 0; i < ARRAY_SIZE(old); i++)
		unlink(vm_file(vm, old[i], path));
	r = join_initrds(vm, o, e);
	if (r >= 0)
		r = qemu_args(vm, o, &argv, e);
	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "fork");
	if (pid == 0)
		keep(vm, o, argv, lock);
	return wait_for_sockets(vm, e);
}

int keeper_stop(const struct vm *vm, struct err *e)
{
	char path[VM_FILE_MAX], text[32];

	if (!keeper_alive(vm) ||
	    fd_read_text(AT_FDCWD, vm_file(vm, "pid", path), text, sizeof(text)) < 0)
		return 0;
	kill((pid_t)atoi(text), SIGTERM);
	return keeper_wait(vm, 10000, text, e);
}

int keeper_wait(const struct vm *vm, uint64_t ms, char *why, struct err *e)
{
	char path[VM_FILE_MAX];
	uint64_t end = vm_now() + ms;

	while (keeper_alive(vm)) {
		if (ms && vm_now() > end)
			return err_set(e, ETIMEDOUT, "%s: still running after %u s", vm->name,
				       (unsigned int)(ms / 1000));
		usleep(10000);
	}
	if (fd_read_text(AT_FDCWD, vm_file(vm, "exit", path), why, 32) < 0)
		return err_set(e, ENOENT, "%s: was never started", vm->name);
	return 0;
}
