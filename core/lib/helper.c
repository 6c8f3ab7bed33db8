/* SPDX-License-Identifier: MIT */
/*
 * Starting and ending of helper programs; see helper.h. Runs in a launcher or the CLI. The keeper is a copy of
 * that process which keeps nothing of it: no descriptor but its own, no terminal, no signal mask.
 */
#include "core/lib/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/interrupt.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"

#define HELPER_WAIT_MS 10000 /* for it to be ready */
#define HELPER_POLL_MS 2     /* between two looks where it does not say so */
#define HELPER_SAYS 4096     /* bytes of its standard error that are kept */
#define HELPER_LATER 4	     /* keepers of one process that do not know yet whom they follow */
#define HELPER_SEALS 6	     /* F_SEAL_SHRINK | F_SEAL_GROW: it may write as often as it likes */

/* In the keeper: /dev/null twice, standard error, HELPER_READY, whom it follows, HELPER_GIVEN. */
enum { HELPER_WHOM = 4, HELPER_FDS = 6 };

/* Our ends of the sockets of those keepers. */
static struct {
	int fd[HELPER_LATER];
	unsigned int n;
} helper_later;

const char *helper_find(const char *name, char buf[HELPER_PATH])
{
	static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin",
					    "/sbin" };

	for (unsigned int i = 0; i < ARRAY_SIZE(dirs); i++) {
		str_format(buf, HELPER_PATH, "%s/%s", dirs[i], name);
		if (access(buf, X_OK) == 0)
			return buf;
	}
	return NULL;
}

bool helper_avoided(const char *word)
{
	const char *list = getenv("MYCTR_AVOID");

	return list && strstr(list, word);
}

bool helper_is_fuse(const void *arg)
{
	struct statfs st;

	return statfs(arg, &st) == 0 && st.f_type == FUSE_SUPER_MAGIC;
}

/* ---- the keeper ------------------------------------------------------------------------------------ */

