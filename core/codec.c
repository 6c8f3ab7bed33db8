/* SPDX-License-Identifier: MIT */
/*
 * Byte streams: the one that reads a file, and the look-up of the codec drivers that go over it.
 * See driver.h. Runs in launchers and the CLI; one fixed buffer per stream, whatever the file
 * holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/interrupt.h"

/* Large enough that reading costs few calls, small enough to stay in a level 2 cache. */
enum { STREAM_BUFFER = 128 << 10 };

struct file_stream {
	struct stream base;
	int fd;
	const char *name;
	uint8_t buf[STREAM_BUFFER];
};

static ssize_t file_stream_next(struct stream *s, const uint8_t **bytes, struct err *e)
{
	struct file_stream *f = container_of(s, struct file_stream, base);
	ssize_t n;

	if (interrupt_pending())
		return err_set(e, EINTR, "%s: interrupted", f->name);
	do {
		n = read(f->fd, f->buf, sizeof(f->buf));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "%s: cannot read", f->name);
	*bytes = f->buf;
	return n;
}

static void file_stream_close(struct stream *s)
{
	free(container_of(s, struct file_stream, base));
}

struct stream *stream_of_fd(int fd, const char *name, struct err *e)
{
	struct file_stream *f = malloc(sizeof(*f));

	if (!f) {
		err_set(e, ENOMEM, "%s: out of memory for a read buffer", name);
		return NULL;
	}
	f->base.next = file_stream_next;
	f->base.close = file_stream_close;
	f->fd = fd;
	f->name = name;
	return &f->base;
}

struct limited_stream {
	struct stream base;
	struct stream *in;
	uint64_t left;
};

static ssize_t limited_next(struct stream *base, const uint8_t **bytes, struct err *e)
{
	struct limited_stream *s = container_of(base, struct limited_stream, base);
	ssize_t n = s->in->next(s->in, bytes, e);

	if (n <= 0)
		return n;
	if ((uint64_t)n > s->left)
		return err_set(e, EFBIG,
			       "unpacks to more than IMAGE_TAR_MAX_MIB or the ratio limit allows");
	s->left -= (uint64_t)n;
	return n;
}

static void limited_close(struct stream *base)
{
	struct limited_stream *s = container_of(base, struct limited_stream, base);

	s->in->close(s->in);
	free(s);
}

struct stream *stream_limited(struct stream *in, uint64_t most, struct err *e)
{
	struct limited_stream *s = malloc(sizeof(*s));

	if (!s) {
		in->close(in);
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	*s = (struct limited_stream){ { limited_next, limited_close }, in, most };
	return &s->base;
}

const struct codec_driver *codec_find(const uint8_t *head, size_t len)
{
	for (DRIVER_EACH(codec, d))
		if ((*d)->match(head, len))
			return *d;
	return NULL;
}

const struct codec_driver *codec_by_name(const char *name)
{
	for (DRIVER_EACH(codec, d))
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return NULL;
}
