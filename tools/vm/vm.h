/* SPDX-License-Identifier: MIT */
/*
 * vm: host side of the VM runner. One folder per machine holds its sockets and logs:
 *
 *	console.log   all the serial console ever printed      console.sock  the serial line
 *	agent.sock    the virtio port of the guest's agent     qmp.sock      QEMU's own protocol
 *	pid           of the keeper process                    qemu.log      what QEMU complained about
 *	exit          why QEMU ended, one word                 seen          how far `expect` has read
 */
#ifndef TOOLS_VM_VM_H
#define TOOLS_VM_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/err.h"

#define VM_PATH_MAX 100 /* a unix socket address holds 108 */

struct vm {
	const char *name;
	char dir[VM_PATH_MAX];
};

/* What `vm start` was told. */
struct vm_options {
	const char *arch, *kernel, *append, *memory, *cpus;
	const char *initrd[8], *disk[8], *writelog[8], *extra[32];
	unsigned int n_initrd, n_disk, n_extra;
	unsigned int limit; /* seconds until the keeper ends QEMU */
	bool reboot, net, snapshot;
};

/* Path of a file in the machine's folder; buf of VM_PATH_MAX + 32 bytes, returned. */
#define VM_FILE_MAX (VM_PATH_MAX + 32)
char *vm_file(const struct vm *vm, const char *file, char *buf);

/* Milliseconds of the monotonic clock. */
uint64_t vm_now(void);

/* Connects to a socket of the machine. File descriptor (caller closes) or -errno. */
int vm_connect(const struct vm *vm, const char *file, struct err *e);

/* Builds QEMU's argv (malloc'd strings, NULL-terminated) for the machine. */
int qemu_args(const struct vm *vm, const struct vm_options *o, char ***argv, struct err *e);

/*
 * Starts QEMU under a keeper process which stays until QEMU ends, writes `exit`, and ends QEMU when
 * o->limit is over. Returns once the sockets are there.
 */
int keeper_start(const struct vm *vm, const struct vm_options *o, struct err *e);

/* Ends QEMU. 0 also when it had ended before. */
int keeper_stop(const struct vm *vm, struct err *e);

/*
 * Waits until QEMU has ended; ms 0 waits for ever. Writes the reason ("guest-shutdown",
 * "guest-reset", "host", "limit", "failed") to why[32]. -ETIMEDOUT.
 */
int keeper_wait(const struct vm *vm, uint64_t ms, char *why, struct err *e);

/* True while QEMU runs. */
bool keeper_alive(const struct vm *vm);

/*
 * Runs a request of the agent (op of proto.h, args NULL-terminated) with this process's stdin when
 * input is true, stdout and stderr. Returns the exit status 0..255, or -errno; -ETIMEDOUT after ms.
 */
int client_run(const struct vm *vm, char op, char **args, bool input, uint64_t ms, struct err *e);

/* push: local file to the guest with mode (octal text); pull: guest file to local. Status as above. */
int client_push(const struct vm *vm, const char *local, const char *remote, const char *mode,
		struct err *e);
int client_pull(const struct vm *vm, const char *remote, const char *local, struct err *e);

/* Waits until the agent answers. */
int client_ping(const struct vm *vm, uint64_t ms, struct err *e);

/*
 * Waits until what the console printed since the last expect matches the extended regular expression;
 * what follows the match is left for the next. Prints the matched line when show. -ETIMEDOUT.
 */
int console_expect(const struct vm *vm, const char *regex, uint64_t ms, bool show, struct err *e);

/* Types text on the serial line; \n \r \t \\ and \xNN are understood. */
int console_type(const struct vm *vm, const char *text, struct err *e);

/* Joins the terminal and the serial line until QEMU ends or Ctrl-] is typed. */
int console_attach(const struct vm *vm, struct err *e);

#endif
