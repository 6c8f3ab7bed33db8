// SPDX-License-Identifier: MIT
/* Users and groups: exactly the one written or refused, over hostile files of an image. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ids.h"
#include "core/lib/fd.h"

static char dir[] = "/tmp/ids_test.XXXXXX";
static int root = -1;
static struct ids ids;
static struct err e;

static void put(const char *path, const char *text, size_t len)
{
	int fd;

	unlinkat(root, path, 0);
	fd = openat(root, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, len), 0);
	close(fd);
}

static void passwd(const char *text)
{
	put("etc/passwd", text, strlen(text));
}

static void group(const char *text)
{
	put("etc/group", text, strlen(text));
}

static int look(const char *user)
{
	memset(&e, 0, sizeof(e));
	return ids_lookup(root, user, NULL, &ids, &e);
}

static int setup(void **state)
{
	(void)state;
	if (root < 0) {
		assert_non_null(mkdtemp(dir));
		root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(mkdirat(root, "etc", 0755), 0);
	}
	passwd("root:x:0:0:root:/root:/bin/sh\n"
	       "web:x:33:34:Web:/var/www:/bin/false\n"
	       "1000:x:0:0:named like a number:/:/bin/sh\n"
	       "app:x:1001:1001::/home/app:\n");
	group("root:x:0:\nwww:x:34:\nlog:x:50:web,app\nvideo:x:44:xweb,web\nwebb:x:60:webb\n");
	return 0;
}

static int gone(void **state)
{
	(void)state;
	unlinkat(root, "etc/passwd", 0);
	unlinkat(root, "etc/group", 0);
	unlinkat(root, "etc/other", 0);
	unlinkat(root, "etc", AT_REMOVEDIR);
	rmdir(dir);
	return 0;
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(look("web"), 0);
	assert_int_equal(ids.uid, 33);
	assert_int_equal(ids.gid, 34);
	assert_int_equal(ids.n_groups, 2);
	assert_int_equal(ids.groups[0], 50);
	assert_int_equal(ids.groups[1], 44);
	assert_string_equal(ids.home, "/var/www");
	assert_int_equal(look("web:log"), 0);
	assert_int_equal(ids.gid, 50);
	assert_int_equal(ids.n_groups, 0);
	assert_int_equal(look("web:7"), 0);
	assert_int_equal(ids.gid, 7);
	assert_int_equal(look("nobody"), -ENOENT);
	assert_non_null(strstr(e.msg, "'nobody'"));
	assert_int_equal(look("web:nogroup"), -ENOENT);
	assert_int_equal(look("we"), -ENOENT);
	assert_int_equal(look("webx"), -ENOENT);
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(look("33"), 0);
	assert_int_equal(ids.gid, 34);
	assert_int_equal(ids.n_groups, 2);
	/* a user called "1000" with uid 0 is not the user 1000 */
	assert_int_equal(look("1000"), 0);
	assert_int_equal(ids.uid, 1000);
	assert_int_equal(ids.gid, 1000);
	assert_string_equal(ids.home, "/");
	assert_int_equal(look("4294967294:4294967294"), 0);
	assert_true(ids.uid == 4294967294U && ids.gid == 4294967294U);
	assert_int_equal(ids_lookup(-1, "5:6", NULL, &ids, &e), 0);
	assert_true(ids.uid == 5 && ids.gid == 6 && ids.n_groups == 0);
	assert_int_equal(look(NULL), 0);
	assert_true(ids.uid == 0 && ids.gid == 0);
	assert_string_equal(ids.home, "/root");
	assert_int_equal(look(""), 0);
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"-1",
		"4294967295",
		"4294967296",
		"18446744073709551616",
		" 1000",
		"1000 ",
		"1000:",
		":1000",
		"1000:-1",
		"1000:",
		"1000:4294967295",
		"1:2:3",
		"+0",
		"0\n",
		"\t0",
		"web:",
		":",
		"web: log",
		"a b",
		"-root",
		"web,app",
		"../root",
		"web\x7f",
		"\xc2\xa0"
		"1",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"99999999999999999999999999999999999999999999999999999999999999999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ids.uid = 77;
		if (look(bad[i]) != -EINVAL)
			fail_msg("'%s' was taken as %u:%u", bad[i], ids.uid, ids.gid);
		assert_int_equal(ids_check(bad[i], &e), -EINVAL);
	}
	/* words that look like numbers to strtoul are names, and nobody has them */
	assert_int_equal(look("0x0"), -ENOENT);
	assert_int_equal(look("1e3"), -ENOENT);
	assert_int_equal(ids_check("web:log", &e), 0);
	assert_int_equal(ids_check("0:0", &e), 0);
}

