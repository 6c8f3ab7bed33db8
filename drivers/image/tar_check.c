/* SPDX-License-Identifier: MIT */
/*
 * Reading a tar image through without unpacking it: is it whole, and what is its configuration? Runs when an
 * image is loaded. Holds a bounded amount of memory whatever the archive says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/str.h"
#include "drivers/image/tar.h"

/* "./a//b/" is the same name as "a/b". What is longer than size is cut. */
static void check_plain(const char *path, char *plain, size_t size)
{
	size_t used = 0;

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if (n != 1 || *path != '.')
			used += str_format(plain + used, size - used, "%s%.*s", used ? "/" : "",
					   (int)n, path);
		path += n;
	}
	plain[used] = '\0';
}

/* The text of the entry at hand, malloc'd. What is not plain is an error when the image starts, too. */
static int check_take(struct tar_reader *r, char **config, struct err *e)
{
	const uint8_t *bytes;
	uint64_t at;
	ssize_t n;

	free(*config);
	*config = NULL;
	if (r->entry.type != TAR_FILE || r->entry.size > IMAGE_CONFIG_MAX)
		return err_set(e, EINVAL,
			       IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME
						": is not a plain file of at most %d bytes",
			       IMAGE_CONFIG_MAX);
	*config = calloc(1, r->entry.size + 1);
	if (!*config)
		return err_set(e, ENOMEM, "out of memory");
	while ((n = tar_data(r, &at, &bytes, e)) > 0)
		if (at + (uint64_t)n <= r->entry.size)
			memcpy(*config + at, bytes, (size_t)n);
	if (n == 0 && strlen(*config) != r->entry.size)
		return err_set(e, EINVAL,
			       IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME ": a NUL byte in text");
	return (int)n;
}

/* Looks at the entries that a configuration is made of: its folder and itself. */
static int check_entry(struct tar_reader *r, char **config, struct err *e)
{
	char plain[sizeof(IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME) + 1];

	check_plain(r->entry.path, plain, sizeof(plain));
	if (strcmp(plain, IMAGE_CONFIG_DIR) == 0 && r->entry.type != TAR_DIR)
		return err_set(e, EINVAL, IMAGE_CONFIG_DIR ": is not a folder");
	if (strcmp(plain, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME) == 0)
		return check_take(r, config, e);
	return 0;
}

static int check_entries(struct tar_reader *r, char **config, struct err *e)
{
	uint64_t bytes = 0, entries = 0;
	int got;

	while ((got = tar_next(r, e)) > 0) {
		bytes += r->entry.type == TAR_FILE ? r->left : 0;
		if (++entries > CONFIG_IMAGE_TAR_MAX_ENTRIES)
			return err_set(e, E2BIG, "tar: more than %d entries",
				       CONFIG_IMAGE_TAR_MAX_ENTRIES);
		if (bytes > (uint64_t)CONFIG_IMAGE_TAR_MAX_MIB << 20)
			return err_set(e, EFBIG, "tar: unpacks to more than %d MiB",
				       CONFIG_IMAGE_TAR_MAX_MIB);
		got = check_entry(r, config, e);
		if (got < 0)
			break;
	}
	return got;
}

int tar_check(struct image *img, char **config, struct err *e)
{
	struct tar_reader *r;
	struct stream *in;
	int got;

	*config = NULL;
	in = tar_stream(img, e);
	r = in ? tar_open(in, e) : NULL;
	if (!r)
		return e && e->code ? -e->code : -ENOMEM;
	got = check_entries(r, config, e);
	tar_close(r);
	if (got < 0) {
		free(*config);
		*config = NULL;
	}
	return got;
}
