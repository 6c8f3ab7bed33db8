/* SPDX-License-Identifier: MIT */
/*
 * The LZ4 stream reader over any bytes, lent in pieces: an error or bytes, and no more than blocks
 * may hold.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/driver.h"
#include "tests/unit/drivers/image/tar_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct stream *s;
	const uint8_t *bytes;
	volatile uint8_t sum = 0;
	ssize_t n;

	if (size < 1)
		return 0;
	/* The first byte says how the rest is cut up. */
	s = codec_by_name("lz4")->decode(tar_make_stream(data + 1, size - 1, data[0] * 4U + 1), &e);
	while ((n = s->next(s, &bytes, &e)) > 0) {
		if (n > 8 << 20)
			abort();
		sum = (uint8_t)(sum + bytes[0] + bytes[n - 1]);
	}
	if (n < 0 && !e.code)
		abort();
	s->close(s);
	return 0;
}
