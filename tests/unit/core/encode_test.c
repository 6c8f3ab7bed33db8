// SPDX-License-Identifier: MIT
/* The binary form of a spec: the same bytes on every processor, and no bytes that are believed untested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fields.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"

/* Magic, version 1, 6 settings, 100 bytes, checksum; then id, length, value of each. */
static const uint8_t golden[100] =
	"mspc\1\0\6\0"
	"\144\0\0\0\xf7\x7d\xc4\x62"
	"\0\0\0\0\4\0\0\0web\0"		     /* 0: the name */
	"\1\0\0\0\7\0\0\0w.sqfs\0"	     /* 1: image */
	"\2\0\0\0\10\0\0\0sh\0\0-xy\0"	     /* 2: command, one word is empty */
	"\11\0\0\0\1\0\0\0\1"		     /* 9: tty */
	"\74\0\0\0\10\0\0\0\0\0\0\2\0\0\0\0" /* 60: memory = 32M */
	"\112\0\0\0\10\0\0\0"		     /* 74: oom-score-adj = -2 */
	"\xfe\xff\xff\xff\xff\xff\xff\xff";

static struct spec *example(void)
{
	static const char *const keys[][2] = {
		{ "image", "w.sqfs" }, { "command", "sh '' -xy" }, { "tty", "yes" },
		{ "memory", "32M" },   { "oom-score-adj", "-2" },
	};
	struct spec *s = spec_new();

	s->name = "web";
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(spec_set(s, spec_field(keys[i][0]), keys[i][1], NULL), 0);
	return s;
}

static void test_golden_bytes(void **state)
{
	struct spec *s = example();
	struct err e = { 0 };
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(spec_encode(s, &bytes, &len, &e), 0);
	assert_int_equal(len, sizeof(golden));
	assert_memory_equal(bytes, golden, len);
	free(bytes);
	spec_free(s);
}

static void test_decode(void **state)
{
	struct err e = { 0 };
	struct spec *s;

	(void)state;
	assert_int_equal(spec_decode(golden, sizeof(golden), &s, &e), 0);
	assert_string_equal(s->name, "web");
	assert_string_equal(s->image, "w.sqfs");
	assert_int_equal(s->command.n, 3);
	assert_string_equal(s->command.v[1], "");
	assert_true(s->tty && s->memory == 32U << 20 && s->oom_score_adj == -2);
	assert_true(spec_is_set(s, spec_field("tty")));
	assert_false(spec_is_set(s, spec_field("pids")));
	spec_free(s);
}

/* A copy with one byte changed and the checksum put right, so that what lies behind it is reached. */
static int decode_changed(size_t at, uint8_t value, struct err *e)
{
	uint8_t bytes[sizeof(golden)];
	struct spec *s;
	int r;

	memcpy(bytes, golden, sizeof(golden));
	bytes[at] = value;
	le_put32(bytes + 12,
		 hash_crc32c(hash_crc32c(0, bytes, 12), bytes + 16, sizeof(bytes) - 16));
	*e = (struct err){ 0 };
	r = spec_decode(bytes, sizeof(bytes), &s, e);
	if (r == 0)
		spec_free(s);
	return r;
}

static void test_lies(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(decode_changed(4, 2, &e), -ENOTSUP);
	assert_string_equal(e.msg, "binary form of version 2, this program reads version 1");
	assert_int_equal(decode_changed(6, 5, &e), -EBADMSG);
	assert_int_equal(decode_changed(8, 0, &e), -EBADMSG);
	assert_int_equal(decode_changed(20, 0xff, &e), -EBADMSG); /* length of the name */
	assert_int_equal(decode_changed(24, '/', &e), -EBADMSG);
	assert_int_equal(decode_changed(27, 'x', &e), -EBADMSG); /* no NUL */
	assert_int_equal(decode_changed(28, 250, &e), -ENOTSUP); /* unknown setting */
	assert_string_equal(e.msg,
			    "setting number 250 is unknown; it was written by a newer myctr");
	assert_int_equal(decode_changed(28, 0, &e), -EBADMSG); /* a second name */
	assert_int_equal(decode_changed(43, 1, &e), -EBADMSG); /* image twice */
	assert_int_equal(decode_changed(67, 2, &e), -EBADMSG); /* a bool of 2 */
	assert_int_equal(decode_changed(83, 0x7f, &e), 0);
	assert_int_equal(decode_changed(83, 0x80, &e), -EBADMSG); /* beyond INT64_MAX */
	assert_int_equal(decode_changed(98, 0x7f, &e), -EBADMSG); /* outside -1000..1000 */
}

static void test_cuts_and_flips(void **state)
{
	uint8_t bytes[sizeof(golden)];
	struct err e;
	struct spec *s;

	(void)state;
	for (size_t i = 0; i < sizeof(golden); i++) {
		/* A copy on the heap, so that reading past its end is seen. */
		uint8_t *cut = malloc(i ? i : 1);

		memcpy(cut, golden, i);
		assert_true(spec_decode(cut, i, &s, &e) < 0);
		free(cut);
		memcpy(bytes, golden, sizeof(golden));
		bytes[i] ^= 1;
		assert_true(spec_decode(bytes, sizeof(bytes), &s, &e) < 0);
	}
}

static void test_entries_are_checked(void **state)
{
	struct spec *s = spec_new(), *back;
	struct err e = { 0 };
	uint8_t *bytes;
	size_t len;

	(void)state;
	/* Past the table's own check, as somebody else's program could. */
	assert_int_equal(strv_add(&s->arena, &s->mount, "/a:/../b"), 0);
	assert_int_equal(spec_mark(s, "mount"), 0);
	assert_int_equal(spec_encode(s, &bytes, &len, &e), 0);
	assert_true(spec_decode(bytes, len, &back, &e) < 0);
	assert_non_null(strstr(e.msg, "mount"));
	free(bytes);
	spec_free(s);
}

/* What is written must be readable, and readers take no more than this. */
static void test_too_much_is_refused(void **state)
{
	struct spec *s = spec_new();
	struct err e = { 0 };
	char value[4096] = "A=";
	uint8_t *bytes;
	size_t len;

	(void)state;
	memset(value + 2, 'x', sizeof(value) - 3);
	for (int i = 0; i < 70; i++)
		assert_int_equal(spec_set(s, spec_field("env"), value, &e), 0);
	assert_int_equal(spec_encode(s, &bytes, &len, &e), -E2BIG);
	assert_string_equal(e.msg, "more than 262144 bytes of settings");
	spec_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_bytes),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_cuts_and_flips),
		cmocka_unit_test(test_entries_are_checked),
		cmocka_unit_test(test_too_much_is_refused),
	};

	return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
