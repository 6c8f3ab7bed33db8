// SPDX-License-Identifier: MIT
/*
 * Frames between vm and its guest agent; linked into both. Blocks until a frame is through, never
 * allocates.
 */
#include "tools/vm/proto.h"

#include <errno.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/lib/le.h"

int vm_frame_send(int fd, uint32_t session, enum vm_type type, const void *data, uint32_t len)
{
	uint8_t buf[VM_HEADER + VM_FRAME_MAX];

	if (len > VM_FRAME_MAX)
		return -EMSGSIZE;
	le_put32(buf, VM_MAGIC);
	le_put32(buf + 4, session);
	le_put32(buf + 8, type);
	le_put32(buf + 12, len);
	if (len)
		memcpy(buf + VM_HEADER, data, len);
	return fd_write(fd, buf, VM_HEADER + len);
}

static int read_whole(int fd, void *buf, size_t len)
{
	ssize_t n = fd_read(fd, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len;
}

int vm_frame_recv(int fd, struct vm_frame *f)
{
	uint8_t h[VM_HEADER];
	int r = read_whole(fd, h, sizeof(h));

	while (r > 0 && (le_get32(h) != VM_MAGIC || le_get32(h + 12) > VM_FRAME_MAX)) {
		memmove(h, h + 1, sizeof(h) - 1);
		r = read_whole(fd, h + sizeof(h) - 1, 1);
	}
	if (r <= 0)
		return r;
	f->session = le_get32(h + 4);
	f->type = le_get32(h + 8);
	f->len = le_get32(h + 12);
	return f->len ? read_whole(fd, f->data, f->len) : 1;
}
