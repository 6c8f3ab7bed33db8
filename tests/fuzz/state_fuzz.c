// SPDX-License-Identifier: MIT
/* Any bytes as a state file: opening, reading, claiming, writing and dropping stay inside their memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, sparse: header bytes, then copies, each at its place and some with a right checksum. */
static void put_file(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t b[STATE_COPY];
	size_t head = size < 24 ? size : 24;

	if (fd < 0)
		abort();
	memcpy(b, data, head);
	if (head == 24 && b[23] & 1)
		le_put32(b + 20, hash_crc32c(0, b, 20));
	if (pwrite(fd, b, head, 0) != (ssize_t)head)
		abort();
	data += head;
	size -= head;
	for (unsigned int i = 0; size >= 8; i++) {
		size_t n = size < 200 ? size : 200;

		memset(b, 0, sizeof(b));
		memcpy(b, data, n);
		if (data[n - 1] & 1)
			le_put32(b, hash_crc32c(0, b + 4, STATE_COPY - 4));
		if (pwrite(fd, b, STATE_COPY,
			   STATE_PAGE * (1 + i % 2) + (off_t)i / 2 * STATE_COPY) != STATE_COPY)
			abort();
		data += n;
		size -= n;
	}
	if (ftruncate(fd, 3 * STATE_PAGE - (off_t)size) < 0)
		abort();
	close(fd);
}

static void use(struct state *s, bool writable)
{
	struct state_record r;
	int slot;

	for (uint32_t i = 0; i < s->file.slots + 3; i++) {
		if (state_get(s, i, &r) == 0 &&
		    (!memchr(r.name, 0, STATE_NAME) || !memchr(r.image, 0, sizeof(r.image))))
			abort();
		state_get_copy(s, i, 0, &r, NULL);
		state_phase_name(r.phase);
	}
	state_find(s, STATE_CONTAINER, "web", &r);
	if (!writable)
		return;
	slot = state_claim(s, STATE_CONTAINER, "web", &r, NULL);
	if (slot < 0)
		return;
	r.phase = STATE_FAILED;
	if (state_put(s, (uint32_t)slot, &r) || state_get(s, (uint32_t)slot, &r) ||
	    r.phase != STATE_FAILED)
		abort();
	if (state_drop(s, (uint32_t)slot, "web"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state s;
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/state_fuzz.%d", (int)getpid());
	put_file(path, data, size);
	for (int writable = 0; writable < 2; writable++) {
		if (state_open(&s, path, 16, writable, false, NULL))
			continue;
		use(&s, writable);
		state_close(&s);
	}
	unlink(path);
	return 0;
}
