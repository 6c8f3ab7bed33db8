/* SPDX-License-Identifier: MIT */
/* Any bytes as the index of the image store, and as the configuration of an image: neither leaves its memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "core/store_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A good header, then records whose bytes from the kind on are the input, with right checksums. */
static void put_index(const char *path, const uint8_t *data, size_t size)
{
	static const uint8_t head[12] = "myctrim\0\1\0\0";
	uint8_t file[3 * RECORD_PAGE] = { 0 };
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memcpy(file, head, sizeof(head));
	le_put32(file + 12, RECORD_COPY);
	le_put32(file + 16, 64);
	le_put32(file + 20, hash_crc32c(0, file, 20));
	for (size_t i = 0; i < RECORD_GROUP && size; i++) {
		uint8_t *copy = file + RECORD_PAGE + i * RECORD_COPY;
		size_t n = size < 200 ? size : 200;

		le_put32(copy + 4, 1);
		memcpy(copy + RECORD_KIND, data, n);
		le_put32(copy, hash_crc32c(0, copy + 4, RECORD_COPY - 4));
		data += n;
		size -= n;
	}
	if (fd < 0 || fd_write(fd, file, sizeof(file)) < 0)
		abort();
	close(fd);
}

static void use(struct store *s)
{
	struct store_item item, image;
	char name[STORE_KEY];
	uint32_t i = 0;

	while (store_next(s, &i, &item)) {
		if (!memchr(item.name, 0, STORE_KEY) || strlen(item.id) != 64 ||
		    !memchr(item.format, 0, STORE_FORMAT) || store_image(s, item.id, &image) < 0)
			abort();
		store_find(s, item.name, &image, name, NULL);
	}
	store_find(s, "web", &item, name, NULL);
	store_find(s, "0123456789", &item, name, NULL);
}

static void config(const uint8_t *data, size_t size)
{
	struct spec *s = NULL;
	struct out o = OUT(open("/dev/null", O_WRONLY | O_CLOEXEC));
	struct err e = { 0 };

	if (image_config_parse((const char *)data, size, &s, &e) < 0) {
		if (!e.code || s)
			abort();
	} else {
		for (unsigned int i = 0; i < spec_n_fields; i++)
			if (spec_is_set(s, &spec_fields[i]) &&
			    !image_config_allows(spec_fields[i].name))
				abort();
		image_config_print(&o, s);
		out_flush(&o);
	}
	spec_free(s);
	close(o.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store s;
	char path[200];

	config(data, size);
	snprintf(paths.data, sizeof(paths.data), "/dev/shm/store_fuzz.%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/images", paths.data);
	path_mkdirs(path, 0700);
	snprintf(path, sizeof(path), "%s/images/index", paths.data);
	put_index(path, data, size);
	if (store_open(&s, NULL) == 0) {
		use(&s);
		store_close(&s);
	}
	if (store_open_writable(&s, NULL) == 0) {
		use(&s);
		store_close(&s);
	}
	path_remove(AT_FDCWD, paths.data);
	return 0;
}
