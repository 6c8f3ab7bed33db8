/* SPDX-License-Identifier: MIT */
/* gzip streams: whole ones in pieces of any size, several members, and every way to be damaged. */
#include "tests/unit/drivers/codec/codec_read.h"

#include <errno.h>
#include <zlib.h>

static struct codec_read got;

/* A member with a name in its header, at to; its length. */
static size_t member(uint8_t *to, size_t room, const void *data, size_t len)
{
	gz_header head = { .name = (Bytef *)(uintptr_t) "name", .hcrc = 1 };
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	deflateSetHeader(&z, &head);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	len = z.total_out;
	deflateEnd(&z);
	return len;
}

static void test_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 65535, 65536, 1000000 },
			    steps[] = { 1, 7, 4096, 1 << 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *raw = codec_sample(sizes[i]), *packed = malloc(sizes[i] + 1000);
		size_t len = member(packed, sizes[i] + 1000, raw, sizes[i]);

		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			assert_int_equal(codec_read("gzip", packed, len, steps[k], &got), sizes[i]);
			assert_true(sizes[i] == 0 || memcmp(got.p, raw, sizes[i]) == 0);
		}
		free(raw);
		free(packed);
	}
}

static void test_members(void **state)
{
	uint8_t packed[1024] = { 0 };
	size_t len = member(packed, 300, "one ", 4);

	(void)state;
	len += member(packed + len, 300, "", 0);
	len += member(packed + len, 300, "two", 3);
	assert_int_equal(codec_read("gzip", packed, len, 1, &got), 7);
	assert_memory_equal(got.p, "one two", 7);
	/* zeros may follow, as on a tape; nothing else */
	assert_int_equal(codec_read("gzip", packed, sizeof(packed), 100, &got), 7);
	packed[len + 10] = 'x';
	assert_int_equal(codec_read("gzip", packed, sizeof(packed), 100, &got), -EILSEQ);
	assert_non_null(strstr(got.e.msg, "something else after the end"));
}

static void test_cut_anywhere(void **state)
{
	uint8_t *raw = codec_sample(3000), packed[4000];
	size_t len = member(packed, sizeof(packed), raw, 3000);

	(void)state;
	for (size_t i = 1; i < len; i++) {
		assert_int_equal(codec_read("gzip", packed, i, 64, &got), -EILSEQ);
		assert_non_null(strstr(got.e.msg, "gzip: truncated, ends at offset "));
	}
	free(raw);
}

/* A wrong bit is noticed, or did not say anything about the content. */
static void test_flip_anywhere(void **state)
{
	uint8_t *raw = codec_sample(500), packed[1000];
	size_t len = member(packed, sizeof(packed), raw, 500);

	(void)state;
	for (size_t i = 0; i < len * 8; i++) {
		packed[i / 8] ^= (uint8_t)(1 << i % 8);
		if (codec_read("gzip", packed, len, 64, &got) >= 0)
			assert_true(got.len == 500 && memcmp(got.p, raw, 500) == 0);
		packed[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	free(raw);
}

static void test_match(void **state)
{
	const struct codec_driver *d = codec_by_name("gzip");

	(void)state;
	assert_true(d->match((const uint8_t *)"\x1f\x8b\x08\x00", 4));
	assert_false(d->match((const uint8_t *)"\x1f\x8b\x07\x00", 4));
	assert_false(d->match((const uint8_t *)"\x1f\x8b\x08", 2));
}

/* A bomb comes out a piece at a time; who reads decides when it is enough. */
static void test_bomb(void **state)
{
	size_t size = 64 << 20, len;
	uint8_t *raw = calloc(1, size), *packed = malloc(1 << 20);
	struct stream *s;
	const uint8_t *bytes;

	(void)state;
	len = member(packed, 1 << 20, raw, size);
	free(raw);
	s = codec_by_name("gzip")->decode(tar_make_stream(packed, len, len), &got.e);
	for (int i = 0; i < 10; i++)
		assert_in_range(s->next(s, &bytes, &got.e), 1, 1 << 20);
	s->close(s);
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
		cmocka_unit_test(test_whole),	     cmocka_unit_test(test_members),
		cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_flip_anywhere),
		cmocka_unit_test(test_match),	     cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
