/* SPDX-License-Identifier: MIT */
/* Any bytes as a gzip file: it ends, in an error or not, and its pieces can all be read. */
#include <stdint.h>
#include <stdlib.h>

#include "core/driver.h"
#include "tests/unit/drivers/image/tar_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct stream *s = codec_by_name("gzip")->decode(tar_make_stream(data, size, 100), &e);
	unsigned int sum = 0, pieces = 0;
	const uint8_t *bytes;
	ssize_t n;

	while ((n = s->next(s, &bytes, &e)) > 0 && pieces++ < 100)
		for (ssize_t i = 0; i < n; i += 97)
			sum += bytes[i];
	if (n < 0 && e.code != -n)
		abort();
	s->close(s);
	return sum == 0xdeadbeef;
}
