// SPDX-License-Identifier: MIT
/*
 * The default profile: what its BPF program answers for every number of every ABI against the readable
 * list it was made from, and what a process that has loaded it can really do.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/driver.h"
#include "core/lib/arena.h"
#include "core/lib/config.h"
#include "tests/unit/drivers/seccomp/bpf.h"

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))
#define BIT(cap) (UINT64_C(1) << (cap))

static struct arena arena;

static struct sock_fprog program(uint64_t caps)
{
	const struct seccomp_driver *d = *__start_set_seccomp;
	struct sock_fprog p = { 0 };
	struct err e = { 0 };

	assert_true(__start_set_seccomp + 1 == __stop_set_seccomp);
	assert_true(d->match("default"));
	assert_false(d->match("defaults"));
	assert_int_equal(d->build("default", caps, &arena, &p, &e), 0);
	return p;
}

static uint32_t ask(const struct sock_fprog *p, uint32_t arch, long nr, uint64_t arg0,
		    uint64_t arg1)
{
	struct seccomp_data d = { .nr = (int)nr, .arch = arch, .args = { arg0, arg1 } };
	unsigned int steps = 0;
	uint32_t answer = bpf_run(p, &d, &steps);

	/* a tree, not a list: every call is answered soon */
	assert_true(steps < 40);
	return answer;
}

static uint32_t native(const struct sock_fprog *p, const char *name, uint64_t arg0, uint64_t arg1)
{
	int nr = seccomp_syscall_resolve_name(name);

	assert_true(nr >= 0);
	return ask(p, seccomp_arch_native(), nr, arg0, arg1);
}

/* What default.list says of a name in the simplest reading: 1 allowed, 0 denied, -1 conditional, -2 absent. */
static int listed(const char *name)
{
	static char text[65536];
	char line[1024], *save;
	int found = -2;
	FILE *f;

	if (!text[0]) {
		f = fopen("drivers/seccomp/default.list", "r");
		assert_non_null(f);
		assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
		fclose(f);
	}
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len = strcspn(p, "\n");
		bool here = false, conditional = false, deny = false;

		snprintf(line, sizeof(line), "%.*s", (int)len, p);
		line[strcspn(line, "#")] = '\0';
		for (char *w = strtok_r(line, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
			conditional |= strcmp(w, "if") == 0;
			deny |= strcmp(w, "deny") == 0;
			w[strcspn(w, "@")] = '\0';
			here |= !conditional && strcmp(w, name) == 0;
		}
		if (here)
			found = conditional ? -1 : !deny;
	}
	return found;
}

static void every_number(const struct sock_fprog *p, uint32_t arch)
{
	for (int nr = 0; nr < 1000; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(arch, nr);
		uint32_t answer = ask(p, arch, nr, 0, 0);
		int want = name ? listed(name) : -2;

		if (want == 1 && answer != ALLOW)
			fail_msg("%s (%d) of %x: %x", name, nr, arch, answer);
		if (want == 0 && answer != REFUSE(EPERM))
			fail_msg("%s (%d) of %x: %x", name, nr, arch, answer);
		/* those younger than libseccomp are allowed by number: nothing beyond the last is */
		if (want == -2 && answer != REFUSE(ENOSYS) && (name || nr < 451 || nr > 469))
			fail_msg("%s (%d) of %x: %x", name ? name : "unassigned", nr, arch, answer);
		free(name);
	}
}

static void whole_list(void **state)
{
	struct sock_fprog p = program(0);

	(void)state;
	every_number(&p, seccomp_arch_native());
	if (IS_ENABLED(CONFIG_SECCOMP_COMPAT) && seccomp_arch_native() == SCMP_ARCH_X86_64)
		every_number(&p, SCMP_ARCH_X86);
	if (IS_ENABLED(CONFIG_SECCOMP_COMPAT) && seccomp_arch_native() == SCMP_ARCH_AARCH64)
		every_number(&p, SCMP_ARCH_ARM);
}

