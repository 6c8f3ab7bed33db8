/* SPDX-License-Identifier: MIT */
/*
 * Making image files of folders; see pack.h. Runs in the CLI. With a codec there are two processes and
 * a pipe, so that two processors share the work and neither side knows of the other.
 */
#include "core/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/str.h"

/* "squashfs, tar, tar.lz4" */
static void pack_list(char *to, size_t size)
{
	size_t used = 0;

	to[0] = '\0';
	for (DRIVER_EACH(pack, d)) {
		used += str_format(to + used, size - used, "%s%s", used ? ", " : "", (*d)->name);
		for (DRIVER_EACH(codec, c))
			if (!(*d)->seeks && (*c)->encode)
				used += str_format(to + used, size - used, ", %s%s", (*d)->name,
						   (*c)->suffix);
	}
}

static const struct pack_driver *pack_by_name(const char *name, size_t len)
{
	for (DRIVER_EACH(pack, d))
		if (strlen((*d)->name) == len && memcmp((*d)->name, name, len) == 0)
			return *d;
	return NULL;
}

int pack_find(const char *format, const struct pack_driver **driver,
	      const struct codec_driver **codec, struct err *e)
{
	const char *dot = strchr(format, '.');
	char known[120];

	*driver = pack_by_name(format, dot ? (size_t)(dot - format) : strlen(format));
	*codec = dot ? codec_by_name(dot + 1) : NULL;
	if (*driver && (!dot || (*codec && (*codec)->encode && !(*driver)->seeks)))
		return (*driver)->usable ? (*driver)->usable(e) : 0;
	pack_list(known, sizeof(known));
	return err_set(e, ENOTSUP, "format '%s': not one this build writes; %s", format,
		       known[0] ? known : "it writes none");
}

const char *pack_default(void)
{
	static const char *const best[] = { "squashfs", "tar.lz4", "tar" };
	const struct codec_driver *codec;
	const struct pack_driver *d;
	/* Who is not root cannot mount one. */
	size_t i = geteuid() != 0;

	while (i < ARRAY_SIZE(best) - 1 && pack_find(best[i], &d, &codec, NULL) < 0)
		i++;
	return best[i];
}

/* What the child that writes the archive has to say; one write(2) to the pipe, below PIPE_BUF. */
struct pack_said {
	uint64_t entries, bytes;
	struct err e;
};

NORETURN static void pack_child(const struct pack_driver *d, struct pack_args *a, int data,
				int report)
{
	struct pack_said said = { 0 };
	int r = d->write(a, data, &said.e);

	said.entries = a->entries;
	said.bytes = a->bytes;
	close(data);
	_exit(fd_write(report, &said, sizeof(said)) < 0 || r < 0);
}

static int pack_finish(struct pack_args *a, pid_t pid, int report, struct err *e)
{
	struct pack_said said;
	ssize_t n = fd_read(report, &said, sizeof(said));

	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof(said))
		return err_set(e, EIO, "%s: the process that reads it has died", a->name);
	a->entries = said.entries;
	a->bytes = said.bytes;
	if (said.e.code && e)
		*e = said.e;
	return -said.e.code;
}

static int pack_encoded(const struct pack_driver *d, const struct codec_driver *codec,
			struct pack_args *a, int out, struct err *e)
{
	int data[2], report[2], r, made;
	struct err late = { 0 };
	pid_t pid;

	if (pipe2(data, O_CLOEXEC) < 0)
		return err_sys(e, errno, "%s: cannot make a pipe", a->name);
	if (pipe2(report, O_CLOEXEC) < 0) {
		r = err_sys(e, errno, "%s: cannot make a pipe", a->name);
		close(data[0]);
		close(data[1]);
		return r;
	}
	pid = fork();
	if (pid == 0) {
		/* When the other side fails, writing must be an error that ends this one. */
		signal(SIGPIPE, SIG_IGN);
		close(data[0]);
		pack_child(d, a, data[1], report[1]);
	}
	r = pid < 0 ? err_sys(e, errno, "%s: cannot start a process", a->name) : 0;
	close(data[1]);
	close(report[1]);
	if (r == 0)
		r = codec->encode(data[0], out, e);
	close(data[0]);
	if (pid > 0) {
		made = pack_finish(a, pid, report[0], &late);
		/* Its own failure comes first, the broken pipe after ours is no news. */
		if (made < 0 && r == 0) {
			if (e)
				*e = late;
			r = made;
		}
	}
	close(report[0]);
	return r;
}

int pack_write(struct pack_args *a, const char *format, int out, struct err *e)
{
	const struct codec_driver *codec;
	const struct pack_driver *d;
	int r = pack_find(format, &d, &codec, e);

	if (r < 0)
		return r;
	return codec ? pack_encoded(d, codec, a, out, e) : d->write(a, out, e);
}
