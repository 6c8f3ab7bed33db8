// SPDX-License-Identifier: MIT
/*
 * The cgroup v2 driver on a real cgroup v2, mounted privately where the host has none: making, reusing,
 * killing, removing, the device filter, and refusing limits whose controllers are not there. What a
 * controller does with a limit is tested in the virtual machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cgroup.h"
#include "core/driver.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"

#define NAME "unit-test"
#define PATH "/sys/fs/cgroup/" CONFIG_CGROUP_PARENT "/" NAME

static const struct cgroup_driver *driver;
static uint32_t missing;
static struct err e;

/* The real one belongs to the spec's own test: here every entry is "PATH" or "PATH:r". */
int spec_device(const char *text, struct spec_device *d, struct err *err)
{
	(void)err;
	memset(d, 0, sizeof(*d));
	memcpy(d->host, text, strcspn(text, ":"));
	d->r = true;
	d->w = d->m = !strchr(text, ':');
	return 0;
}

static bool old_kernel;
static int subtree_error;
int __real_fd_write_text(int dirfd, const char *path, const char *text);
int __wrap_fd_write_text(int dirfd, const char *path, const char *text);

/* As on a kernel before 5.14, which has no cgroup.kill. */
int __wrap_fd_write_text(int dirfd, const char *path, const char *text)
{
	if (old_kernel && strcmp(path, "cgroup.kill") == 0)
		return -ENOENT;
	if (subtree_error && strstr(path, "cgroup.subtree_control"))
		return subtree_error;
	return __real_fd_write_text(dirfd, path, text);
}

static struct spec empty(void)
{
	return (struct spec){ .memory = SPEC_UNLIMITED,
			      .memory_high = SPEC_UNLIMITED,
			      .memory_low = SPEC_UNLIMITED,
			      .memory_min = SPEC_UNLIMITED,
			      .memory_swap = SPEC_UNLIMITED,
			      .cpu = SPEC_UNLIMITED,
			      .pids = SPEC_UNLIMITED };
}

