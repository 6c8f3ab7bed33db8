// SPDX-License-Identifier: MIT
/*
 * Log driver file, the reading half. Runs in the CLI while the supervisor writes, renames and
 * compresses the same files, so everything is opened first, newest to oldest, and told apart by its
 * first bytes. A cursor is 24 bits of a checksum of those and a 40 bit offset into that file's text.
 */
#include "drivers/log/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/stamp.h"

#define FILE_HEAD (STAMP_LEN + 1) /* a time and a blank */
#define FILE_OFFSET_BITS 40
#define FILE_OFFSET ((1ULL << FILE_OFFSET_BITS) - 1)

struct file_reader {
	unsigned int n; /* files with something in them, newest first */
	int fd[FILE_MAX + 1];
	uint64_t id[FILE_MAX + 1]; /* 0: cannot be read */
	bool any;		   /* at least one is there, be it empty */
	bool live;		   /* the first is the one being written */

	log_each_fn *each;
	void *arg;
	int given;

	/* in the file that is being read */
	uint64_t ms;
	bool mid_line;
	char head[FILE_HEAD]; /* beginning of a line until it can be judged */
	size_t n_head;
};

/* ---- one file -------------------------------------------------------------------------------- */

/* The text of a file from its beginning, or for plain ones from offset on (*skip is then 0). */
static struct stream *file_stream(int fd, uint64_t *skip, struct err *e)
{
	uint8_t head[64];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	const struct codec_driver *codec = n > 0 ? codec_find(head, (size_t)n) : NULL;
	struct stream *in;

	if (lseek(fd, codec ? 0 : (off_t)*skip, SEEK_SET) < 0)
		return NULL;
	if (!codec)
		*skip = 0;
	in = stream_of_fd(fd, "log", e);
	return in && codec ? codec->decode(in, e) : in;
}

/* What names a file, 0 while it is shorter than that. */
static uint64_t file_id(int fd)
{
	uint64_t skip = 0, id;
	char head[STAMP_LEN];
	size_t have = 0;
	struct stream *s = file_stream(fd, &skip, NULL);
	const uint8_t *p;
	ssize_t n;

	while (s && have < sizeof(head) && (n = s->next(s, &p, NULL)) > 0) {
		n = (ssize_t)min_u64((uint64_t)n, sizeof(head) - have);
		memcpy(head + have, p, (size_t)n);
		have += (size_t)n;
	}
	if (s)
		s->close(s);
	if (have < sizeof(head))
		return 0;
	id = hash_crc32c(0, head, sizeof(head)) & 0xffffff;
	return id ? id : 1;
}

static void file_give(struct file_reader *r, const char *p, size_t len)
{
	if (!len)
		return;
	r->each(r->arg, r->ms, p, len);
	r->given++;
}

/* Takes one byte more of a line's beginning; a line without a time is text from its first byte. */
static void file_take_head(struct file_reader *r, char c)
{
	r->head[r->n_head++] = c;
	if (c != '\n' && r->n_head < FILE_HEAD)
		return;
	if (r->n_head < FILE_HEAD || r->head[STAMP_LEN] != ' ' || !stamp_parse(r->head, &r->ms))
		file_give(r, r->head, r->n_head);
	r->mid_line = c != '\n';
	r->n_head = 0;
}

static void file_take(struct file_reader *r, const char *p, size_t len)
{
	while (len) {
		const char *end;
		size_t n = 1;

		if (!r->mid_line) {
			file_take_head(r, *p);
		} else {
			end = memchr(p, '\n', len);
			n = end ? (size_t)(end - p) + 1 : len;
			file_give(r, p, n);
			r->mid_line = !end;
		}
		p += n;
		len -= n;
	}
}

/*
 * Gives the text of a file from offset on, no more than limit bytes. Returns the offset to go on from:
 * before a line of which only the beginning was there.
 */
