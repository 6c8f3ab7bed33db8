// SPDX-License-Identifier: MIT
/*
 * Log driver ring: the newest output of a container in a file of fixed size on a tmpfs. The supervisor
 * writes, any process reads without asking it, and a supervisor that was killed goes on where the file
 * ends. Must never let a reader take half-written or overwritten bytes for output.
 *
 * The file, little-endian:
 *
 *	 0  8  magic "myctrlog"     8  4  version (RING_VERSION)
 *	12  4  bytes of a block    16  4  number of blocks        20  4  CRC32C of bytes 0..19
 *	24  8  start               32  8  end                     40  4  CRC32C of bytes 24..39
 *	64     the blocks
 *
 * start and end are positions in the stream of everything ever written; position p is stored in block
 * p / block % blocks. Only what lies from start to end is there. A block is a sequence of records: 4
 * bytes length, 8 bytes time (ms since 1970), the output. No record crosses a block, and one that would
 * have no room for a byte begins in the next. So each block can be read without the ones before it.
 *
 * The writer moves start before it overwrites anything, and end after. A reader looks at start
 * again after it has copied a block.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/lib/path.h"

enum {
	RING_VERSION = 1,
	RING_DATA = 64,
	RING_RECORD = 12, /* bytes before the output */
	RING_BLOCK_MIN = 256,
	RING_BLOCK_MAX = 16384,
	RING_BLOCKS_MIN = 4,
	RING_SIZE_MAX = 1 << 30,
	RING_TRIES = 100, /* to read a header that is being written, */
	RING_NAP_MS = 1,  /* and how long to let its writer run between two of them */
};

static const char ring_magic[8] = { 'm', 'y', 'c', 't', 'r', 'l', 'o', 'g' };

struct ring_head {
	uint32_t block, blocks;
	uint64_t start, end;
};

struct ring {
	struct log log;
	int fd;
	struct ring_head h;
};

/* As it is declared in the table at the end. */
static int ring_open(const struct log_args *a, struct log **out, struct err *e);
static int ring_write(struct log *l, uint64_t ms, const void *bytes, size_t len);
static void ring_close(struct log *l);
static int ring_read(const struct log_args *a, uint64_t *cursor, log_each_fn *each, void *arg,
		     struct err *e);
static int ring_remove(const struct log_args *a);

DRIVER(log, ring) = {
	.name = "ring",
	.about = "newest output in memory, fixed size",
	.kernel = "TMPFS",
	.open = ring_open,
	.write = ring_write,
	.close = ring_close,
	.read = ring_read,
	.remove = ring_remove,
};

static int ring_path(const struct log_args *a, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/%s.ring", a->dir, a->name);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* ---- header ---------------------------------------------------------------------------------- */

/* Sixteen blocks or more, so that what is lost at the old end is small against the whole. */
static struct ring_head ring_shape(uint64_t size)
{
	struct ring_head h = { 0 };

	size = min_u64(size, RING_SIZE_MAX);
	h.block = (uint32_t)min_u64(max_u64(size / 16 & ~63ULL, RING_BLOCK_MIN), RING_BLOCK_MAX);
	h.blocks = (uint32_t)min_u64(max_u64(size / h.block, RING_BLOCKS_MIN),
				     UINT32_MAX / RING_BLOCK_MAX);
	/* not 0, which is no place of a reader: it asks for the oldest */
	h.start = h.end = h.block;
	return h;
}

static uint64_t ring_capacity(const struct ring_head *h)
{
	return (uint64_t)h->block * h->blocks;
}

/* 0, -EILSEQ when the bytes are no header of ours, -EAGAIN when they are one that is being written. */
static int ring_parse(const uint8_t b[RING_DATA], struct ring_head *h)
{
	static const uint8_t unwritten[RING_DATA];
	struct ring_head shape;

	if (memcmp(b, unwritten, RING_DATA) == 0)
		return -EAGAIN;
	if (memcmp(b, ring_magic, 8) != 0 || le_get32(b + 8) != RING_VERSION ||
	    le_get32(b + 20) != hash_crc32c(0, b, 20))
		return -EILSEQ;
	*h = (struct ring_head){ .block = le_get32(b + 12),
				 .blocks = le_get32(b + 16),
				 .start = le_get64(b + 24),
				 .end = le_get64(b + 32) };
	/* only shapes a writer makes: bounds what a reader may have to walk through */
	shape = ring_shape(ring_capacity(h));
	if (shape.block != h->block || shape.blocks != h->blocks)
		return -EILSEQ;
	if (le_get32(b + 40) != hash_crc32c(0, b + 24, 16))
		return -EAGAIN;
	if (h->end > INT64_MAX || h->start > INT64_MAX || h->start % h->block ||
	    (h->end > h->start && h->end - h->start > ring_capacity(h)))
		return -EILSEQ;
	return 0;
}

static int ring_read_head(int fd, struct ring_head *h)
{
	static const struct timespec nap = { .tv_nsec = RING_NAP_MS * 1000000L };
	uint8_t b[RING_DATA];
	int rc = -EAGAIN;

	for (int try = 0; rc == -EAGAIN && try < RING_TRIES; try++) {
		ssize_t n = pread(fd, b, sizeof(b), 0);

		if (n < 0)
			return -errno;
		rc = n < RING_DATA ? -EAGAIN : ring_parse(b, h);
		if (rc == -EAGAIN)
			nanosleep(&nap, NULL);
	}
	return rc == -EAGAIN ? -EILSEQ : rc;
}

/* A file that is not as large as its header says would be walked for ever. */
static int ring_check_size(int fd, const struct ring_head *h)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return (uint64_t)st.st_size == RING_DATA + ring_capacity(h) ? 0 : -EILSEQ;
}

