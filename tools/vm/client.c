// SPDX-License-Identifier: MIT
/*
 * Requests to the guest's agent: run a program, push a file, pull a file. One connection per request,
 * one request at a time per machine (a lock), always with an end: the agent's answer, the time-out, or
 * the end of QEMU.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "tools/vm/proto.h"
#include "tools/vm/vm.h"

#define PING_MS 20
#define AGENT_MS 60000 /* until the agent must have answered at all */

struct client {
	int fd, lock, in, out;
	uint32_t id;
	struct vm_frame frame;
};

static void client_close(struct client *c)
{
	fd_close(&c->fd);
	fd_close(&c->lock);
}

static int lock_agent(const struct vm *vm, uint64_t end, struct err *e)
{
	char path[VM_FILE_MAX];
	AUTO_FD int fd = open(vm_file(vm, "agent.lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, errno, "%s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (vm_now() > end)
			return err_set(e, ETIMEDOUT, "%s: the agent is busy with another request",
				       vm->name);
		usleep(10000);
	}
	return fd_take(&fd);
}

/* A frame of this session within the time, 0 at end of file. */
static int next_frame(struct client *c, uint64_t end)
{
	int r;

	do {
		struct pollfd p = { c->fd, POLLIN, 0 };
		uint64_t now = vm_now();

		if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
			return -ETIMEDOUT;
		r = vm_frame_recv(c->fd, &c->frame);
	} while (r > 0 && c->frame.session != c->id);
	return r;
}

/* The guest drops what was sent before its port was open, so the question is repeated. */
static int client_open(struct client *c, const struct vm *vm, uint64_t ms, struct err *e)
{
	struct timeval tv = { .tv_sec = 30 }; /* bounds a frame that stops half way */
	uint64_t end = vm_now() + ms;
	int r;

	c->fd = -1;
	c->lock = lock_agent(vm, end, e);
	if (c->lock < 0)
		return c->lock;
	c->fd = vm_connect(vm, "agent.sock", e);
	if (c->fd < 0)
		return c->fd;
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	c->id = (uint32_t)getpid() ^ (uint32_t)vm_now() << 16;
	do {
		r = vm_frame_send(c->fd, c->id, VM_PING, NULL, 0);
		if (r >= 0)
			r = next_frame(c, vm_now() + PING_MS);
	} while (r == -ETIMEDOUT && vm_now() < end);
	if (r > 0)
		return 0;
	return err_set(e, r ? -r : EPIPE, "%s: the agent does not answer (%s); see console.log",
		       vm->name, r ? err_text(r) : "QEMU ended");
}

int client_ping(const struct vm *vm, uint64_t ms, struct err *e)
{
	struct client c;
	int r = client_open(&c, vm, ms, e);

	client_close(&c);
	return r;
}

static int send_request(struct client *c, char op, char **args)
{
	size_t len = 1;

	c->frame.data[0] = (uint8_t)op;
	for (; *args; args++) {
		size_t n = strlen(*args) + 1;

		if (len + n > VM_FRAME_MAX)
			return -E2BIG;
		memcpy(c->frame.data + len, *args, n);
		len += n;
	}
	return vm_frame_send(c->fd, c->id, VM_RUN, c->frame.data, (uint32_t)len);
}

static int pass_input(struct client *c)
{
	ssize_t n = read(c->in, c->frame.data, VM_FRAME_MAX);

	if (n > 0)
		return vm_frame_send(c->fd, c->id, VM_STDIN, c->frame.data, (uint32_t)n);
	c->in = -1;
	return vm_frame_send(c->fd, c->id, VM_STDIN_END, NULL, 0);
}

/* Less than 0: error; 256 and more: go on. */
static int take_answer(struct client *c, uint64_t end)
{
	int r = next_frame(c, end);

	if (r <= 0)
		return r ? r : -EPIPE;
	if (c->frame.type == VM_STDOUT)
		r = fd_write(c->out, c->frame.data, c->frame.len);
	else if (c->frame.type == VM_STDERR)
		r = fd_write(2, c->frame.data, c->frame.len);
	else if (c->frame.type == VM_EXIT && c->frame.len == 4)
		return (int)(le_get32(c->frame.data) & 0xff);
	return r < 0 ? r : 256;
}

static int converse(struct client *c, uint64_t end)
{
	int r = c->in < 0 ? vm_frame_send(c->fd, c->id, VM_STDIN_END, NULL, 0) : 256;

	for (r = r < 0 ? r : 256; r == 256;) {
		struct pollfd p[2] = { { c->fd, POLLIN, 0 }, { c->in, POLLIN, 0 } };
		uint64_t now = vm_now();

		if (now >= end || poll(p, 2, (int)(end - now)) == 0)
			return -ETIMEDOUT;
		if (p[0].revents)
			r = take_answer(c, end);
		else if (p[1].revents && pass_input(c) < 0)
			r = -EPIPE;
	}
	return r;
}

static int run(const struct vm *vm, char op, char **args, int in, int out, uint64_t ms,
	       struct err *e)
{
	struct client c = { .in = in, .out = out };
	int r = client_open(&c, vm, ms < AGENT_MS ? ms : AGENT_MS, e);

	if (r >= 0) {
		r = send_request(&c, op, args);
		if (r >= 0)
			r = converse(&c, vm_now() + ms);
		if (r < 0)
			err_set(e, -r, "%s: %s: %s", vm->name, args[0],
				r == -ETIMEDOUT ? "no end within the time given"
				: r == -EPIPE	? "the machine ended meanwhile"
						: err_text(r));
	}
	client_close(&c);
	return r;
}

int client_run(const struct vm *vm, char op, char **args, bool input, uint64_t ms, struct err *e)
{
	return run(vm, op, args, input ? 0 : -1, 1, ms, e);
}

int client_push(const struct vm *vm, const char *local, const char *remote, const char *mode,
		struct err *e)
{
	char *args[] = { (char *)(uintptr_t)remote, (char *)(uintptr_t)mode, NULL };
	AUTO_FD int fd = open(local, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "%s", local);
	return run(vm, VM_OP_PUSH, args, fd, 1, 600000, e);
}

int client_pull(const struct vm *vm, const char *remote, const char *local, struct err *e)
{
	char *args[] = { (char *)(uintptr_t)remote, NULL };
	AUTO_FD int fd = open(local, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, errno, "%s", local);
	return run(vm, VM_OP_PULL, args, -1, fd, 600000, e);
}
