// SPDX-License-Identifier: MIT
/* Any bytes as files of log driver file, current and packed: a reader stays in its memory and ends. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/le.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	(void)ms;
	for (size_t i = 0; bytes && i < len; i++)
		*(unsigned char *)arg ^= (unsigned char)bytes[i];
}

static void put(const struct log_args *a, const char *suffix, const uint8_t *data, size_t size)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.log%s", a->dir, a->name, suffix);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct log_driver *file = *__start_set_log;
	struct log_args a = { .name = "fuzz" };
	uint64_t cursor = 0;
	size_t cut;
	char sum = 0;

	if (size < 8)
		return 0;
	snprintf(a.dir, sizeof(a.dir), "/dev/shm/file_fuzz.%d", (int)getpid());
	mkdir(a.dir, 0700);
	cut = 8 + le_get16(data + 6) % (size - 7);
	put(&a, "", data + 8, cut - 8);
	put(&a, data[0] & 1 ? ".1" : ".1.lz4", data + cut, size - cut);
	for (int i = 0; i < 3; i++) {
		file->read(&a, &cursor, take, &sum, NULL);
		if (i == 0 && data[0] & 2)
			cursor = (cursor & ~0xffffffULL) | le_get32(data + 1) >> 12;
	}
	if (file->remove(&a) || rmdir(a.dir))
		abort();
	return 0;
}
