// SPDX-License-Identifier: MIT
/* Profiles in Docker's and OCI's JSON and as lists: what their programs answer, and what is refused. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/driver.h"
#include "core/lib/config.h"
#include "drivers/seccomp/profile.h"
#include "tests/unit/drivers/seccomp/bpf.h"

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))
#define RULE(text) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" text "]}"

static struct arena arena;
static struct sock_fprog program;
static struct err e;

static int compile(const char *text, uint64_t caps)
{
	char *copy = strdup(text);
	int ret;

	memset(&e, 0, sizeof(e));
	memset(&program, 0, sizeof(program));
	ret = profile_compile("test", copy, strlen(copy), caps, &arena, &program, &e);
	free(copy);
	if (ret < 0)
		assert_int_equal(ret, -e.code);
	return ret;
}

static uint32_t ask_of(uint32_t arch, const char *name, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data d = { .nr = seccomp_syscall_resolve_name_arch(arch, name),
				  .arch = arch,
				  .args = { arg0, arg1 } };
	unsigned int steps = 0;

	assert_true(d.nr >= 0);
	return bpf_run(&program, &d, &steps);
}

static uint32_t ask(const char *name, uint64_t arg0, uint64_t arg1)
{
	return ask_of(seccomp_arch_native(), name, arg0, arg1);
}

static void json_simple(void **state)
{
	(void)state;
	assert_int_equal(
		compile(RULE("{\"names\":[\"read\",\"write\",\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			     "{\"name\":\"getpid\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
			     "{\"names\":[\"reboot\"],\"action\":\"SCMP_ACT_KILL_PROCESS\",\"args\":null}"),
			0),
		0);
	assert_int_equal(ask("read", 0, 0), ALLOW);
	assert_int_equal(ask("write", 0, 0), ALLOW);
	assert_int_equal(ask("getpid", 0, 0), REFUSE(ENOSYS));
	assert_int_equal(ask("reboot", 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask("open_by_handle_at", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask_of(SCMP_ARCH_PARISC, "read", 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", 0), 0);
	assert_int_equal(ask("read", 0, 0), ALLOW);
	assert_int_equal(
		compile(" \n{ \"defaultAction\" : \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\" : 38 }\n",
			0),
		0);
	assert_int_equal(ask("read", 0, 0), REFUSE(ENOSYS));
}

static void json_args(void **state)
{
	(void)state;
	assert_int_equal(
		compile(RULE("{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
			     "{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]},"
			     "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":"
			     "2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
			     "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,"
			     "\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_NE\"}]},"
			     "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,"
			     "\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}"),
			0),
		0);
	assert_int_equal(ask("personality", 8, 0), ALLOW);
	assert_int_equal(ask("personality", 9, 0), REFUSE(EPERM));
	assert_int_equal(ask("clone", 17, 0), ALLOW);
	assert_int_equal(ask("clone", 0x10000000, 0), REFUSE(EPERM));
	/* different arguments: all; the same one again: any */
	assert_int_equal(ask("ioctl", 1, 3), ALLOW);
	assert_int_equal(ask("ioctl", 1, 2), REFUSE(EPERM));
	assert_int_equal(ask("ioctl", 0, 3), REFUSE(EPERM));
	assert_int_equal(ask("socket", 1, 0), ALLOW);
	assert_int_equal(ask("socket", 2, 0), ALLOW);
	assert_int_equal(ask("socket", 3, 0), REFUSE(EPERM));
}

