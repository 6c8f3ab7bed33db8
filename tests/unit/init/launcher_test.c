// SPDX-License-Identifier: MIT
/* What a launcher that cannot be started leaves behind, and that one is heard and reaped. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/launch.h"
#include "core/spawn.h"
#include "core/update.h"
#include "init/health.h"
#include "init/sup.h"

static int launch_result;
static int events, last_event;

/* ---- the rest of the supervisor ---------------------------------------------------------------- */

void launch_init(struct launch *l, const struct spec *spec)
{
	*l = (struct launch){ .spec = spec, .master = -1, .pidfd = -1 };
}

int launch_up(struct launch *l, struct err *e)
{
	(void)l;
	return launch_result < 0 ? err_set(e, -launch_result, "as the test wants it") : 0;
}

int spawn_send(int sock, const struct spawn_msg *m, int fd)
{
	(void)fd;
	return write(sock, m, sizeof(*m)) == (ssize_t)sizeof(*m) ? 0 : -errno;
}

int spawn_receive(int sock, struct spawn_msg *m, int *fd)
{
	ssize_t n = read(sock, m, sizeof(*m));

	*fd = -1;
	return n < 0 ? -errno : n > 0;
}

int pool_take(struct sup *s, const struct spec *spec)
{
	(void)s;
	(void)spec;
	return -1;
}

int output_fifo(struct ctr *c)
{
	(void)c;
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int output_watch(struct ctr *c, int fd)
{
	(void)c;
	close(fd);
	return 0;
}

#ifdef CONFIG_UPDATE
int update_apply(const struct spec *s, struct spec **out, struct err *e)
{
	(void)s;
	(void)e;
	*out = NULL;
	return 0;
}
#endif

#ifdef CONFIG_LOG_DEV
void devlog_socket(struct ctr *c, int fd)
{
	(void)c;
	close(fd);
}
#endif

#ifdef CONFIG_HEALTH
void health_socket(struct ctr *c, int fd)
{
	(void)c;
	close(fd);
}
#endif

void records_put(struct ctr *c, unsigned int phase)
{
	c->rec.phase = (uint8_t)phase;
}

void sup_event(struct ctr *c, enum sup_event event)
{
	(void)c;
	events++;
	last_event = (int)event;
}

/* ---- the tests ---------------------------------------------------------------------------------- */

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static struct spec spec;
static struct sup sup;

static struct ctr a_container(void)
{
	spec.name = (char *)"one";
	return (struct ctr){
		.sup = &sup, .spec = &spec, .mounts = KEEP_NONE, .report.fd = -1, .pidfd = -1
	};
}

static void unwatchable(void **state)
{
	struct ctr c = a_container();
	int before = open_fds();

	(void)state;
	sup.loop.epfd = -1;
	assert_int_equal(launcher_start(&c), -EBADF);
	assert_int_equal(open_fds(), before);
	assert_int_equal(c.report.fd, -1);
	assert_int_equal(c.launcher, 0);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void heard(void **state)
{
	struct ctr c = a_container();
	int before;

	(void)state;
	assert_int_equal(event_open(&sup.loop), 0);
	before = open_fds();
	for (int failed = 0; failed < 2; failed++) {
		launch_result = failed ? -ENOENT : 0;
		events = 0;
		assert_int_equal(launcher_start(&c), 0);
		assert_true(c.launcher > 0);
		while (c.report.fd >= 0)
			assert_int_equal(event_turn(&sup.loop, 5000), 0);
		assert_int_equal(events, 1);
		assert_int_equal(last_event, failed ? SUP_FAILED : SUP_STARTED);
		assert_int_equal(waitpid(c.launcher, NULL, 0), c.launcher);
		assert_int_equal(open_fds(), before);
	}
	assert_int_equal(c.error.code, ENOENT);
	event_close(&sup.loop);
}

/* Killed: it ends without a word, or had just said one. */
static void silent(void **state)
{
	struct ctr c = a_container();

	(void)state;
	assert_int_equal(event_open(&sup.loop), 0);
	events = 0;
	assert_int_equal(launcher_start(&c), 0);
	kill(c.launcher, SIGKILL);
	while (c.report.fd >= 0)
		assert_int_equal(event_turn(&sup.loop, 5000), 0);
	assert_int_equal(events, 1);
	waitpid(c.launcher, NULL, 0);
	event_close(&sup.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unwatchable),
		cmocka_unit_test(heard),
		cmocka_unit_test(silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
