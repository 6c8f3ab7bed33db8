// SPDX-License-Identifier: MIT
/*
 * The binary forms of a spec and of a manifest: any bytes end in an error, or in settings that encode again. The
 * checksum is put right first, or nothing behind it would ever be reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(uint8_t *p, size_t size)
{
	if (size < 16)
		return;
	le_put32(p + 8, (uint32_t)size);
	le_put32(p + 12, hash_crc32c(hash_crc32c(0, p, 12), p + 16, size - 16));
}

static void encode_again(struct spec *s)
{
	struct spec *back;
	struct err e = { 0 };
	uint8_t *bytes;
	size_t len;

	if (spec_encode(s, &bytes, &len, &e) < 0 || spec_decode(bytes, len, &back, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	spec_free(back);
	free(bytes);
	spec_finish(s, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct manifest m = { 0 };
	struct err e = { 0 };
	struct spec *s;

	memcpy(copy, data, size);
	mend(copy, size);
	if (spec_decode(copy, size, &s, &e) == 0) {
		encode_again(s);
		spec_free(s);
	}
	if (manifest_decode(&m, copy, size, &e) == 0)
		manifest_finish(&m, &e);
	manifest_free(&m);
	free(copy);
	return 0;
}
