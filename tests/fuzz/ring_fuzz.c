// SPDX-License-Identifier: MIT
/* Any bytes as a ring file: a reader, and a writer that continues it, stay inside their memory and end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	(void)ms;
	/* touch every byte, so that one outside shows */
	for (size_t i = 0; bytes && i < len; i++)
		*(unsigned char *)arg ^= (unsigned char)bytes[i];
}

/* The checksums are made right, else nothing would get past them. */
static void put_file(const char *path, const uint8_t *data, size_t size)
{
	uint8_t *b = malloc(size + 1);
	FILE *f = fopen(path, "we");
	uint64_t area;

	if (!b || !f)
		abort();
	memcpy(b, data, size);
	if (size >= 44 && b[size - 1] & 1) {
		le_put32(b + 20, hash_crc32c(0, b, 20));
		le_put32(b + 40, hash_crc32c(0, b + 24, 16));
	}
	fwrite(b, 1, size, f);
	fflush(f);
	area = size >= 44 && b[size - 1] & 2 ? (uint64_t)le_get32(b + 12) * le_get32(b + 16) : 0;
	if (area && area < 1 << 30 && ftruncate(fileno(f), 64 + (off_t)area))
		abort();
	fclose(f);
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct log_driver *ring = *__start_set_log;
	struct log_args a = { .name = "fuzz", .size = 4096 };
	uint64_t cursor = size >= 52 ? le_get64(data + 44) % 20000 : 0;
	char path[240], sum = 0;
	struct log *l;

	snprintf(a.dir, sizeof(a.dir), "/dev/shm/ring_fuzz.%d", (int)getpid());
	if (snprintf(path, sizeof(path), "%s/fuzz.ring", a.dir) < 0)
		abort();
	/* opening makes the folder when it is missing */
	if (ring->open(&a, &l, NULL))
		abort();
	ring->close(l);
	put_file(path, data, size);
	ring->read(&a, &cursor, take, &sum, NULL);
	ring->read(&a, &cursor, take, &sum, NULL);
	if (!ring->open(&a, &l, NULL)) {
		ring->write(l, 1, data, size);
		ring->close(l);
	}
	cursor = 0;
	if (ring->read(&a, &cursor, take, &sum, NULL) < 0)
		abort(); /* what a writer has opened can be read */
	ring->remove(&a);
	rmdir(a.dir);
	return 0;
}
