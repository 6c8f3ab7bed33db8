/* SPDX-License-Identifier: MIT */
/* Makes tar archives in memory; see tar_make.h. */
#include "tests/unit/drivers/image/tar_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tar_make_raw(struct tar_make *m, const void *data, size_t len)
{
	if (m->len + len > m->room) {
		m->room = (m->len + len) * 2;
		m->p = realloc(m->p, m->room);
		if (!m->p)
			abort();
	}
	memcpy(m->p + m->len, data, len);
	m->len += len;
}

void tar_make_patch(struct tar_make *m, size_t at, const void *bytes, size_t len)
{
	uint8_t *h = m->p + m->header;
	unsigned int sum = 8 * ' ';

	memcpy(h + at, bytes, len);
	for (int i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? 0 : h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	h[155] = ' ';
}

void tar_make_header(struct tar_make *m, char type, const char *path, const char *link,
		     uint64_t size)
{
	uint8_t h[512] = { 0 };
	size_t path_len = strlen(path), link_len = strlen(link);

	memcpy(h, path, path_len < 100 ? path_len : 100);
	memcpy(h + 157, link, link_len < 100 ? link_len : 100);
	memcpy(h + 100, type == '5' ? "0000755" : "0000644", 7);
	memcpy(h + 108, "0000000", 7);
	memcpy(h + 116, "0000000", 7);
	snprintf((char *)h + 124, 12, "%011llo", (unsigned long long)size);
	memcpy(h + 136, "07346545000", 11);
	h[156] = (uint8_t)type;
	memcpy(h + 257, "ustar\00000", 8);
	m->header = m->len;
	tar_make_raw(m, h, sizeof(h));
	tar_make_patch(m, 0, h, 1);
}

void tar_make_data(struct tar_make *m, const void *data, size_t len)
{
	static const uint8_t zero[512];

	tar_make_raw(m, data, len);
	tar_make_raw(m, zero, -len % 512);
}

void tar_make_file(struct tar_make *m, const char *path, const char *text)
{
	tar_make_header(m, '0', path, "", strlen(text));
	tar_make_data(m, text, strlen(text));
}

void tar_make_pax_text(struct tar_make *m, char type, const void *text, size_t len)
{
	tar_make_header(m, type, "PaxHeaders/x", "", len);
	tar_make_data(m, text, len);
}

void tar_make_pax(struct tar_make *m, char type, const char *key, const void *value, size_t len)
{
	char head[600];
	size_t body = strlen(key) + len + 3, total = body + 1;
	char *text;
	int n;

	/* The length counts its own digits. */
	while (total != body + (size_t)snprintf(head, sizeof(head), "%zu", total))
		total = body + (size_t)snprintf(head, sizeof(head), "%zu", total);
	n = snprintf(head, sizeof(head), "%zu %s=", total, key);
	text = malloc(total);
	if (!text)
		abort();
	memcpy(text, head, (size_t)n);
	memcpy(text + n, value, len);
	text[total - 1] = '\n';
	tar_make_pax_text(m, type, text, total);
	free(text);
}

void tar_make_end(struct tar_make *m)
{
	static const uint8_t zero[1024];

	tar_make_raw(m, zero, sizeof(zero));
}

void tar_make_free(struct tar_make *m)
{
	free(m->p);
	*m = (struct tar_make){ 0 };
}

struct make_stream {
	struct stream base;
	const uint8_t *p;
	size_t len, step;
	uint8_t *lent;
};

static ssize_t make_stream_next(struct stream *s, const uint8_t **bytes, struct err *e)
{
	struct make_stream *m = container_of(s, struct make_stream, base);
	size_t n = m->len < m->step ? m->len : m->step;

	(void)e;
	/* A fresh block each time, so that a sanitizer sees who reads what was taken back. */
	free(m->lent);
	m->lent = malloc(n ? n : 1);
	if (!m->lent)
		abort();
	memcpy(m->lent, m->p, n);
	*bytes = m->lent;
	m->p += n;
	m->len -= n;
	return (ssize_t)n;
}

static void make_stream_close(struct stream *s)
{
	struct make_stream *m = container_of(s, struct make_stream, base);

	free(m->lent);
	free(m);
}

struct stream *tar_make_stream(const void *p, size_t len, size_t step)
{
	struct make_stream *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->base.next = make_stream_next;
	m->base.close = make_stream_close;
	m->p = p;
	m->len = len;
	m->step = step;
	return &m->base;
}