static void other_abis(void **state)
{
	struct sock_fprog p = program(UINT64_MAX);

	(void)state;
	assert_int_equal(ask(&p, AUDIT_ARCH_S390X, 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask(&p, 0, 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask(&p, seccomp_arch_native(), -1, 0, 0), REFUSE(ENOSYS));
	assert_int_equal(ask(&p, seccomp_arch_native(), 0x7fffffff, 0, 0), REFUSE(ENOSYS));
	/* x32: read(2) with the x32 bit, under the 64-bit architecture */
	assert_int_equal(ask(&p, seccomp_arch_native(), 0x40000000, 0, 0), REFUSE(ENOSYS));
	if (!IS_ENABLED(CONFIG_SECCOMP_COMPAT) && seccomp_arch_native() == SCMP_ARCH_X86_64)
		assert_int_equal(ask(&p, SCMP_ARCH_X86, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void arguments(void **state)
{
	static const uint64_t namespaces[] = { CLONE_NEWNS,    CLONE_NEWUTS, CLONE_NEWIPC,
					       CLONE_NEWUSER,  CLONE_NEWPID, CLONE_NEWNET,
					       CLONE_NEWCGROUP };
	struct sock_fprog p = program(0);
	const uint64_t high = UINT64_C(1) << 32;

	(void)state;
	assert_int_equal(native(&p, "clone", SIGCHLD | CLONE_VM | CLONE_THREAD, 0), ALLOW);
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		assert_int_equal(native(&p, "clone", namespaces[i] | SIGCHLD, 0), REFUSE(EPERM));
		assert_int_equal(native(&p, "clone", namespaces[i] | high, 0), REFUSE(EPERM));
	}
	assert_int_equal(native(&p, "clone3", 0, 0), REFUSE(ENOSYS));
	/* the kernel looks at 32 bits of a request, so must the filter */
	assert_int_equal(native(&p, "ioctl", 0, TIOCSTI), REFUSE(EPERM));
	assert_int_equal(native(&p, "ioctl", 0, TIOCSTI | high), REFUSE(EPERM));
	assert_int_equal(native(&p, "ioctl", 0, TIOCLINUX | high), REFUSE(EPERM));
	assert_int_equal(native(&p, "ioctl", 0, TIOCGWINSZ), ALLOW);
	assert_int_equal(native(&p, "socket", AF_INET6, 0), ALLOW);
	assert_int_equal(native(&p, "socket", 40, 0), REFUSE(EAFNOSUPPORT));
	assert_int_equal(native(&p, "socket", 38 | high, 0), REFUSE(EAFNOSUPPORT));
	assert_int_equal(native(&p, "personality", 0xffffffff, 0), ALLOW);
	assert_int_equal(native(&p, "personality", ADDR_NO_RANDOMIZE, 0), REFUSE(EPERM));
}

static void capabilities(void **state)
{
	static const struct {
		const char *name;
		int cap;
	} needs[] = {
		{ "mount", CAP_SYS_ADMIN },
		{ "unshare", CAP_SYS_ADMIN },
		{ "setns", CAP_SYS_ADMIN },
		{ "bpf", CAP_SYS_ADMIN },
		{ "bpf", CAP_BPF },
		{ "syslog", CAP_SYSLOG },
		{ "perf_event_open", CAP_PERFMON },
		{ "chroot", CAP_SYS_CHROOT },
		{ "reboot", CAP_SYS_BOOT },
		{ "init_module", CAP_SYS_MODULE },
		{ "clock_settime", CAP_SYS_TIME },
		{ "acct", CAP_SYS_PACCT },
		{ "process_vm_readv", CAP_SYS_PTRACE },
		{ "mbind", CAP_SYS_NICE },
		{ "open_by_handle_at", CAP_DAC_READ_SEARCH },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		struct sock_fprog with = program(BIT(needs[i].cap)), without = program(0);

		assert_int_equal(native(&with, needs[i].name, 0, 0), ALLOW);
		assert_int_equal(native(&without, needs[i].name, 0, 0), REFUSE(EPERM));
	}
	for (int cap = 0; cap < 64; cap++) {
		struct sock_fprog p = program(BIT(cap));

		assert_int_equal(native(&p, "mount", 0, 0),
				 cap == CAP_SYS_ADMIN ? ALLOW : REFUSE(EPERM));
		assert_int_equal(native(&p, "clone3", 0, 0),
				 cap == CAP_SYS_ADMIN ? ALLOW : REFUSE(ENOSYS));
		assert_int_equal(native(&p, "keyctl", 0, 0), REFUSE(EPERM));
		for (unsigned short i = 0; i < p.len; i++)
			if (p.filter[i].code == (BPF_RET | BPF_K))
				assert_int_not_equal(p.filter[i].k & SECCOMP_RET_ACTION_FULL,
						     SECCOMP_RET_TRACE);
	}
}

/* Exit status of a process under the filter: 0, or the line of what went otherwise. */
static int under_filter(const struct sock_fprog *p)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, p) < 0)
		return __LINE__;
	if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
		return __LINE__;
	if (syscall(SYS_io_uring_setup, 1, NULL) == 0 || errno != EPERM)
		return __LINE__;
	if (syscall(SYS_keyctl, 0, 0, 0) == 0 || errno != EPERM)
		return __LINE__;
	if (syscall(999) == 0 || errno != ENOSYS)
		return __LINE__;
	if (ioctl(master, TIOCSTI, "x") == 0 || errno != EPERM)
		return __LINE__;
	if (socket(40, SOCK_STREAM, 0) >= 0 || errno != EAFNOSUPPORT)
		return __LINE__;
	return getppid() > 0 ? 0 : __LINE__;
}

static void loaded(void **state)
{
	struct sock_fprog p = program(0);
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(under_filter(&p) % 256);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#ifdef __x86_64__
/* A system call by the 32-bit entry, from a 64-bit program. */
static long by_int80(long nr, long arg)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(arg), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}
#else
static long by_int80(long nr, long arg)
{
	(void)nr, (void)arg;
	abort();
}
#endif

/* 0 as expected, 1 the entry does not exist here, 2 something got through. */
static int enters(const struct sock_fprog *p, long nr, long want)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (by_int80(20, 0) != getpid())
			_exit(1);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, p) < 0)
			_exit(1);
		_exit(by_int80(nr, 0) == want ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS && !IS_ENABLED(CONFIG_SECCOMP_COMPAT) ? 0 : 1;
	return WEXITSTATUS(status);
}

static void other_entry(void **state)
{
	struct sock_fprog p = program(0);
	int keyctl;

	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip();
	keyctl = enters(&p, 288, -EPERM);
	if (keyctl == 1)
		skip();
	assert_int_equal(keyctl, 0);
	assert_int_equal(enters(&p, 425, -EPERM), 0); /* io_uring_setup */
	assert_int_equal(enters(&p, 21, -EPERM), 0);  /* mount */
	assert_int_equal(enters(&p, 999, -ENOSYS), 0);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_list), cmocka_unit_test(other_abis),
		cmocka_unit_test(arguments),  cmocka_unit_test(capabilities),
		cmocka_unit_test(loaded),     cmocka_unit_test(other_entry),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
