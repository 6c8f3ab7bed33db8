/* SPDX-License-Identifier: MIT */
/* Zstandard streams: whole ones in pieces of any size, several frames, damage, and large windows. */
#include "tests/unit/drivers/codec/codec_read.h"

#include <errno.h>
#include <zstd.h>

static struct codec_read got;

/* A frame with a checksum, at to; its length. */
static size_t frame(uint8_t *to, size_t room, const void *data, size_t len, int window_log)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	if (window_log) {
		ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
		ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0);
	}
	len = ZSTD_compress2(z, to, room, data, len);
	assert_false(ZSTD_isError(len));
	ZSTD_freeCCtx(z);
	return len;
}

static void test_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 131072, 1000000 },
			    steps[] = { 1, 7, 4096, 1 << 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *raw = codec_sample(sizes[i]), *packed = malloc(sizes[i] + 1000);
		size_t len = frame(packed, sizes[i] + 1000, raw, sizes[i], 0);

		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			assert_int_equal(codec_read("zstd", packed, len, steps[k], &got), sizes[i]);
			assert_true(sizes[i] == 0 || memcmp(got.p, raw, sizes[i]) == 0);
		}
		free(raw);
		free(packed);
	}
}

static void test_frames(void **state)
{
	uint8_t packed[1024] = { 0 };
	size_t len = frame(packed, 300, "one ", 4, 0);

	(void)state;
	len += frame(packed + len, 300, "two", 3, 0);
	assert_int_equal(codec_read("zstd", packed, len, 1, &got), 7);
	assert_memory_equal(got.p, "one two", 7);
	assert_int_equal(codec_read("zstd", packed, len + 10, 1, &got), -EILSEQ);
	assert_int_equal(codec_read("zstd", packed, 0, 1, &got), -EILSEQ);
}

static void test_damage(void **state)
{
	uint8_t *raw = codec_sample(3000), packed[4000];
	size_t len = frame(packed, sizeof(packed), raw, 3000, 0);

	(void)state;
	for (size_t i = 1; i < len; i++)
		assert_int_equal(codec_read("zstd", packed, i, 64, &got), -EILSEQ);
	for (size_t i = 0; i < len; i++) {
		packed[i] ^= 4;
		/* A bit of the header may only say how it was made: then the content is right. */
		if (codec_read("zstd", packed, len, 64, &got) >= 0)
			assert_true(got.len == 3000 && memcmp(got.p, raw, 3000) == 0);
		packed[i] ^= 4;
	}
	free(raw);
}

static void test_window(void **state)
{
	size_t size = 20 << 20, len;
	uint8_t *raw = calloc(1, size), *packed = malloc(1 << 20);

	(void)state;
	len = frame(packed, 1 << 20, raw, size, 24);
	assert_int_equal(codec_read("zstd", packed, len, 4096, &got), -EILSEQ);
	len = frame(packed, 1 << 20, raw, size, 23);
	assert_int_equal(codec_read("zstd", packed, len, 4096, &got), (ssize_t)size);
	free(raw);
	free(packed);
}

static int done(void **state)
{
	(void)state;
	codec_read_free(&got);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
