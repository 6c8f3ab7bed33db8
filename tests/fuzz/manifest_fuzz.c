// SPDX-License-Identifier: MIT
/*
 * Manifest text: any bytes end in an error that says where, or in a manifest whose text and binary form read
 * back as the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* The text of m, on the heap. */
static char *print(const struct manifest *m, size_t *len)
{
	int fd = memfd_create("manifest", MFD_CLOEXEC);
	struct out o = OUT(fd);
	char *text;

	manifest_print(&o, m);
	must(out_flush(&o) == 0, "printing failed");
	*len = (size_t)lseek(fd, 0, SEEK_END);
	lseek(fd, 0, SEEK_SET);
	text = malloc(*len + 1);
	must(text && fd_read(fd, text, *len) == (ssize_t)*len, "no memory");
	close(fd);
	return text;
}

static void same(const struct manifest *m, const struct manifest *again, const char *what)
{
	size_t n, k;
	char *a = print(m, &n), *b = print(again, &k);

	must(n == k && memcmp(a, b, n) == 0, what);
	free(a);
	free(b);
}

static void round_trips(const struct manifest *m)
{
	struct manifest text = { 0 }, binary = { 0 };
	struct err e = { 0 };
	uint8_t *bytes;
	size_t len;
	char *s = print(m, &len);

	if (manifest_parse(&text, "again", s, len, &e) < 0) {
		fprintf(stderr, "%s\n%.*s\n", e.msg, (int)len, s);
		abort();
	}
	free(s);
	same(m, &text, "text does not read back");
	must(manifest_encode(m, &bytes, &len, &e) == 0, "cannot be encoded");
	must(manifest_decode(&binary, bytes, len, &e) == 0, e.msg);
	free(bytes);
	same(m, &binary, "binary form does not read back");
	manifest_free(&text);
	manifest_free(&binary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m = { 0 };
	struct err e = { 0 };

	if (manifest_parse(&m, "manifest", (const char *)data, size, &e) < 0) {
		must(e.code > 0 && strncmp(e.msg, "manifest:", 9) == 0, "an error without a place");
	} else {
		round_trips(&m);
		if (manifest_finish(&m, &e) < 0)
			must(e.code > 0 && e.msg[0], "an error without a sentence");
	}
	manifest_free(&m);
	return 0;
}