static NORETURN void helper_program(const struct helper *h, pid_t keeper)
{
	char *const env[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(1);
	fcntl(HELPER_WHOM, F_SETFD, FD_CLOEXEC);
	execve(h->argv[0], h->argv, env);
	_exit(127);
}

/* The descriptors above become 0.. of this process; all others are closed. */
static int helper_own_fds(const int from[HELPER_FDS])
{
	int high[HELPER_FDS];

	for (int i = 0; i < HELPER_FDS; i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, HELPER_FDS);
		if (high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < HELPER_FDS; i++)
		if (dup2(high[i], i) < 0)
			return -errno;
	return sys_close_range(HELPER_FDS, false);
}

/* The one it follows, once it is told; -1 when nobody is left to tell. */
static int helper_whom(int sock, int program)
{
	struct pollfd p[2] = { { .fd = sock, .events = POLLIN },
			       { .fd = program, .events = POLLIN } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	int fd = -1;

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[1].revents || recvmsg(sock, &m, MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Nobody in the container may trace the keeper, nor may a key at the terminal end it. */
static NORETURN void helper_keeper(const struct helper *h, const int fds[HELPER_FDS])
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	sigset_t none;
	pid_t pid, me = getpid();

	sigemptyset(&none);
	for (int sig = 1; sig < SIGSYS; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "myctr-keeper");
	setsid();
	if (helper_own_fds(fds) < 0 || chdir("/") < 0)
		_exit(1);
	pid = fork();
	if (pid == 0)
		helper_program(h, me);
	close(HELPER_READY);
	if (pid < 0)
		_exit(1);
	p[1].fd = sys_pidfd_open(pid);
	p[0].fd = h->pidfd >= 0 ? HELPER_WHOM : helper_whom(HELPER_WHOM, p[1].fd);
	while (p[0].fd >= 0 && poll(p, 2, -1) < 0 && errno == EINTR)
		;
	kill(pid, SIGKILL);
	_exit(0);
}

/* ---- who starts it --------------------------------------------------------------------------------- */

/* With what it wrote to its standard error, in one line. */
static int helper_failed(const struct helper *h, int says, int code, struct err *e)
{
	char text[HELPER_SAYS + 1];
	ssize_t n = pread(says, text, HELPER_SAYS, 0);

	text[n > 0 ? n : 0] = '\0';
	for (n = (ssize_t)strlen(text); n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '); n--)
		text[n - 1] = '\0';
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ';' : *p;
	if (*text)
		return err_set(e, code, "%s failed: %.180s", h->name, text);
	return err_set(e, code, "%s %s", h->name,
		       code == ETIMEDOUT ? "is not ready after ten seconds"
					 : "failed without a word");
}

static int helper_await(const struct helper *h, int ready, pid_t keeper, int says, struct err *e)
{
	struct pollfd p = { .fd = ready, .events = POLLIN };
	uint64_t end = event_now() + HELPER_WAIT_MS;
	int code = ETIMEDOUT, r = 0;
	char byte;

	while (event_now() < end && !interrupt_pending()) {
		if (h->is_ready && h->is_ready(h->arg))
			return 0;
		r = poll(&p, 1, h->is_ready ? HELPER_POLL_MS : 100);
		if (r > 0 && read(ready, &byte, 1) == 1)
			return 0;
		if (r > 0) {
			code = EIO;
			break;
		}
	}
	kill(keeper, SIGKILL);
	return helper_failed(h, says, code, e);
}

static int helper_says(void)
{
	AUTO_FD int fd = sys_memfd("helper", false);

	if (fd < 0)
		return fd;
	if (ftruncate(fd, HELPER_SAYS) < 0 || fcntl(fd, F_ADD_SEALS, HELPER_SEALS) < 0)
		return -errno;
	return fd_take(&fd);
}

static int helper_fork(const struct helper *h, int says, int ready, int whom, struct err *e)
{
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[HELPER_FDS] = { null, null, says, ready, whom, h->given ? h->given : null };
	pid_t pid;

	if (null < 0)
		return err_sys(e, errno, "/dev/null");
	pid = fork();
	if (pid == 0)
		helper_keeper(h, fds);
	return pid < 0 ? err_sys(e, errno, "starting %s", h->name) : pid;
}

int helper_start(const struct helper *h, struct err *e)
{
	AUTO_FD int says = helper_says();
	AUTO_FD int ready = -1, tell = -1, mine = -1, theirs = -1;
	int pair[2], r;

	if (says < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, says < 0 ? says : errno, "starting %s", h->name);
	ready = pair[0];
	tell = pair[1];
	if (h->pidfd < 0) {
		if (helper_later.n == HELPER_LATER ||
		    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return err_sys(e, EMFILE, "starting %s", h->name);
		mine = pair[0];
		theirs = pair[1];
	}
	r = helper_fork(h, says, tell, h->pidfd < 0 ? theirs : h->pidfd, e);
	fd_close(&tell);
	if (r >= 0)
		r = helper_await(h, ready, r, says, e);
	if (r >= 0 && mine >= 0)
		helper_later.fd[helper_later.n++] = fd_take(&mine);
	return r < 0 ? r : 0;
}

int helper_run(const char *name, char *const *argv, int given, struct err *e)
{
	const struct helper h = { .name = name, .argv = argv, .given = given };
	AUTO_FD int says = helper_says();
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[HELPER_FDS] = { null, null, says, null, null, given };
	int status = 0;
	pid_t pid;

	if (says < 0 || null < 0)
		return err_sys(e, says < 0 ? says : errno, "starting %s", name);
	pid = fork();
	if (pid == 0) {
		if (helper_own_fds(fds) == 0)
			helper_program(&h, getppid());
		_exit(127);
	}
	if (pid < 0)
		return err_sys(e, errno, "starting %s", name);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? helper_failed(&h, says, EIO, e) : 0;
}

void helper_follow(int pidfd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct iovec iov = { (char[]){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pidfd, sizeof(pidfd));
	while (helper_later.n > 0) {
		int *fd = &helper_later.fd[--helper_later.n];

		/* One that is gone already is missed by the container soon enough. */
		sendmsg(*fd, &m, MSG_NOSIGNAL);
		fd_close(fd);
	}
}
