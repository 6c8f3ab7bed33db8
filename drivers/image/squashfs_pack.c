/* SPDX-License-Identifier: MIT */
/*
 * Writes a folder as a squashfs, by mksquashfs of squashfs-tools 4.5 or newer: the format is never
 * written by hand. Runs in the CLI. The helper is a program at a fixed path, started by argv; what it
 * says on failure becomes part of our message.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

static int squashfs_pack_usable(struct err *e)
{
	if (access(CONFIG_PACK_SQUASHFS_TOOL, X_OK) == 0)
		return 0;
	return err_set(e, ENOTSUP,
		       "squashfs: " CONFIG_PACK_SQUASHFS_TOOL
		       " is not here; install squashfs-tools, or choose format tar");
}

/* In the child: the folder is the working directory, the file goes by its number. */
NORETURN static void squashfs_exec(const struct pack_args *a, int out, int said)
{
	char file[PATH_FD_SIZE], newest[40];
	char *argv[16] = { (char *)"mksquashfs", (char *)".", file };
	const char *const options[] = { "-noappend",	"-quiet",
					"-no-progress", "-exit-on-error",
					"-comp",	CONFIG_PACK_SQUASHFS_COMP,
					"-action",	"exclude @ type(s)",
					"-mkfs-time",	"0" };
	size_t n = 3;
	bool kept = a->newest == PACK_TIMES_KEPT;

	for (size_t i = 0; i < ARRAY_SIZE(options) - (kept ? 0 : 2); i++)
		argv[n++] = (char *)options[i];
	if (strcmp(CONFIG_PACK_SQUASHFS_COMP, "lz4") == 0)
		argv[n++] = (char *)"-Xhc";
	argv[n] = NULL;
	/* Its own way to say that no time may be later; beside -mkfs-time it is an error. */
	str_format(newest, sizeof(newest), "SOURCE_DATE_EPOCH=%" PRId64, a->newest);
	char *env[] = { kept ? NULL : newest, NULL };

	path_of_fd(out, file);
	if (fchdir(a->root) == 0 && fcntl(out, F_SETFD, 0) == 0 && dup2(said, STDOUT_FILENO) >= 0 &&
	    dup2(said, STDERR_FILENO) >= 0)
		execve(CONFIG_PACK_SQUASHFS_TOOL, argv, env);
	_exit(127);
}

/* The last line of what it said, printable. */
static void squashfs_said(int fd, char *to, size_t size)
{
	char buf[512], kept[160] = "";
	size_t len = 0;
	ssize_t n;

	while ((n = fd_read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (len && kept[len - 1] == '\n')
				len = 0;
			if (len < sizeof(kept) && (buf[i] != '\n' || len))
				kept[len++] = buf[i];
		}
	while (len && kept[len - 1] == '\n')
		len--;
	str_escape(to, size, kept, len);
}

static int squashfs_wait(const struct pack_args *a, pid_t pid, int said, struct err *e)
{
	char text[160];
	int status;

	squashfs_said(said, text, sizeof(text));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "%s: cannot wait for mksquashfs", a->name);
	if (status == 0)
		return 0;
	if (WIFEXITED(status))
		return err_set(e, EIO, "%s: mksquashfs ended with status %d: %s", a->name,
			       WEXITSTATUS(status), text[0] ? text : "it said nothing");
	return err_set(e, EIO, "%s: mksquashfs was killed by signal %d", a->name, WTERMSIG(status));
}

static int squashfs_pack_write(struct pack_args *a, int out, struct err *e)
{
	int said[2], r;
	pid_t pid;

	a->entries = a->bytes = 0;
	r = squashfs_pack_usable(e);
	if (r < 0)
		return r;
	if (pipe2(said, O_CLOEXEC) < 0)
		return err_sys(e, errno, "%s: cannot make a pipe", a->name);
	pid = fork();
	if (pid == 0)
		squashfs_exec(a, out, said[1]);
	close(said[1]);
	r = pid < 0 ? err_sys(e, errno, "%s: cannot start mksquashfs", a->name)
		    : squashfs_wait(a, pid, said[0], e);
	close(said[0]);
	return r;
}

DRIVER(pack, squashfs) = {
	.name = "squashfs",
	.about = "squashfs files of folders, through mksquashfs",
	.suffix = ".sqfs",
	.seeks = true,
	.usable = squashfs_pack_usable,
	.write = squashfs_pack_write,
};
