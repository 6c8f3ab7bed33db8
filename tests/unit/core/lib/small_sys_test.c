// SPDX-License-Identifier: MIT
/* Our plain system calls: each does what its manual page says. The build renames ours. */
#undef openat
#undef open
#undef fcntl
#undef fchdir
#undef dup3
#undef fchown
#undef fchmodat
#undef fexecve
#undef fork
#undef usleep
#undef sleep
#undef fstatat
#undef fstat
#undef statfs
#undef fstatfs
#undef socket
#undef socketpair
#undef sendmsg
#undef recvmsg
#undef epoll_create1
#undef epoll_ctl
#undef epoll_wait
#undef signalfd
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

int small_openat(int dir, const char *path, int flags, ...);
int small_open(const char *path, int flags, ...);
int small_fcntl(int fd, int command, ...);
int small_fchdir(int fd);
int small_dup3(int old, int new, int flags);
int small_fchown(int fd, uid_t uid, gid_t gid);
int small_fchmodat(int dir, const char *path, mode_t mode, int flags);
int small_fexecve(int fd, char *const argv[], char *const env[]);
pid_t small_fork(void);
int small_usleep(unsigned int us);
int small_fstat(int fd, struct stat *st);
int small_socketpair(int domain, int type, int protocol, int fds[2]);
ssize_t small_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t small_recvmsg(int fd, struct msghdr *m, int flags);
int small_epoll_create1(int flags);
int small_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event);
int small_epoll_wait(int epoll, struct epoll_event *events, int n, int ms);
int small_signalfd(int fd, const sigset_t *set, int flags);

static void files(void **state)
{
	char dir[] = "/tmp/small_sys.XXXXXX";
	struct stat st, same;
	int at, fd, other;

	(void)state;
	assert_non_null(mkdtemp(dir));
	at = small_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(at >= 0);
	assert_int_equal(small_openat(at, "none", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	fd = small_openat(at, "file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(small_fstat(fd, &st), 0);
	assert_int_equal(fstat(fd, &same), 0);
	assert_memory_equal(&st, &same, sizeof(st));
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(small_fchmodat(at, "file", 0600, 0), 0);
	assert_int_equal(small_fchmodat(at, "file", 0600, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(small_fchown(fd, getuid(), (gid_t)-1), 0);
	assert_int_equal(small_fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(small_fcntl(fd, F_GETFD), FD_CLOEXEC);
	other = small_fcntl(fd, F_DUPFD_CLOEXEC, 50);
	assert_true(other >= 50);
	assert_int_equal(small_dup3(fd, other, 0), other);
	assert_int_equal(small_fcntl(other, F_GETFD), 0);
	assert_int_equal(small_fchdir(at), 0);
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(small_fchdir(fd), -1);
	assert_int_equal(chdir("/"), 0);
	rmdir(dir);
	close(other);
	close(fd);
	close(at);
}

static void a_descriptor_goes_through_a_socket(void **state)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int pair[2], got = -1;

	(void)state;
	assert_int_equal(small_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pair[0], sizeof(int));
	assert_int_equal(small_sendmsg(pair[0], &m, MSG_NOSIGNAL), 1);
	byte = 0;
	memset(&control, 0, sizeof(control));
	assert_int_equal(small_recvmsg(pair[1], &m, MSG_CMSG_CLOEXEC), 1);
	assert_int_equal(byte, 'x');
	c = CMSG_FIRSTHDR(&m);
	assert_non_null(c);
	memcpy(&got, CMSG_DATA(c), sizeof(int));
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(got);
	close(pair[0]);
	close(pair[1]);
}

static void a_child_ends_and_is_heard_of(void **state)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 7 };
	struct signalfd_siginfo info;
	sigset_t set, old;
	int sig, epoll, status;
	pid_t pid;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	sig = small_signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	epoll = small_epoll_create1(EPOLL_CLOEXEC);
	assert_true(sig >= 0 && epoll >= 0);
	assert_int_equal(small_epoll_ctl(epoll, EPOLL_CTL_ADD, sig, &ev), 0);
	assert_int_equal(small_epoll_wait(epoll, &ev, 1, 0), 0);
	pid = small_fork();
	if (pid == 0) {
		static char *const argv[] = { "true", NULL };
		int fd = open("/bin/true", O_PATH | O_CLOEXEC);

		small_usleep(1000);
		small_fexecve(fd, argv, environ);
		_exit(1);
	}
	assert_true(pid > 0);
	assert_int_equal(small_epoll_wait(epoll, &ev, 1, 5000), 1);
	assert_int_equal(ev.data.u64, 7);
	assert_int_equal(read(sig, &info, sizeof(info)), sizeof(info));
	assert_int_equal(info.ssi_pid, pid);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(sig);
	close(epoll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(a_descriptor_goes_through_a_socket),
		cmocka_unit_test(a_child_ends_and_is_heard_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