static void json_conditions(void **state)
{
	static const char text[] = RULE(
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"setns\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_BPF\",\"CAP_PERFMON\"]}},"
		"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}},"
		"{\"names\":[\"kcmp\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"99.1\"}},"
		"{\"names\":[\"acct\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"s390\",\"s390x\"]}},"
		"{\"names\":[\"reboot\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"arches\":[\"s390\"]}}");

	(void)state;
	assert_int_equal(compile(text, 0), 0);
	assert_int_equal(ask("mount", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask("setns", 0, 0), ALLOW);
	assert_int_equal(ask("ptrace", 0, 0), ALLOW);
	assert_int_equal(ask("kcmp", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask("acct", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask("reboot", 0, 0), ALLOW);
	assert_int_equal(compile(text, UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_BPF), 0);
	assert_int_equal(ask("mount", 0, 0), ALLOW);
	assert_int_equal(ask("setns", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask("bpf", 0, 0), REFUSE(EPERM));
	assert_int_equal(compile(text, UINT64_MAX), 0);
	assert_int_equal(ask("bpf", 0, 0), ALLOW);
}

static void json_archs(void **state)
{
	(void)state;
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		skip();
	assert_int_equal(
		compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\","
			"\"subArchitectures\":[\"SCMP_ARCH_ARM\"]},{\"architecture\":\"SCMP_ARCH_X86_64\","
			"\"subArchitectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]}],\"syscalls\":["
			"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
			0),
		0);
	assert_int_equal(ask("read", 0, 0), ALLOW);
	assert_int_equal(ask_of(SCMP_ARCH_X86, "read", 0, 0), ALLOW);
	assert_int_equal(ask_of(SCMP_ARCH_X86, "write", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask_of(SCMP_ARCH_ARM, "read", 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(
		compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\","
			"\"SCMP_ARCH_X86\",\"SCMP_ARCH_S390X\",\"SCMP_ARCH_NEWER\"]}",
			0),
		0);
	assert_int_equal(ask_of(SCMP_ARCH_X86, "write", 0, 0), REFUSE(EPERM));
}

static void json_refused(void **state)
{
	static const char *const bad[] = {
		"{",
		"{}",
		"{}{}",
		"{\"defaultAction\"}",
		"{\"defaultAction\":1}",
		"{\"defaultAction\":\"SCMP_ACT_FLY\"}",
		"{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\"} x",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\"},{}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":{}}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":{}}",
		RULE("{}"),
		RULE("1"),
		RULE("[]"),
		RULE("{\"names\":[\"read\"]}"),
		RULE("{\"names\":{},\"action\":\"SCMP_ACT_ALLOW\"}"),
		RULE("{\"names\":[1],\"action\":\"SCMP_ACT_ALLOW\"}"),
		RULE("{\"names\":[\"\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
		RULE("{\"names\":[\"re\\u0061d\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
		RULE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":-1}"),
		RULE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{}]}"),
		RULE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":6,\"value\":1,"
		     "\"op\":\"SCMP_CMP_EQ\"}]}"),
		RULE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,"
		     "\"op\":\"SCMP_CMP_X\"}]}"),
		RULE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		     "\"value\":18446744073709551616,\"op\":\"SCMP_CMP_EQ\"}]}"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (compile(bad[i], 0) == 0)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(
		compile("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\n\n\"syscalls\":[\n7]}", 0),
		-EINVAL);
	assert_non_null(strstr(e.msg, "test:4:"));
}

/* A text of nothing but brackets must not take minutes. */
static void json_deep(void **state)
{
	const size_t len = PROFILE_MAX_BYTES - 32;
	char *text = malloc(PROFILE_MAX_BYTES);

	(void)state;
	strcpy(text, "{\"defaultAction\":");
	memset(text + 17, '[', len / 2);
	memset(text + 17 + len / 2, ']', len / 2);
	strcpy(text + 17 + len / 2 * 2, "}");
	assert_true(compile(text, 0) < 0);
	memset(text + 1, '{', len);
	text[len] = '\0';
	assert_true(compile(text, 0) < 0);
	/* wide is as long as it is */
	strcpy(text, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":[");
	for (size_t i = strlen(text); i < len; i += 3)
		memcpy(text + i, "{},", 4);
	strcpy(text + strlen(text) - 1, "]}");
	assert_int_equal(compile(text, 0), 0);
	free(text);
}

static void lists(void **state)
{
	(void)state;
	assert_int_equal(
		compile("# web\nread write\n\tgetpid, exit_group # and out\r\n\nopenat", 0), 0);
	assert_int_equal(ask("read", 0, 0), ALLOW);
	assert_int_equal(ask("getpid", 0, 0), ALLOW);
	assert_int_equal(ask("exit_group", 0, 0), ALLOW);
	assert_int_equal(ask("openat", 0, 0), ALLOW);
	assert_int_equal(ask("mount", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask("clone3", 0, 0), REFUSE(ENOSYS));
	if (IS_ENABLED(CONFIG_SECCOMP_COMPAT) && seccomp_arch_native() == SCMP_ARCH_X86_64)
		assert_int_equal(ask_of(SCMP_ARCH_X86, "read", 0, 0), ALLOW);
	assert_int_equal(compile("clone3", 0), 0);
	assert_int_equal(ask("clone3", 0, 0), ALLOW);
	assert_int_equal(compile("read\nwrite\nopne\n", 0), -EINVAL);
	assert_non_null(strstr(e.msg, "test:3:"));
	assert_int_equal(compile("", 0), 0);
	assert_int_equal(ask("read", 0, 0), REFUSE(EPERM));
}

static void files(void **state)
{
	const struct seccomp_driver *d = *__start_set_seccomp;
	char path[] = "/tmp/profile_test.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_false(d->match("default"));
	assert_false(d->match("unconfined"));
	assert_true(d->match(path));
	assert_int_equal(write(fd, "read", 4), 4);
	assert_int_equal(d->build(path, 0, &arena, &program, &e), 0);
	assert_int_equal(ask("read", 0, 0), ALLOW);
	assert_int_equal(ftruncate(fd, PROFILE_MAX_BYTES + 1), 0);
	assert_int_equal(d->build(path, 0, &arena, &program, &e), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(d->build(path, 0, &arena, &program, &e), -ENOENT);
	assert_non_null(strstr(e.msg, path));
	assert_true(d->build("/proc/self", 0, &arena, &program, &e) < 0);
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
		cmocka_unit_test(json_simple),	   cmocka_unit_test(json_args),
		cmocka_unit_test(json_conditions), cmocka_unit_test(json_archs),
		cmocka_unit_test(json_refused),	   cmocka_unit_test(json_deep),
		cmocka_unit_test(lists),	   cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