static int ring_publish(struct ring *r)
{
	uint8_t b[20];

	le_put64(b, r->h.start);
	le_put64(b + 8, r->h.end);
	le_put32(b + 16, hash_crc32c(0, b, 16));
	return pwrite(r->fd, b, sizeof(b), 24) == (ssize_t)sizeof(b) ? 0 : -EIO;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int ring_create(const char *path, const struct ring_head *h)
{
	uint8_t b[RING_DATA] = { 0 };
	AUTO_FD int fd = -1;
	ssize_t n;

	memcpy(b, ring_magic, 8);
	le_put32(b + 8, RING_VERSION);
	le_put32(b + 12, h->block);
	le_put32(b + 16, h->blocks);
	le_put32(b + 20, hash_crc32c(0, b, 20));
	le_put64(b + 24, h->start);
	le_put64(b + 32, h->end);
	le_put32(b + 40, hash_crc32c(0, b + 24, 16));
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	/* a reader waits a little for a header that is not there yet */
	n = ftruncate(fd, RING_DATA + (off_t)ring_capacity(h));
	n = n ? n
	      : pwrite(fd, b, sizeof(b), 0); /* last, so that nobody takes it for whole before */
	if (n != RING_DATA) {
		int rc = n < 0 ? -errno : -ENOSPC;

		unlink(path);
		return rc;
	}
	return fd_take(&fd);
}

/* The fd of an existing ring of this shape, whose positions go to *h. */
static int ring_continue(const char *path, struct ring_head *h)
{
	AUTO_FD int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct ring_head old;
	int rc;

	if (fd < 0)
		return -errno;
	rc = ring_read_head(fd, &old) ?: ring_check_size(fd, &old);
	if (rc)
		return rc;
	if (old.block != h->block || old.blocks != h->blocks)
		return -EILSEQ;
	*h = old;
	/* killed between the two: what start has given up is gone */
	h->end = max_u64(h->end, h->start);
	return fd_take(&fd);
}

static int ring_open(const struct log_args *a, struct log **out, struct err *e)
{
	struct ring_head h = ring_shape(a->size);
	struct ring *r;
	char path[320];
	int fd;

	*out = NULL;
	if (ring_path(a, path, sizeof(path)) < 0)
		return err_set(e, ENAMETOOLONG, "log: the name of its file is too long");
	fd = ring_continue(path, &h);
	if (fd < 0)
		fd = ring_create(path, &h);
	if (fd == -ENOENT) {
		path_mkdirs(a->dir, 0700);
		fd = ring_create(path, &h);
	}
	if (fd < 0)
		return err_sys(e, -fd, "log: %s: cannot make the ring", path);
	r = malloc(sizeof(*r));
	if (!r) {
		fd_end(fd);
		return err_set(e, ENOMEM, "log: out of memory");
	}
	*r = (struct ring){ .log = { .driver = &log_driver_ring }, .fd = fd, .h = h };
	*out = &r->log;
	return 0;
}

/* Where a record for len bytes goes: its position, and the part of len it can hold. */
static uint64_t ring_place(const struct ring_head *h, uint64_t pos, size_t len, size_t *part)
{
	uint64_t left = h->block - pos % h->block;

	if (left <= RING_RECORD) {
		pos += left;
		left = h->block;
	}
	*part = (size_t)min_u64(left - RING_RECORD, len);
	return pos;
}

/* The position after len bytes written from pos on. */
static uint64_t ring_end_after(const struct ring_head *h, uint64_t pos, size_t len)
{
	size_t part;

	for (; len; len -= part)
		pos = ring_place(h, pos, len, &part) + RING_RECORD + part;
	return pos;
}

/* Gives up the blocks that writing up to end will overwrite, before it does. */
static int ring_make_room(struct ring *r, uint64_t end)
{
	uint64_t last = (end - 1) / r->h.block + 1;

	if (last <= r->h.blocks || (last - r->h.blocks) * r->h.block <= r->h.start)
		return 0;
	r->h.start = (last - r->h.blocks) * r->h.block;
	return ring_publish(r);
}

static int ring_put(struct ring *r, uint64_t pos, uint64_t ms, const uint8_t *bytes, size_t len)
{
	off_t at = RING_DATA + (off_t)(pos % ring_capacity(&r->h));
	uint8_t head[RING_RECORD];
	struct iovec v[2] = { { head, sizeof(head) }, { (void *)(uintptr_t)bytes, len } };
	ssize_t n;

	le_put32(head, (uint32_t)len);
	le_put64(head + 4, ms);
	n = pwritev(r->fd, v, 2, at);
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(head) + len ? 0 : -ENOSPC;
}

static int ring_write(struct log *l, uint64_t ms, const void *bytes, size_t len)
{
	struct ring *r = container_of(l, struct ring, log);
	uint64_t most = (uint64_t)(r->h.block - RING_RECORD) * r->h.blocks, pos;
	const uint8_t *b = bytes;
	size_t part;
	int rc;

	if (!len)
		return 0;
	pos = max_u64(r->h.end, r->h.start); /* start is ahead after a write that failed */
	/* Only the tail of a large piece can stay; the skipped positions tell a reader of the loss. */
	if (len > most) {
		uint64_t skip = len - most;

		b += skip;
		len = (size_t)most;
		pos += skip + r->h.block - 1;
		pos -= pos % r->h.block;
	}
	rc = ring_make_room(r, ring_end_after(&r->h, pos, len));
	for (; !rc && len; len -= part, b += part) {
		pos = ring_place(&r->h, pos, len, &part);
		rc = ring_put(r, pos, ms, b, part);
		if (!rc)
			r->h.end = pos += RING_RECORD + part;
	}
	return ring_publish(r) ?: rc;
}

static void ring_close(struct log *l)
{
	struct ring *r = container_of(l, struct ring, log);

	fd_close(&r->fd);
	free(r);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct ring_reader {
	int fd;
	struct ring_head h;
	log_each_fn *each;
	void *arg;
	int given;
	uint8_t block[RING_BLOCK_MAX];
};

/* Copies the part of a block from pos to limit; what the file lacks is zeros, so no record. */
static int ring_load(struct ring_reader *r, uint64_t pos, uint64_t limit)
{
	size_t len = (size_t)(limit - pos);
	ssize_t n = pread(r->fd, r->block, len, RING_DATA + (off_t)(pos % ring_capacity(&r->h)));

	if (n < 0)
		return -errno;
	memset(r->block + n, 0, len - (size_t)n);
	return 0;
}

static void ring_give(struct ring_reader *r, size_t len)
{
	for (size_t at = 0; len - at > RING_RECORD;) {
		uint32_t n = le_get32(r->block + at);

		if (!n || n > len - at - RING_RECORD)
			return; /* the rest of a block that has no room, or damage */
		r->each(r->arg, le_get64(r->block + at + 4),
			(const char *)r->block + at + RING_RECORD, n);
		r->given++;
		at += RING_RECORD + n;
	}
}

/* Gives what lies between pos and the end as it was at first. Returns where the next call goes on. */
static int ring_walk(struct ring_reader *r, uint64_t *cursor)
{
	uint64_t pos = *cursor, end = r->h.end;

	while (pos < end) {
		uint64_t limit = min_u64(pos - pos % r->h.block + r->h.block, end);
		int rc = pos >= r->h.start ? ring_load(r, pos, limit) : 0;

		rc = rc ?: ring_read_head(r->fd, &r->h);
		if (rc)
			return rc;
		if (pos < r->h.start) { /* overwritten while, or since, we looked */
			r->each(r->arg, 0, NULL, (size_t)(r->h.start - pos));
			pos = r->h.start;
			continue;
		}
		ring_give(r, (size_t)(limit - pos));
		pos = limit;
	}
	*cursor = pos;
	return 0;
}

static int ring_read(const struct log_args *a, uint64_t *cursor, log_each_fn *each, void *arg,
		     struct err *e)
{
	AUTO_FREE struct ring_reader *r = NULL;
	AUTO_FD int fd = -1;
	char path[320];
	int rc = ring_path(a, path, sizeof(path));

	if (rc)
		return err_set(e, ENAMETOOLONG, "log: the name of its file is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(e, errno, "log: %s", path);
	r = malloc(sizeof(*r));
	if (!r)
		return err_set(e, ENOMEM, "log: out of memory");
	*r = (struct ring_reader){ .fd = fd, .each = each, .arg = arg };
	rc = ring_read_head(fd, &r->h) ?: ring_check_size(fd, &r->h);
	if (!rc && *cursor > r->h.end)
		*cursor = 0; /* another ring since */
	if (!rc && !*cursor)
		*cursor = r->h.start;
	rc = rc ?: ring_walk(r, cursor);
	if (rc)
		return err_set(e, -rc, "log: %s: %s", path,
			       rc == -EILSEQ ? "damaged" : err_text(rc));
	return r->given;
}

static int ring_remove(const struct log_args *a)
{
	char path[320];
	int rc = ring_path(a, path, sizeof(path));

	if (rc)
		return rc;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
