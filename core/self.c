/* SPDX-License-Identifier: MIT */
/*
 * Protection of our own binary against a container that reaches /proc/PID/exe of a process of ours
 * (CVE-2019-5736). See self.h. Sources: memfd_create(2), F_ADD_SEALS in fcntl(2).
 */
#include "core/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/sys.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#define SELF_SEALS (1 | 2 | 4 | 8) /* F_SEAL_SEAL, SHRINK, GROW, WRITE */

/* The one thing remembered about ourselves. */
static struct {
	dev_t dev;
	ino_t ino;
	bool known;
} self;

void self_init(void)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) < 0)
		return;
	self.dev = st.st_dev;
	self.ino = st.st_ino;
	self.known = true;
}

bool self_is(const struct stat *st)
{
	return self.known && st->st_dev == self.dev && st->st_ino == self.ino;
}

/*
 * Our file through a mount of its own that is read-only and nowhere attached: no copy, and an open of
 * /proc/PID/exe for writing fails with EROFS.
 */
static int self_read_only(void)
{
	AUTO_FD int fd = sys_open_tree(AT_FDCWD, "/proc/self/exe", false);
	int r;

	if (fd < 0)
		return fd;
	r = sys_mount_read_only(fd);
	return r < 0 ? r : fd_take(&fd);
}

/* For kernels without such mounts (before Linux 5.12). */
static int self_copy(int from)
{
	AUTO_FD int to = sys_memfd("myctr", true);
	struct stat st;
	off_t done = 0;

	if (to < 0)
		return to;
	if (fstat(from, &st) < 0)
		return -errno;
	while (done < st.st_size) {
		ssize_t n = sendfile(to, from, NULL, (size_t)(st.st_size - done));

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += n;
	}
	if (fcntl(to, F_ADD_SEALS, SELF_SEALS) < 0)
		return -errno;
	return fd_take(&to);
}

char **self_argv(char **line)
{
	size_t len, n = 0;
	char **argv;

	if (fd_slurp(AT_FDCWD, "/proc/self/cmdline", 4 << 20, line, &len) < 0)
		return NULL;
	for (size_t i = 0; i < len; i++)
		n += !(*line)[i];
	argv = calloc(n + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	n = 0;
	for (size_t i = 0; i < len; i += strlen(*line + i) + 1)
		argv[n++] = *line + i;
	return argv;
}

int self_seal(struct err *e)
{
	AUTO_FREE char **argv = NULL;
	AUTO_FREE char *line = NULL;
	AUTO_FD int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	AUTO_FD int copy = -1;
	struct statfs fs;

	/* Without /proc nobody can reach us through it; at boot it is not there yet. */
	if (exe < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "/proc/self/exe");
	if ((fcntl(exe, F_GET_SEALS) & (SELF_SEALS | INT_MIN)) == SELF_SEALS)
		return 0;
	if (fstatfs(exe, &fs) == 0 && (fs.f_flags & ST_RDONLY))
		return 0;
	copy = self_read_only();
	if (copy < 0 && SYS_OLD_KERNELS)
		copy = self_copy(exe);
	if (copy < 0)
		return err_sys(e, copy, "copying myctr to memory");
	argv = self_argv(&line);
	if (!argv)
		return err_set(e, ENOMEM,
			       "running myctr from a place that cannot be written: out of memory");
	fexecve(copy, argv, environ);
	return err_sys(e, errno, "running myctr from a place that cannot be written");
}
