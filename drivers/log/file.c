// SPDX-License-Identifier: MIT
/*
 * Log driver file, the writing half: output as lines of text with the time in front, so that vi and
 * grep on the device can read it. Runs in the supervisor. At log-size the file is renamed and a
 * short-lived child compresses it; what is on the disk stays below (log-files + 1) times log-size
 * and the child's half-made file, whatever a container writes.
 *
 * Nothing is ever synced: the kernel gathers writes for its usual seconds, which spares flash, and a power
 * cut loses at most what it had not written yet. A disk that is full or read-only loses output, not
 * the container: the loss is counted and written down when there is room again.
 */
#include "drivers/log/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"

#define FILE_SIZE_MIN 16384 /* smaller ones are made this large */
#define FILE_BUFFER 4096    /* bytes formatted before they are written */
#define FILE_RETRY_MS 1000  /* between attempts to open a file again */
#define FILE_NEAR_MS 1000   /* a clock set back by more may repeat a time */

struct file {
	struct log log;
	int fd;		    /* -1: could not be opened, tried again */
	uint64_t size, max; /* bytes */
	uint64_t written;   /* bytes since file_write() was called, and what a child may write */
	uint64_t dropped;   /* bytes of output since the last note of it */
	uint64_t retry;	    /* realtime ms */
	uint64_t began;	    /* realtime ms at the front of the newest file that was begun here */
	bool mid_line;	    /* the next byte continues a line */
	int packer;	    /* pidfd of the compressing child, -1 */
	struct log_args args;
	char name[64];
	size_t n_buf;
	char *buf; /* FILE_BUFFER bytes, only while file_write() runs */
};

static int file_open(const struct log_args *a, struct log **out, struct err *e);
static int file_write(struct log *l, uint64_t ms, const void *bytes, size_t len);
static void file_close(struct log *l);
static int file_remove(const struct log_args *a);

DRIVER(log, file) = {
	.name = "file",
	.about = "lines of text in files, with rotation",
	.kept = true,
	.open = file_open,
	.write = file_write,
	.close = file_close,
	.read = file_read,
	.remove = file_remove,
};

int file_path(const struct log_args *a, unsigned int n, const char *suffix, char path[FILE_PATH])
{
	char number[16] = "";
	int len;

	if (n)
		snprintf(number, sizeof(number), ".%u", n);
	len = snprintf(path, FILE_PATH, "%s/%s.log%s%s", a->dir, a->name, number, suffix);
	return len < 0 || len >= FILE_PATH ? -ENAMETOOLONG : 0;
}

/* ---- compressing ----------------------------------------------------------------------------- */

