// SPDX-License-Identifier: MIT
/*
 * First program of a guest started by `vm`: /vm/guest in the initramfs, named by rdinit=. Loads the
 * kernel modules of /vm/modules/list, leaves the agent running as a child, mounts the root disk the
 * way the kernel would (root=, rootfstype=, rootflags=, ro, rw), and becomes the real init (init=), which so
 * runs as PID 1 and finds nothing of this one but the agent. Without root= the real init is the one
 * in the initramfs (vm.next=, default /init). Power off is what follows a failure here.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/util.h"
#include "tools/vm/guest.h"

struct boot {
	const char *root, *fstype, *flags, *init, *next;
	bool rw, no_agent;
};

static NORETURN void fail(const char *what, const char *name)
{
	dprintf(2, "vm guest: %s: %s: %s\n", what, name, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void mount_or_fail(const char *type, const char *dir, unsigned long flags)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, flags, NULL) < 0 && errno != EBUSY)
		fail("mount", dir);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void load_module(const char *name)
{
	char path[160];
	AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), "/vm/modules/%.100s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* built in under another configuration, or no such device: the rest may still do */
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
		dprintf(2, "vm guest: module %s: %s\n", name, strerror(errno));
}

static void load_modules(void)
{
	AUTO_FREE char *text = NULL;
	char *save = NULL;
	size_t len;

	if (fd_slurp(AT_FDCWD, "/vm/modules/list", 65536, &text, &len) < 0)
		return;
	for (char *n = strtok_r(text, " \n", &save); n; n = strtok_r(NULL, " \n", &save))
		load_module(n);
}

static void read_cmdline(struct boot *b, char *text)
{
	char *save = NULL;

	for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		if (strncmp(w, "root=", 5) == 0)
			b->root = w + 5;
		else if (strncmp(w, "rootfstype=", 11) == 0)
			b->fstype = w + 11;
		else if (strncmp(w, "rootflags=", 10) == 0)
			b->flags = w + 10;
		else if (strncmp(w, "init=", 5) == 0)
			b->init = w + 5;
		else if (strncmp(w, "vm.next=", 8) == 0)
			b->next = w + 8;
		else if (strcmp(w, "vm.noagent") == 0)
			b->no_agent = true;
		else if (strcmp(w, "rw") == 0)
			b->rw = true;
		else if (strcmp(w, "ro") == 0)
			b->rw = false;
	}
}

/*
 * The agent's mounts are its own copy: what init does to /proc or / does not reach it. The copy must be
 * made before anything is moved, so this waits for it.
 */
static void start_agent(void)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		fail("pipe", "agent");
	pid = fork();
	if (pid < 0)
		fail("fork", "agent");
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(1);
		setsid();
		close(ready[0]);
		close(ready[1]);
		_exit(agent_run());
	}
	close(ready[1]);
	fd_read(ready[0], &c, 1);
	close(ready[0]);
}

static void wait_for_disk(const char *dev)
{
	for (int i = 0; i < 500 && access(dev, F_OK) < 0; i++)
		usleep(10000);
}

/* Kernel documentation, filesystems/ramfs-rootfs-initramfs.rst: the new root is moved over "/". */
static void switch_root(const struct boot *b)
{
	mkdir("/vm/root", 0755);
	wait_for_disk(b->root);
	if (mount(b->root, "/vm/root", b->fstype, b->rw ? 0 : MS_RDONLY, b->flags) < 0)
		fail("mount", b->root);
	umount2("/proc", MNT_DETACH);
	umount2("/sys", MNT_DETACH);
	if (mount("/dev", "/vm/root/dev", NULL, MS_MOVE, NULL) < 0)
		umount2("/dev", MNT_DETACH);
	if (chdir("/vm/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		fail("switch root", b->root);
}

static NORETURN void become(const char *init)
{
	char *argv[] = { (char *)(uintptr_t)init, NULL };
	char *envp[] = { (char *)(uintptr_t) "HOME=/", (char *)(uintptr_t) "TERM=linux", NULL };

	execve(init, argv, envp);
	fail("exec", init);
}

int main(void)
{
	struct boot b = { .fstype = "ext4", .init = "/sbin/init", .next = "/init" };
	static char cmdline[4096];

	mount_or_fail("devtmpfs", "/dev", MS_NOSUID);
	open_console();
	mount_or_fail("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mount_or_fail("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	if (fd_read_text(AT_FDCWD, "/proc/cmdline", cmdline, sizeof(cmdline)) < 0)
		fail("read", "/proc/cmdline");
	read_cmdline(&b, cmdline);
	load_modules();
	if (!b.no_agent)
		start_agent();
	if (b.root) {
		switch_root(&b);
		become(b.init);
	}
	umount2("/proc", MNT_DETACH);
	umount2("/sys", MNT_DETACH);
	umount2("/dev", MNT_DETACH);
	become(b.next);
}