static int up(const struct spec *s)
{
	memset(&e, 0, sizeof(e));
	return driver->up(s, NAME, &missing, &e);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool has_controller(const char *name)
{
	char text[256] = "", *save;

	fd_read_text(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", text, sizeof(text));
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (strcmp(w, name) == 0)
			return true;
	return false;
}

/* A process that is in the cgroup and forks one that ignores SIGTERM in a cgroup of its own below. */
static pid_t live_inside(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (fd_write_text(AT_FDCWD, PATH "/cgroup.procs", "0") < 0)
			_exit(1);
		if (fork() == 0) {
			signal(SIGTERM, SIG_IGN);
			mkdir(PATH "/a", 0755);
			mkdir(PATH "/a/b", 0755);
			fd_write_text(AT_FDCWD, PATH "/a/b/cgroup.procs", "0");
		}
		fd_write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static int down_soon(void)
{
	int ret = -EBUSY;

	for (int i = 0; i < 400 && ret == -EBUSY; i++) {
		ret = driver->down(NAME);
		usleep(5000);
	}
	return ret;
}

static void makes_and_removes(void **state)
{
	struct spec s = empty();
	struct cgroup_stat st;
	int fd = up(&s);

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_true(exists(PATH));
	fd = driver->open(NAME);
	assert_true(fd >= 0);
	close(fd);
	memset(&st, 0xff, sizeof(st));
	assert_int_equal(driver->stat(NAME, &st), 0);
	assert_true(st.oom_kills == 0 && st.cpu_usec == 0);
	assert_int_equal(driver->down(NAME), 0);
	assert_false(exists(PATH));
	assert_int_equal(driver->down(NAME), 0);
	assert_int_equal(driver->kill(NAME), 0);
	assert_int_equal(driver->open(NAME), -ENOENT);
	assert_int_equal(driver->stat(NAME, &st), -ENOENT);
}

static void names(void **state)
{
	static const char *const bad[] = { "",	  ".",	"..", "../x",
					   "a/b", "-x", "/x", "cgroup.procs/",
					   ".x" };
	struct spec s = empty();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(driver->up(&s, bad[i], &missing, &e), -EINVAL);
		assert_int_equal(driver->down(bad[i]), -EINVAL);
		assert_int_equal(driver->kill(bad[i]), -EINVAL);
		assert_int_equal(driver->open(bad[i]), -EINVAL);
	}
}

static void kills_all(void **state)
{
	struct spec s = empty();
	int status, fd = up(&s);
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	pid = live_inside();
	assert_int_equal(driver->down(NAME), -EBUSY);
	assert_int_equal(driver->freeze(NAME, true), 0);
	assert_int_equal(driver->kill(NAME), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(down_soon(), 0);
	assert_false(exists(PATH));
}

static void kills_all_on_old_kernels(void **state)
{
	old_kernel = true;
	kills_all(state);
	old_kernel = false;
}

static void reuses_leftover(void **state)
{
	struct spec s = empty();
	int status, fd = up(&s);
	pid_t pid;

	(void)state;
	close(fd);
	pid = live_inside();
	fd = up(&s);
	assert_true(fd >= 0);
	close(fd);
	assert_false(exists(PATH "/a"));
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_int_equal(driver->down(NAME), 0);
}

static void refuses_without_controller(void **state)
{
	struct spec s = empty();
	int fd;

	(void)state;
	if (has_controller("memory") || has_controller("pids"))
		skip();
	s.memory = 32U << 20;
	assert_int_equal(up(&s), -ENOTSUP);
	assert_non_null(strstr(e.msg, "memory: no memory.max"));
	assert_non_null(strstr(e.msg, "MEMCG"));
	assert_non_null(strstr(e.msg, "best-effort"));
	assert_false(exists(PATH));
	subtree_error = -EBUSY;
	assert_int_equal(up(&s), -EBUSY);
	assert_non_null(strstr(e.msg, "memory: processes beside ours"));
	subtree_error = -EACCES;
	assert_int_equal(up(&s), -EACCES);
	assert_non_null(strstr(e.msg, "delegate"));
	subtree_error = 0;
	s.pids = 5;
	s.cpu_weight = 10;
	s.cpuset = "0";
	s.io_weight = 5;
	s.limits = SPEC_LIMITS_BEST_EFFORT;
	fd = up(&s);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(missing, CGROUP_NO_MEMORY | CGROUP_NO_PIDS | CGROUP_NO_CPU |
					  CGROUP_NO_CPUSET | CGROUP_NO_IO);
	assert_int_equal(driver->down(NAME), 0);
}

/* Opens of a process born in the cgroup: bit per node that could be opened. */
static int opens(int cgroup)
{
	static const char *const nodes[] = { "/dev/null", "/dev/urandom", "/dev/kmsg",
					     "/tmp/cgroup_test_mem" };
	int status = 0, got = 0;
	pid_t pid = fork();

	(void)cgroup;
	if (pid == 0) {
		if (fd_write_text(AT_FDCWD, PATH "/cgroup.procs", "0") < 0)
			_exit(128);
		for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
			if (open(nodes[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
				got |= 1 << i;
		if (mknod("/tmp/cgroup_test_new", S_IFCHR | 0600, makedev(1, 11)) == 0)
			got |= 16;
		if (open("/dev/kmsg", O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
			got |= 32;
		_exit(got);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink("/tmp/cgroup_test_new");
	return WEXITSTATUS(status);
}

static int opens_with(const struct spec *s)
{
	int got, fd = up(s);

	assert_true(fd >= 0);
	got = opens(fd);
	close(fd);
	assert_int_equal(down_soon(), 0);
	return got;
}

static void filters_devices(void **state)
{
	char *kmsg[] = { "/dev/kmsg:r", NULL }, *all[] = { "/dev/kmsg", NULL },
	     *gone[] = { "/dev/gone", NULL };
	char *file[] = { "/etc/passwd", NULL };
	struct spec s = empty();

	(void)state;
	if (!IS_ENABLED(CONFIG_CGROUP_DEVICES))
		skip();
	unlink("/tmp/cgroup_test_mem");
	assert_int_equal(mknod("/tmp/cgroup_test_mem", S_IFCHR | 0600, makedev(1, 1)), 0);
	assert_int_equal(opens_with(&s), 3);
	if (missing)
		skip();
	s.device = (struct strv){ kmsg, 1 };
	assert_int_equal(opens_with(&s), 3 | 4);
	s.device = (struct strv){ all, 1 };
	assert_int_equal(opens_with(&s), 3 | 4 | 16 | 32);
	s.device = (struct strv){ gone, 1 };
	assert_int_equal(up(&s), -ENOENT);
	assert_non_null(strstr(e.msg, "/dev/gone"));
	s.device = (struct strv){ file, 1 };
	assert_int_equal(up(&s), -ENODEV);
	s.device.n = 0;
	s.privileged = true;
	assert_int_equal(opens_with(&s) & ~8, 3 | 4 | 16 | 32);
	unlink("/tmp/cgroup_test_mem");
}

static void wants(void **state)
{
	struct spec s = empty();
	char text[64];

	(void)state;
	assert_int_equal(cgroup_require_none(&s, &missing, &e), 0);
	assert_int_equal(missing, CGROUP_NO_ALL);
	s.pids = 7;
	s.memory_high = 1;
	assert_int_equal(cgroup_wanted(&s), CGROUP_NO_PIDS | CGROUP_NO_MEMORY);
	assert_int_equal(cgroup_require_none(&s, &missing, &e), -ENOTSUP);
	assert_non_null(strstr(e.msg, "MEMCG"));
	s.limits = SPEC_LIMITS_BEST_EFFORT;
	assert_int_equal(cgroup_require_none(&s, &missing, &e), 0);
	assert_int_equal(missing, CGROUP_NO_PIDS | CGROUP_NO_MEMORY | CGROUP_NO_ALL);
	assert_string_equal(cgroup_missing_text(missing, text, sizeof(text)),
			    "memory, pids, cgroup");
	assert_string_equal(cgroup_missing_text(0, text, sizeof(text)), "");
	assert_string_equal(cgroup_missing_text(missing, text, 8), "memory,");
}

static bool mount_here(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0 &&
	       mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0;
}

int main(void)
{
	const struct CMUnitTest everywhere[] = { cmocka_unit_test(wants) };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_and_removes),
		cmocka_unit_test(names),
		cmocka_unit_test(kills_all),
		cmocka_unit_test(reuses_leftover),
		cmocka_unit_test(kills_all_on_old_kernels),
		cmocka_unit_test(filters_devices),
		cmocka_unit_test(refuses_without_controller),
	};
	int failed = cmocka_run_group_tests(everywhere, NULL, NULL);

	if (!mount_here()) {
		printf("ok - cgroup v2 # SKIP cannot be mounted here (root and kernel CGROUPS needed)\n");
		return failed;
	}
	driver = cgroup_driver();
	if (!driver) {
		printf("not ok - the driver does not find its mount\n");
		return 1;
	}
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