/* In the child: everything it holds but its two files is the supervisor's. */
static NORETURN void pack_child(const struct codec_driver *codec, int in, int out,
				const char *const paths[3])
{
	struct err e = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (in < 3 || out < 3 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(1);
	sys_close_range(2, false);
	setpriority(PRIO_PROCESS, 0, 10);
	if (codec->encode(0, 1, &e) < 0 || rename(paths[1], paths[2]) < 0) {
		unlink(paths[1]);
		_exit(1);
	}
	unlink(paths[0]);
	_exit(0);
}

/* Stops a child that is still at work; what it has made is of no use. */
static void pack_stop(struct file *f)
{
	char path[FILE_PATH];

	if (f->packer >= 0) {
		struct pollfd p = { .fd = f->packer, .events = POLLIN };

		sys_pidfd_signal(f->packer, SIGKILL);
		poll(&p, 1, 100); /* it only has to leave the file system */
		fd_close(&f->packer);
	}
	if (file_path(&f->args, 0, ".tmp", path) == 0)
		unlink(path);
}

/* Best effort: what stays uncompressed is as good, and bounded as well. */
static void pack_start(struct file *f)
{
	const struct codec_driver *codec = codec_by_name("lz4");
	char plain[FILE_PATH], temp[FILE_PATH], packed[FILE_PATH];
	const char *paths[3] = { plain, temp, packed };
	AUTO_FD int in = -1, out = -1;
	pid_t pid;

	if (!codec || !codec->encode || file_path(&f->args, 1, "", plain) ||
	    file_path(&f->args, 0, ".tmp", temp) || file_path(&f->args, 1, FILE_SUFFIX, packed))
		return;
	in = open(plain, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (in < 0 || out < 0)
		return;
	pid = fork();
	if (pid == 0)
		pack_child(codec, in, out, paths);
	if (pid < 0) {
		unlink(temp);
		return;
	}
	f->packer = sys_pidfd_open(pid);
	if (f->packer < 0) /* could not be stopped before the next rotation */
		kill(pid, SIGKILL);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void file_shift(const struct log_args *a, unsigned int n)
{
	static const char *const suffixes[] = { "", FILE_SUFFIX };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char from[FILE_PATH], to[FILE_PATH];

		if (file_path(a, n, suffixes[i], from) || file_path(a, n + 1, suffixes[i], to))
			continue;
		if (n >= a->files)
			unlink(from);
		else
			rename(from, to);
	}
}

/* Opens NAME.log for appending; a line that was left open is ended. */
static int file_begin(struct file *f)
{
	char path[FILE_PATH], last = '\n';
	off_t size;
	int rc = file_path(&f->args, 0, "", path);

	if (rc)
		return rc;
	f->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->fd < 0)
		return -errno;
	size = lseek(f->fd, 0, SEEK_END);
	if (size > 0 && pread(f->fd, &last, 1, size - 1) == 1 && last != '\n' &&
	    write(f->fd, "\n", 1) == 1)
		size++;
	f->size = size > 0 ? (uint64_t)size : 0;
	return 0;
}

static void file_rotate(struct file *f)
{
	pack_stop(f);
	fd_close(&f->fd);
	for (unsigned int n = f->args.files; n; n--)
		file_shift(&f->args, n);
	file_shift(&f->args, 0);
	f->mid_line = false;
	f->written += f->args.files ? f->size : 0; /* compressed it is hardly more */
	if (file_begin(f) == 0 && f->args.files)
		pack_start(f);
}

static int file_open(const struct log_args *a, struct log **out, struct err *e)
{
	struct file *f;
	int rc;

	*out = NULL;
	f = calloc(1, sizeof(*f));
	if (!f || strlen(a->name) >= sizeof(f->name)) {
		free(f);
		return err_set(e, f ? ENAMETOOLONG : ENOMEM, "log: cannot open the log of %s",
			       a->name);
	}
	f->log.driver = &log_driver_file;
	f->args = *a;
	memcpy(f->name, a->name, strlen(a->name));
	f->args.name = f->name;
	f->args.files = (unsigned int)min_u64(a->files, FILE_MAX);
	f->max = max_u64(a->size, FILE_SIZE_MIN);
	f->packer = -1;
	pack_stop(f); /* of a supervisor before us */
	path_mkdirs(a->dir, 0750);
	rc = file_begin(f);
	if (rc) {
		free(f);
		return err_sys(e, -rc, "log: %s/%s.log", a->dir, a->name);
	}
	*out = &f->log;
	return 0;
}

static void file_close(struct log *l)
{
	struct file *f = container_of(l, struct file, log);

	fd_close(&f->packer); /* a child that is at work ends by itself */
	fd_close(&f->fd);
	free(f);
}

/* ".log", ".log.tmp", ".log.7" or ".log.7.lz4": whatever else is there is another container's, or a person's. */
static bool file_is_mine(const char *rest)
{
	if (strncmp(rest, ".log", 4) != 0)
		return false;
	rest += 4;
	if (rest[0] != '.' || strcmp(rest, ".tmp") == 0)
		return !rest[0] || rest[0] == '.';
	rest++;
	if (*rest < '1' || *rest > '9')
		return false;
	rest += strspn(rest, "0123456789");
	return !*rest || strcmp(rest, FILE_SUFFIX) == 0;
}

static int file_remove(const struct log_args *a)
{
	AUTO_DIR DIR *d = opendir(a->dir);
	size_t len = strlen(a->name);
	struct dirent *entry;
	int rc = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, a->name, len) != 0 || !file_is_mine(entry->d_name + len))
			continue;
		if (unlinkat(dirfd(d), entry->d_name, 0) < 0 && errno != ENOENT && !rc)
			rc = -errno;
	}
	return rc;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Writes the buffer. A write that was cut short leaves a line open, which the next one ends. */