static uint64_t file_walk(struct file_reader *r, int fd, uint64_t offset, uint64_t limit)
{
	uint64_t skip = offset ? offset - 1 : 0,
		 pos = skip; /* the byte before tells where a line is */
	struct err e = { 0 };
	struct stream *s = file_stream(fd, &skip, &e);
	const uint8_t *p;
	ssize_t n = 0;

	r->mid_line = false;
	r->n_head = 0;
	while (s && (n = s->next(s, &p, &e)) > 0) {
		uint64_t drop = min_u64(skip, (uint64_t)n);
		size_t len = (size_t)((uint64_t)n - drop);

		skip -= drop;
		p += drop;
		if (len && offset && pos == offset - 1) {
			r->mid_line = *p++ != '\n';
			len--;
			pos++;
		}
		len = (size_t)min_u64(len, limit - min_u64(limit, pos));
		file_take(r, (const char *)p, len);
		pos += len;
		if (pos >= limit)
			break;
	}
	if (s)
		s->close(s);
	if (!s || n < 0) /* damaged, or packed and this build cannot unpack */
		r->each(r->arg, 0, NULL, 0);
	return max_u64(pos, offset) - r->n_head;
}

/* ---- all files ------------------------------------------------------------------------------- */

static int file_open_number(const struct log_args *a, unsigned int n)
{
	char path[FILE_PATH];
	int fd = -1;

	if (file_path(a, n, "", path) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && n && file_path(a, n, FILE_SUFFIX, path) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

/* A rotation while we open makes the same file come twice, under the next number. */
static void file_open_all(struct file_reader *r, const struct log_args *a)
{
	for (unsigned int n = 0; n <= FILE_MAX; n++) {
		int fd = file_open_number(a, n);
		uint64_t id;

		if (fd < 0 && n)
			return;
		if (fd < 0)
			continue;
		r->any = true;
		id = file_id(fd);
		/* one that is only just begun is left for the next call */
		if (id ? r->n && r->id[r->n - 1] == id : !n || lseek(fd, 0, SEEK_END) <= 0) {
			fd_close(&fd);
			continue;
		}
		r->live = r->live || !n;
		r->fd[r->n] = fd;
		r->id[r->n++] = id;
	}
}

/* The index of the file a cursor is in; of an unknown one the oldest, from its beginning. */
static unsigned int file_seek(struct file_reader *r, uint64_t cursor, uint64_t *offset)
{
	*offset = 0;
	for (unsigned int i = 0; cursor && i < r->n; i++) {
		if (r->id[i] != cursor >> FILE_OFFSET_BITS)
			continue;
		*offset = cursor & FILE_OFFSET;
		return i;
	}
	if (cursor)
		r->each(r->arg, 0, NULL, 0);
	return r->n - 1;
}

int file_read(const struct log_args *a, uint64_t *cursor, log_each_fn *each, void *arg,
	      struct err *e)
{
	AUTO_FREE struct file_reader *r = calloc(1, sizeof(*r));
	uint64_t offset = 0;

	if (!r)
		return err_set(e, ENOMEM, "log: out of memory");
	r->each = each;
	r->arg = arg;
	file_open_all(r, a);
	if (!r->any)
		return err_set(e, ENOENT, "log: %s/%s.log: no such file", a->dir, a->name);
	for (unsigned int i = r->n ? file_seek(r, *cursor, &offset) + 1 : 0; i-- > 0; offset = 0) {
		struct stat st;
		uint64_t limit = FILE_OFFSET;

		/* what is written while we read is for the next call, else a flood would keep us */
		if (i == 0 && r->live && fstat(r->fd[i], &st) == 0)
			limit = (uint64_t)st.st_size;
		offset = file_walk(r, r->fd[i], offset, limit);
		if (r->id[i])
			*cursor = r->id[i] << FILE_OFFSET_BITS | (offset & FILE_OFFSET);
	}
	for (unsigned int i = 0; i < r->n; i++)
		fd_close(&r->fd[i]);
	return r->given;
}
