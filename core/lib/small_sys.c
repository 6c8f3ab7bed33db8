// SPDX-License-Identifier: MIT
/*
 * System calls without what the C library puts around them: ways for kernels older than Linux 3.2, locks
 * against threads of which there are none, other forms of the same number. Linked into static programs
 * only. Each must do what its manual page says on the kernels this program is for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 32-bit machines have a second form with room for large files and large ids. */
#ifdef SYS_fcntl64
enum { SMALL_FCNTL = SYS_fcntl64 };
#define SMALL_STATFS(path, st) syscall(SYS_statfs64, path, sizeof(*(st)), st)
#define SMALL_FSTATFS(fd, st) syscall(SYS_fstatfs64, fd, sizeof(*(st)), st)
#else
enum { SMALL_FCNTL = SYS_fcntl };
#define SMALL_STATFS(path, st) syscall(SYS_statfs, path, st)
#define SMALL_FSTATFS(fd, st) syscall(SYS_fstatfs, fd, st)
#endif
/* Of them MIPS has had large ids from the beginning. */
#ifdef SYS_fchown32
enum { SMALL_FCHOWN = SYS_fchown32 };
#else
enum { SMALL_FCHOWN = SYS_fchown };
#endif

/* Bytes of the kernel's signal set: of 64 signals, of 128 on MIPS, where _NSIG is not one more. */
#define SMALL_SIGSET ((size_t)_NSIG / 8)

int fcntl(int fd, int command, ...)
{
	va_list ap;
	unsigned long arg;

	va_start(ap, command);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	return (int)syscall(SMALL_FCNTL, fd, command, arg);
}

/* The third argument is only looked at where flags ask for it, and always there to be read. */
int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)syscall(SYS_openat, dir, path, flags | O_LARGEFILE, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat(AT_FDCWD, path, flags, mode);
}

int fchdir(int fd)
{
	return (int)syscall(SYS_fchdir, fd);
}

int dup3(int old, int new, int flags)
{
	return (int)syscall(SYS_dup3, old, new, flags);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)syscall(SMALL_FCHOWN, fd, uid, gid);
}

/* The kernel's call knows no flags; the only one there is would be refused by most file systems. */
int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
	if (flags) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_fchmodat, dir, path, mode);
}

int fexecve(int fd, char *const argv[], char *const env[])
{
	return (int)syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
}

/* Memory is copied when it is written to, the child's next instruction is the parent's. */
pid_t fork(void)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)SIGCHLD, NULL, NULL, NULL, 0UL);
}

int usleep(unsigned int us)
{
	/* As long as the kernel's struct of this call on every machine. */
	long t[2] = { (long)(us / 1000000), (long)(us % 1000000 * 1000) };

	return (int)syscall(SYS_nanosleep, t, NULL);
}

unsigned int sleep(unsigned int seconds)
{
	long t[2] = { (long)seconds, 0 };

	return syscall(SYS_nanosleep, t, t) < 0 ? (unsigned int)t[0] : 0;
}

/* ---- file systems: musl's struct is the kernel's -------------------------------------------------- */

#ifdef SYS_newfstatat /* 64-bit machines, whose struct stat has not changed */
int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	return (int)syscall(SYS_newfstatat, dir, path, st, flags);
}

int fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}
#endif

int statfs(const char *path, struct statfs *st)
{
	return (int)SMALL_STATFS(path, st);
}

int fstatfs(int fd, struct statfs *st)
{
	return (int)SMALL_FSTATFS(fd, st);
}

/* ---- sockets and events ---------------------------------------------------------------------------- */

int socket(int domain, int type, int protocol)
{
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return (int)syscall(SYS_socketpair, domain, type, protocol, fds);
}

/* What musl has as padding in these structs is zero in every initialised one. */
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	return syscall(SYS_sendmsg, fd, m, flags);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	return syscall(SYS_recvmsg, fd, m, flags);
}

int epoll_create1(int flags)
{
	return (int)syscall(SYS_epoll_create1, flags);
}

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	return (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int n, int ms)
{
	return (int)syscall(SYS_epoll_pwait, epoll, events, n, ms, NULL, SMALL_SIGSET);
}

int signalfd(int fd, const sigset_t *set, int flags)
{
	return (int)syscall(SYS_signalfd4, fd, set, SMALL_SIGSET, flags);
}