static int file_flush(struct file *f)
{
	size_t n = f->n_buf;
	ssize_t done;

	f->n_buf = 0;
	if (!n)
		return 0;
	if (f->fd < 0)
		return -EIO;
	do
		done = write(f->fd, f->buf, n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	f->size += (uint64_t)done;
	f->written += (uint64_t)done;
	return (size_t)done == n ? 0 : -ENOSPC;
}

/* Adds bytes, which fit. */
static void file_put(struct file *f, const char *p, size_t len)
{
	memcpy(f->buf + f->n_buf, p, len);
	f->n_buf += len;
}

static void file_put_time(struct file *f, uint64_t ms)
{
	char stamp[STAMP_LEN + 1];

	stamp_format(ms, stamp);
	stamp[STAMP_LEN] = ' ';
	file_put(f, stamp, sizeof(stamp));
}

/* Readers tell files apart by the time they begin with: a flood fills several in a millisecond. */
static uint64_t file_begin_time(struct file *f, uint64_t ms)
{
	bool taken = ms <= f->began && f->began - ms < FILE_NEAR_MS;

	f->began = taken ? f->began + 1 : ms;
	return f->began;
}

/* Formats as much of one line as the buffer takes; returns the bytes used. */
static size_t file_put_line(struct file *f, uint64_t ms, const char *p, size_t len)
{
	const char *end = memchr(p, '\n', len);
	size_t n = end ? (size_t)(end - p) + 1 : len;

	/* Before anything of the buffer is there, so that a file begins with a time. */
	if (!f->n_buf && f->size + FILE_BUFFER > f->max)
		file_rotate(f);
	if (!f->mid_line)
		file_put_time(f, f->size || f->n_buf ? ms : file_begin_time(f, ms));
	n = (size_t)min_u64(n, FILE_BUFFER - f->n_buf);
	file_put(f, p, n);
	f->mid_line = p[n - 1] != '\n';
	return n;
}

static void file_lose(struct file *f, uint64_t ms, size_t len)
{
	f->dropped += len;
	f->mid_line = false;
	f->retry = ms + FILE_RETRY_MS;
}

/* Opens again what could not be opened, and writes down what was lost meanwhile. */
static int file_recover(struct file *f, uint64_t ms)
{
	char note[96];
	int rc = 0;

	if (ms < f->retry &&
	    ms + 10 * FILE_RETRY_MS > f->retry) /* a clock that was set back does not count */
		return -EAGAIN;
	f->retry = ms + FILE_RETRY_MS;
	if (f->fd >= 0) /* a line may have been cut where the disk was full */
		fd_close(&f->fd);
	rc = file_begin(f);
	if (rc)
		return rc;
	file_put_time(f, ms);
	file_put(f, note,
		 (size_t)snprintf(note, sizeof(note),
				  "[myctr: %llu bytes of output were lost here]\n",
				  (unsigned long long)f->dropped));
	rc = file_flush(f);
	if (!rc)
		f->dropped = 0;
	return rc;
}

static int file_write(struct log *l, uint64_t ms, const void *bytes, size_t len)
{
	struct file *f = container_of(l, struct file, log);
	const char *p = bytes;
	char buf[FILE_BUFFER];
	size_t left = len;
	int rc;

	f->buf = buf;
	f->written = 0;
	rc = f->dropped ? file_recover(f, ms) : 0;
	while (!rc && left) {
		size_t n = file_put_line(f, ms, p, left);

		p += n;
		left -= n;
		/* the next line needs room for its time and something of it */
		if (!left || FILE_BUFFER - f->n_buf <= STAMP_LEN + 1)
			rc = file_flush(f);
	}
	if (rc)
		file_lose(f, ms, len);
	f->buf = NULL;
	return rc ? rc : (int)min_u64(f->written, INT32_MAX);
}
