/* SPDX-License-Identifier: MIT */
/*
 * What a hostile program in a container tries, one attempt per argument; threats.sh looks at the answers.
 * Static, runs inside. It prints what it got and never needs to succeed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *hostile_word(long r)
{
	static const struct {
		int code;
		const char *name;
	} names[] = { { EPERM, "EPERM" },
		      { ENOSYS, "ENOSYS" },
		      { EACCES, "EACCES" },
		      { EINVAL, "EINVAL" },
		      { EIO, "EIO" },
		      { ENOTTY, "ENOTTY" },
		      { EAFNOSUPPORT, "EAFNOSUPPORT" } };

	if (r >= 0)
		return "allowed";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].code == errno)
			return names[i].name;
	return "other";
}

static void hostile_fds(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	printf("end\n");
}

/* The kernel looks at the low 32 bits of the request; a filter that compares 64 is passed by the second. */
static void hostile_tiocsti(void)
{
	for (int fd = 0; fd < 3; fd++) {
		printf("%s ", hostile_word(ioctl(fd, TIOCSTI, "x")));
		printf("%s ", hostile_word(syscall(SYS_ioctl, fd, 0x100000000UL | TIOCSTI, "x")));
		printf("%s ", hostile_word(ioctl(fd, TIOCLINUX, "\002")));
	}
	printf("end\n");
}

static void hostile_calls(void)
{
#define TRY(name, ...) printf("%s %s\n", #name, hostile_word(syscall(SYS_##name, __VA_ARGS__)))
	TRY(keyctl, 0, -3, 0, 0, 0);
	TRY(add_key, "user", "x", "x", 1, -3);
	TRY(bpf, 0, 0, 0);
	TRY(perf_event_open, 0, 0, -1, -1, 0);
	TRY(userfaultfd, 0);
	TRY(io_uring_setup, 1, 0);
	TRY(mount, "none", "/tmp", "tmpfs", 0, 0);
	TRY(umount2, "/proc", MNT_DETACH);
	TRY(pivot_root, ".", ".");
	TRY(open_tree, AT_FDCWD, "/", 0);
	TRY(fsopen, "tmpfs", 0);
	TRY(move_mount, -1, "", -1, "", 0);
	TRY(mount_setattr, -1, "", 0, 0, 0);
	TRY(unshare, CLONE_NEWUSER);
	TRY(unshare, CLONE_NEWNS);
	TRY(setns, 0, 0);
	TRY(clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	TRY(clone3, 0, 0);
	TRY(kexec_load, 0, 0, 0, 0);
	TRY(init_module, 0, 0, "");
	TRY(reboot, 0, 0, 0, 0);
	TRY(swapon, "/x", 0);
	TRY(syslog, 3, 0, 0);
	TRY(open_by_handle_at, -1, 0, 0);
	TRY(process_vm_readv, 1, 0, 0, 0, 0, 0);
	TRY(socket, 40, 1, 0);
	TRY(socket, 38, 5, 0);
#undef TRY
}

#ifdef __x86_64__
static void hostile_abi(void)
{
	int status;
	pid_t pid;

	printf("x32 %s\n", hostile_word(syscall(0x40000000 | SYS_getpid)));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		long r = 310; /* unshare of i386 */

		__asm__ volatile("int $0x80"
				 : "+a"(r)
				 : "b"(CLONE_NEWUSER)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit((int)r < 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	printf("int80 %s\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? "killed"
			     : WIFSIGNALED(status)			       ? "crashed"
			     : status					       ? "refused"
									       : "allowed");
}
#else
static void hostile_abi(void)
{
	printf("x32 ENOSYS\nint80 killed\n");
}
#endif

static int hostile_is_ours(const char *pid)
{
	char path[64], name[32] = "";
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : (int)read(fd, name, sizeof(name) - 1);
	if (fd >= 0)
		close(fd);
	return n > 4 && strncmp(name, "myctr", 5) == 0;
}

static void hostile_grab(const char *pid)
{
	static const char *const files[] = { "exe", "cwd",     "root", "fd/3",	"fd/4",
					     "mem", "environ", "maps", "ns/mnt" };
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/%s", pid, files[i]);
		fd = open(path, i == 0 ? O_WRONLY : i == 5 ? O_RDWR : O_RDONLY);
		/* Some open without a right to what is in them. */
		if (fd >= 0 && hostile_is_ours(pid) && (i < 5 || read(fd, path, 1) == 1))
			printf("got %s of %s\n", files[i], pid);
		if (fd >= 0)
			close(fd);
	}
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) == 0) {
		if (hostile_is_ours(pid))
			printf("got ptrace of %s\n", pid);
		ptrace(PTRACE_INTERRUPT, atoi(pid), 0, 0);
		waitpid(atoi(pid), NULL, __WALL);
		ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
	}
	printf("tried %s\n", pid);
	fflush(stdout);
}

/* Lies in wait for processes of ours that join the container. */
static void hostile_wait(void)
{
	printf("waiting\n");
	fflush(stdout);
	for (;;) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d)) != NULL)
			if (atoi(e->d_name) > 1 && hostile_is_ours(e->d_name))
				hostile_grab(e->d_name);
		if (d)
			closedir(d);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(what, "fds") == 0)
		hostile_fds();
	else if (strcmp(what, "tiocsti") == 0)
		hostile_tiocsti();
	else if (strcmp(what, "calls") == 0)
		hostile_calls();
	else if (strcmp(what, "abi") == 0)
		hostile_abi();
	else if (strcmp(what, "wait") == 0)
		hostile_wait();
	else
		return 2;
	return 0;
}
