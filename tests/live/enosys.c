/* SPDX-License-Identifier: MIT */
/*
 * enosys CALL... -- COMMAND...: runs a command on a kernel that seems not to have the named system calls:
 * a seccomp filter, inherited by everything below, answers ENOSYS. Needs root. Runs on the test machine.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The numbers of newer calls are the same on all architectures but alpha. */
static const struct {
	const char *name;
	unsigned int number;
} enosys_calls[] = {
	{ "pidfd_send_signal", 424 },
	{ "open_tree", 428 },
	{ "move_mount", 429 },
	{ "fsopen", 430 },
	{ "fsconfig", 431 },
	{ "fsmount", 432 },
	{ "fspick", 433 },
	{ "pidfd_open", 434 },
	{ "clone3", 435 },
	{ "close_range", 436 },
	{ "openat2", 437 },
	{ "pidfd_getfd", 438 },
	{ "faccessat2", 439 },
	{ "epoll_pwait2", 441 },
	{ "mount_setattr", 442 },
};

#define ENOSYS_N (sizeof(enosys_calls) / sizeof(*enosys_calls))

static int enosys_number(const char *name)
{
	for (size_t i = 0; i < ENOSYS_N; i++)
		if (strcmp(enosys_calls[i].name, name) == 0)
			return (int)enosys_calls[i].number;
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_filter f[2 * ENOSYS_N + 2];
	struct sock_fprog prog = { .filter = f };
	unsigned short n = 0;
	int i;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, nr));
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		int number = enosys_number(argv[i]);

		if (number < 0 || n + 3U > sizeof(f) / sizeof(*f)) {
			fprintf(stderr, "enosys: %s: no call of the list\n", argv[i]);
			return 2;
		}
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						      (unsigned int)number, 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = n;
	if (i + 1 >= argc || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0) {
		perror("enosys");
		return 2;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
