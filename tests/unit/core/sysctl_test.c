// SPDX-License-Identifier: MIT
/* Which kernel parameters a container may set, and that only procfs's own files are written. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/lib/fd.h"
#include "core/sysctl.h"

static int check(const char *text, bool own)
{
	char *list[] = { (char *)text, NULL }, *nets[] = { "host", NULL };
	struct spec s = { .sysctl = { list, 1 } };
	struct err e = { 0 };

	if (!own) {
		s.network = (struct strv){ nets, 1 };
		s.ipc = s.uts = SPEC_NS_HOST;
	}
	return sysctl_check(&s, &e);
}

static void whose(void **state)
{
	static const char *const own[] = { "net.ipv4.ip_forward=1",
					   "net/ipv4/conf/eth0.100/rp_filter=1",
					   "net.ipv4.conf.eth0/100.rp_filter=1",
					   "kernel.shmmax=1",
					   "fs.mqueue.msg_max=9",
					   "kernel.domainname=x" };
	static const char *const host[] = {
		"kernel.panic=1", "vm.swappiness=1",  "kernel.core_pattern=|/x",
		"kernel.semx=1",  "netx.ipv4=1",      "fs.file-max=1",
		"net=1",	  "kernel.shmmax.x=1"
	};
	static const char *const bad[] = { "",
					   "=",
					   "=1",
					   "net.ipv4",
					   "net..ipv4=1",
					   "net.ipv4.=1",
					   ".net.ipv4=1",
					   "net/../kernel/x=1",
					   "net/./x=1",
					   "/net/ipv4=1",
					   "net.ipv4/../../kernel=1",
					   "net/ipv4/=1",
					   "net.i pv4=1",
					   "net.\n=1",
					   "net//ipv4=1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		assert_int_equal(check(own[i], true), 0);
		assert_int_equal(check(own[i], false), -EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(host); i++)
		assert_int_equal(check(host[i], true), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (check(bad[i], true) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
}

static int set_in_namespaces(void)
{
	char *list[] = { "net.ipv4.ip_forward=1", "kernel.shmmni=77", NULL };
	struct spec s = { .sysctl = { list, 2 } };
	char text[16] = "";
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int other = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0)
		return 1;
	if (sysctl_apply(&s, proc, NULL) < 0)
		return 2;
	if (fd_read_text(proc, "sys/net/ipv4/ip_forward", text, sizeof(text)) != 1 || *text != '1')
		return 3;
	if (fd_read_text(proc, "sys/kernel/shmmni", text, sizeof(text)) != 2 ||
	    strcmp(text, "77") != 0)
		return 4;
	if (sysctl_apply(&s, other, NULL) != -EPERM)
		return 5;
	if (sysctl_set(proc, "net.ipv4.no_such_thing=1", NULL) != -ENOENT)
		return 6;
	return sysctl_set(proc, "kernel.shmmni=words", NULL) == -EINVAL ? 0 : 7;
}

static void applied(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(set_in_namespaces());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(whose), cmocka_unit_test(applied) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
