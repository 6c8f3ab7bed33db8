/* SPDX-License-Identifier: MIT */
/*
 * Any JSON in the place of an image's index, manifest and configuration, and any layers: loading ends, in an error
 * or not, and what lies beside the work folder is never touched. The input is a tar archive's content in short:
 * pieces after one another, each with two bytes of length; the digests in it are made right.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/path.h"
#include "tests/unit/drivers/image/tar_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int top = -1, archive = -1;
static char top_path[] = "/dev/shm/oci_fuzz.XXXXXX";

static void leave(void)
{
	path_remove(AT_FDCWD, top_path);
}

static void begin(void)
{
	if (!mkdtemp(top_path) || (geteuid() == 0 && chown(top_path, 65534, 65534) < 0))
		abort();
	top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	archive = memfd_create("archive", MFD_CLOEXEC);
	atexit(leave);
}

static void digest_of(const void *p, size_t len, char hex[65])
{
	struct hash_sha256 h;
	uint8_t sum[32];

	hash_sha256_init(&h);
	hash_sha256_add(&h, p, len);
	hash_sha256_end(&h, sum);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

/* Puts the digest of the piece before in the place of 64 digits "@@...": so that a fuzzer gets anywhere. */
static void link_up(char *text, size_t len, const char *hex)
{
	static const char mark[] =
		"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";
	char *at;

	while ((at = memmem(text, len, mark, 64)))
		memcpy(at, hex, 64);
}

/* Pieces: the layer first, then texts that may refer to the piece before; the last is index.json. */
static void make(const uint8_t *data, size_t size, struct tar_make *m)
{
	char hex[65] = "", name[80];
	bool docker = size && data[0] & 1;

	tar_make_file(m, "oci-layout", "{}");
	for (size_t at = 1; at + 2 <= size;) {
		size_t len = (size_t)data[at] << 8 | data[at + 1];
		char *piece;

		at += 2;
		len = len < size - at ? len : size - at;
		piece = malloc(len + 1);
		if (!piece)
			abort();
		memcpy(piece, data + at, len);
		piece[len] = '\0';
		link_up(piece, len, hex);
		digest_of(piece, len, hex);
		at += len;
		snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
		tar_make_header(m, '0',
				at + 2 > size ? docker ? "manifest.json" : "index.json" : name, "",
				len);
		tar_make_data(m, piece, len);
		free(piece);
	}
	tar_make_end(m);
}

static void check_beside(void)
{
	struct stat st;

	/* Only work/ is there, made by us. */
	if (fstat(top, &st) < 0 || st.st_nlink != 3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_args a = { .name = "fuzz", .platform = "linux/amd64", .tree = -1 };
	const struct import_driver *d = NULL;
	struct tar_make m = { 0 };
	struct err e = { 0 };
	int r;

	if (top < 0)
		begin();
	for (DRIVER_EACH(import, each))
		d = *each;
	make(data, size, &m);
	if (ftruncate(archive, 0) < 0 || pwrite(archive, m.p, m.len, 0) != (ssize_t)m.len)
		abort();
	if (getuid() == 0 && (setegid(65534) < 0 || seteuid(65534) < 0))
		abort();
	if (mkdirat(top, "work", 0700) < 0)
		abort();
	a.fd = archive;
	a.work = openat(top, "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = d->match(&a, &e);
	if (r > 0)
		r = d->load(&a, &e);
	if (r < 0 && e.code != -r)
		abort();
	fd_close(&a.tree);
	fd_close(&a.work);
	check_beside();
	if (path_remove(top, "work") < 0)
		abort();
	if (getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		abort();
	tar_make_free(&m);
	return 0;
}