static void hostile_passwd(void **state)
{
	static const char nul[] = "web\0:x:0:0::/:\nweb:x:3\0"
				  "3:34::/:\n";

	(void)state;
	passwd("web:x:-1:34::/:\n");
	assert_int_equal(look("web"), -EINVAL);
	assert_non_null(strstr(e.msg, "line 1"));
	passwd("\n\nweb:x:4294967296:34::/:\n");
	assert_int_equal(look("web"), -EINVAL);
	assert_non_null(strstr(e.msg, "line 3"));
	passwd("web:x: 33:34::/:\n");
	assert_int_equal(look("web"), -EINVAL);
	passwd("web:x::34::/:\n");
	assert_int_equal(look("web"), -EINVAL);
	passwd("web:x:33\n");
	assert_int_equal(look("web"), -EINVAL);
	passwd("web:x:33:34::/:/bin/sh:more\n");
	assert_int_equal(look("web"), -EINVAL);
	passwd("web");
	assert_int_equal(look("web"), -EINVAL);
	put("etc/passwd", nul, sizeof(nul) - 1);
	assert_int_equal(look("web"), -EINVAL);
	passwd(":::::::\n::::::\nweb:x:33:34::relative:\nweb:x:0:0::/:\n");
	assert_int_equal(look("web"), 0);
	assert_int_equal(ids.uid, 33);
	assert_string_equal(ids.home, "/");
	passwd("bad:x:33:34\nweb:x:33:35::/:");
	assert_int_equal(look("33"), 0);
	assert_int_equal(ids.gid, 35);
}

static void hostile_group(void **state)
{
	char many[4096] = "";

	(void)state;
	group("log:x:0x10:web\n");
	assert_int_equal(look("web"), -EINVAL);
	group("log:x:50\nlog:x:51:\n");
	assert_int_equal(look("web:log"), -EINVAL);
	group("log:x:50:,,web\nlog2:x:50:web,\nlog3:x:52:we,webweb,b\n");
	assert_int_equal(look("web"), 0);
	assert_int_equal(ids.n_groups, 1);
	for (int i = 0; i < IDS_GROUPS_MAX + 1; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "g%d:x:%d:web\n", i,
			 100 + i);
	group(many);
	assert_int_equal(look("web"), -E2BIG);
}

static void odd_files(void **state)
{
	static char big[IDS_FILE_MAX + 1];

	(void)state;
	unlinkat(root, "etc/passwd", 0);
	assert_int_equal(look("web"), -ENOENT);
	assert_int_equal(look("12"), 0);
	/* links lead into the image, never to the host's file */
	assert_int_equal(symlinkat("/etc/other", root, "etc/passwd"), 0);
	assert_int_equal(look("root"), -ENOENT);
	put("etc/other", "in:x:9:9::/:\n", 13);
	assert_int_equal(look("in"), 0);
	unlinkat(root, "etc/passwd", 0);
	assert_int_equal(symlinkat("../../../../../../etc/passwd", root, "etc/passwd"), 0);
	assert_true(look("root") < 0);
	unlinkat(root, "etc/passwd", 0);
	/* a pipe would block, a folder cannot be read */
	assert_int_equal(mkfifoat(root, "etc/passwd", 0644), 0);
	assert_int_equal(look("web"), -EINVAL);
	unlinkat(root, "etc/passwd", 0);
	assert_int_equal(mkdirat(root, "etc/passwd", 0755), 0);
	assert_int_equal(look("web"), -EINVAL);
	unlinkat(root, "etc/passwd", AT_REMOVEDIR);
	memset(big, ':', sizeof(big));
	put("etc/passwd", big, sizeof(big));
	assert_int_equal(look("web"), -EFBIG);
}

static void more_groups(void **state)
{
	char *list[] = { "log", "77", "77", NULL }, *bad[] = { "log", "-1", NULL };
	struct strv groups = { list, 3 }, wrong = { bad, 2 };

	(void)state;
	assert_int_equal(ids_lookup(root, "app", &groups, &ids, &e), 0);
	assert_int_equal(ids.n_groups, 2);
	assert_int_equal(ids.groups[0], 50);
	assert_int_equal(ids.groups[1], 77);
	assert_int_equal(ids_lookup(root, "app", &wrong, &ids, &e), -EINVAL);
}

static int becomes(const struct ids *want)
{
	uid_t r, u, s;
	gid_t groups[4];

	if (ids_apply(want, false, NULL) < 0)
		return 1;
	if (getresuid(&r, &u, &s) < 0 || r != want->uid || u != want->uid || s != want->uid)
		return 2;
	if (getresgid(&r, &u, &s) < 0 || r != want->gid || u != want->gid || s != want->gid)
		return 3;
	if (getgroups(4, groups) != 1 || groups[0] != 44)
		return 4;
	return setuid(0) == 0 ? 5 : 0;
}

static void applied(void **state)
{
	struct ids want = { .uid = 4294967294U, .gid = 70000, .groups = { 44 }, .n_groups = 1 };
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(becomes(&want));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names, setup),
		cmocka_unit_test_setup(numbers, setup),
		cmocka_unit_test_setup(refused, setup),
		cmocka_unit_test_setup(hostile_passwd, setup),
		cmocka_unit_test_setup(hostile_group, setup),
		cmocka_unit_test_setup(odd_files, setup),
		cmocka_unit_test_setup(more_groups, setup),
		cmocka_unit_test(applied),
	};

	return cmocka_run_group_tests(tests, NULL, gone);
}
