/* SPDX-License-Identifier: MIT */
/*
 * Writing tar archives; see tar_write.h. Runs in the CLI. What it writes depends on the entries only:
 * no time of writing, process id or name of a user is ever in it.
 */
#include "drivers/image/tar_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

enum { TAR_NAME = 100, TAR_OCTAL_8 = 07777777 };
#define TAR_OCTAL_12 077777777777LL

static int tar_flush(struct tar_writer *w, struct err *e)
{
	int r = fd_write(w->fd, w->buf, w->used);

	w->used = 0;
	return r < 0 ? err_sys(e, r, "cannot write the archive") : 0;
}

int tar_put(struct tar_writer *w, const void *p, size_t len, struct err *e)
{
	const uint8_t *from = p;

	while (len) {
		size_t n = (size_t)min_u64(len, sizeof(w->buf) - w->used);
		int r;

		memcpy(w->buf + w->used, from, n);
		w->used += n;
		from += n;
		len -= n;
		r = w->used == sizeof(w->buf) ? tar_flush(w, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int tar_put_padding(struct tar_writer *w, uint64_t size, struct err *e)
{
	static const uint8_t zero[TAR_BLOCK];

	return tar_put(w, zero, (size_t)(-size % TAR_BLOCK), e);
}

int tar_put_bytes(struct tar_writer *w, int fd, uint64_t size, struct err *e)
{
	uint64_t left = size;

	while (left) {
		size_t want = (size_t)min_u64(left, sizeof(w->buf) - w->used);
		ssize_t n = fd_read(fd, w->buf + w->used, want);
		int r;

		if (n < 0)
			return err_sys(e, (int)n, "cannot read");
		if (n == 0)
			return err_set(e, ESTALE, "became shorter while it was read");
		w->used += (size_t)n;
		left -= (uint64_t)n;
		r = w->used == sizeof(w->buf) ? tar_flush(w, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int tar_put_end(struct tar_writer *w, struct err *e)
{
	static const uint8_t zero[2 * TAR_BLOCK];
	int r = tar_put(w, zero, sizeof(zero), e);

	return r < 0 ? r : tar_flush(w, e);
}

/* ---- records ---- */

int tar_record(struct tar_records *p, const char *prefix, const char *key, const void *value,
	       size_t len)
{
	size_t body = strlen(prefix) + strlen(key) + len + 3, total = body + 1;
	char number[STR_NUMBER];

	/* The length counts its own digits. */
	while (total != body + str_number(number, total))
		total = body + str_number(number, total);
	if (p->room - p->len < total) {
		size_t room = (p->len + total) * 2;
		char *bigger = realloc(p->text, room);

		if (!bigger)
			return -ENOMEM;
		p->text = bigger;
		p->room = room;
	}
	p->len += str_number(p->text + p->len, total);
	p->text[p->len++] = ' ';
	memcpy(p->text + p->len, prefix, strlen(prefix));
	p->len += strlen(prefix);
	memcpy(p->text + p->len, key, strlen(key));
	p->len += strlen(key);
	p->text[p->len++] = '=';
	memcpy(p->text + p->len, value, len);
	p->len += len;
	p->text[p->len++] = '\n';
	return 0;
}

static int tar_record_number(struct tar_records *p, const char *key, uint64_t v)
{
	char number[STR_NUMBER];

	return tar_record(p, "", key, number, str_number(number, v));
}

/* Seconds with as many digits of a fraction as there are; before 1970 the fraction counts down. */
static int tar_record_time(struct tar_records *p, const struct tar_entry *t)
{
	bool negative = t->mtime < 0;
	uint64_t sec = negative ? -(uint64_t)t->mtime : (uint64_t)t->mtime;
	uint32_t ns = t->mtime_ns;
	char text[40];
	size_t len;

	if (negative && ns) {
		sec--;
		ns = 1000000000 - ns;
	}
	len = str_format(text, sizeof(text), "%s%" PRIu64 ".%09" PRIu32, negative ? "-" : "", sec,
			 ns);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	return tar_record(p, "", "mtime", text, len);
}

/* What does not go into the fields of a ustar header. */
static int tar_needed_records(struct tar_records *p, const struct tar_entry *t, uint64_t size)
{
	size_t path = strlen(t->path), link = strlen(t->link);
	int r = 0;

	if (path > TAR_NAME)
		r = tar_record(p, "", "path", t->path, path);
	if (r == 0 && link > TAR_NAME)
		r = tar_record(p, "", "linkpath", t->link, link);
	if (r == 0 && size > TAR_OCTAL_12)
		r = tar_record_number(p, "size", size);
	if (r == 0 && t->uid > TAR_OCTAL_8)
		r = tar_record_number(p, "uid", t->uid);
	if (r == 0 && t->gid > TAR_OCTAL_8)
		r = tar_record_number(p, "gid", t->gid);
	if (r == 0 && (t->mtime < 0 || t->mtime > TAR_OCTAL_12 || t->mtime_ns))
		r = tar_record_time(p, t);
	return r;
}

/* ---- headers ---- */

/* Octal digits and a NUL in a field of size bytes; what does not fit is 0, a record says it. */
static void tar_octal(uint8_t *field, size_t size, uint64_t v)
{
	field[--size] = '\0';
	if (v >> (3 * size))
		v = 0;
	while (size) {
		field[--size] = (uint8_t)('0' + (v & 7));
		v >>= 3;
	}
}

static void tar_fill_header(uint8_t b[TAR_BLOCK], char type, const struct tar_entry *t,
			    uint64_t size)
{
	static const uint8_t magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
	unsigned int sum = 0;

	memset(b, 0, TAR_BLOCK);
	memcpy(b, t->path, strnlen(t->path, TAR_NAME));
	tar_octal(b + 100, 8, t->mode & 07777);
	tar_octal(b + 108, 8, t->uid);
	tar_octal(b + 116, 8, t->gid);
	tar_octal(b + 124, 12, size);
	tar_octal(b + 136, 12, t->mtime < 0 ? 0 : (uint64_t)t->mtime);
	memset(b + 148, ' ', 8);
	b[156] = (uint8_t)type;
	memcpy(b + 157, t->link, strnlen(t->link, TAR_NAME));
	memcpy(b + 257, magic, sizeof(magic));
	tar_octal(b + 329, 8, t->major);
	tar_octal(b + 337, 8, t->minor);
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	tar_octal(b + 148, 7, sum);
}

/* The records as an entry of their own, before the one they are about. */
static int tar_put_records(struct tar_writer *w, const struct tar_entry *t, struct tar_records *p,
			   struct err *e)
{
	struct tar_entry head = { .mode = 0644 };
	uint8_t block[TAR_BLOCK];
	int r;

	if (p->len > TAR_PAX_MAX)
		return err_set(e, E2BIG, "more than 1 MiB of extended attributes");
	str_format(head.path, TAR_NAME + 1, "PaxHeaders/%s", path_base(t->path));
	tar_fill_header(block, 'x', &head, p->len);
	r = tar_put(w, block, sizeof(block), e);
	if (r == 0)
		r = tar_put(w, p->text, p->len, e);
	if (r == 0)
		r = tar_put_padding(w, p->len, e);
	p->len = 0;
	return r;
}

int tar_put_header(struct tar_writer *w, const struct tar_entry *t, uint64_t size,
		   struct tar_records *p, struct err *e)
{
	static const char types[] = {
		[TAR_FILE] = '0',     [TAR_DIR] = '5',	[TAR_SYMLINK] = '2',
		[TAR_HARDLINK] = '1', [TAR_CHAR] = '3', [TAR_BLOCK_DEVICE] = '4',
		[TAR_FIFO] = '6',
	};
	uint8_t block[TAR_BLOCK];
	int r = tar_needed_records(p, t, size);

	if (r < 0)
		return err_sys(e, r, "cannot make its header");
	r = p->len ? tar_put_records(w, t, p, e) : 0;
	if (r < 0)
		return r;
	tar_fill_header(block, types[t->type], t, size);
	return tar_put(w, block, sizeof(block), e);
}
