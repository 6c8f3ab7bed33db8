/* SPDX-License-Identifier: MIT */
/* Maps of ids and /etc/subuid: sums that wrap, ranges that meet, lines that are cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/idmap.h"

static void parses(void **state)
{
	static const struct {
		const char *text, *want;
	} good[] = {
		{ "0:1000:1", "0 1000 1\n" },
		{ "0:1000:1,1:100000:65536", "0 1000 1\n1 100000 65536\n" },
		{ "0:0:4294967295", "0 0 4294967295\n" },
		{ "4294967294:5:1", "4294967294 5 1\n" },
	};
	static const char *const bad[] = {
		"",
		"0",
		"0:1",
		"0:1:",
		"0:1:2:3",
		"0:1:0",
		"a:1:2",
		"-1:1:2",
		" 0:1:2",
		"0:1:2,",
		"0:1:10,5:100:1",
		"0:1:10,20:5:1",
		"0::2",
		"0:1:2;",
		"0:1:99999999999",
		"4294967295:1:1",
		"0:4294967290:6",
		"1:1:4294967295",
	};
	char text[IDMAP_TEXT];
	struct idmap m;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(idmap_parse(good[i].text, &m, &e), 0);
		assert_string_equal(idmap_text(&m, text), good[i].want);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(idmap_parse(bad[i], &m, &e) < 0);
}

static void full(void **state)
{
	char text[IDMAP_TEXT];
	struct idmap m = { .n = 0 };

	(void)state;
	for (uint64_t i = 0; i < IDMAP_RANGES; i++)
		assert_int_equal(idmap_add(&m, 4000000000U + 2 * i, 4100000000U + 2 * i, 1), 0);
	assert_int_equal(idmap_add(&m, 1, 1, 1), -E2BIG);
	assert_int_equal(idmap_count(&m), IDMAP_RANGES);
	/* The last line is whole. */
	assert_true(strlen(idmap_text(&m, text)) < IDMAP_TEXT - 1);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void proc(void **state)
{
	struct idmap m;

	(void)state;
	assert_int_equal(
		idmap_parse_proc(
			"         0       1001          1\n         1     100000      65536", &m),
		0);
	assert_int_equal(m.n, 2);
	assert_int_equal(idmap_outside(&m, 0), 1001);
	assert_int_equal(idmap_outside(&m, 1), 100000);
	assert_int_equal(idmap_outside(&m, 65536), 165535);
	assert_int_equal(idmap_inside(&m, 1001), 0);
	assert_int_equal(idmap_inside(&m, 165535), 65536);
	assert_int_equal(idmap_inside(&m, 165536), -ENOENT);
	assert_int_equal(idmap_outside(&m, 65537), -ENOENT);
	assert_int_equal(idmap_parse_proc("", &m), -EINVAL);
	assert_int_equal(idmap_parse_proc("0 1", &m), -EINVAL);
	assert_int_equal(idmap_parse_proc("0 0 4294967295", &m), 0);
}

static void keep(void **state)
{
	char text[IDMAP_TEXT];
	struct idmap m, k;
	struct err e;

	(void)state;
	assert_int_equal(idmap_parse("0:1000:1,1:100000:65536", &m, &e), 0);
	assert_int_equal(idmap_keep(&m, 1000, &k), 0);
	assert_string_equal(idmap_text(&k, text), "0 1 1000\n1000 0 1\n1001 1001 64536\n");
	assert_int_equal(idmap_keep(&m, 0, &k), 0);
	assert_string_equal(idmap_text(&k, text), "0 0 65537\n");
	/* Beyond the range, and the last of it. */
	assert_int_equal(idmap_keep(&m, 200000, &k), 0);
	assert_string_equal(idmap_text(&k, text), "0 1 65536\n200000 0 1\n");
	assert_int_equal(idmap_keep(&m, 65536, &k), 0);
	assert_string_equal(idmap_text(&k, text), "0 1 65536\n65536 0 1\n");
	assert_int_equal(idmap_parse("0:1000:1", &m, &e), 0);
	assert_int_equal(idmap_keep(&m, 1000, &k), 0);
	assert_string_equal(idmap_text(&k, text), "1000 0 1\n");
	assert_int_equal(idmap_keep(&m, IDMAP_LAST, &k), 0);
}

static void subids(void **state)
{
	static const struct {
		const char *text, *want, *says;
	} rows[] = {
		{ "", "0 7 1\n", NULL },
		{ "other:1:5\n", "0 7 1\n", NULL },
		{ "me:100000:65536\n", "0 7 1\n1 100000 65536\n", NULL },
		{ "# me:1:1\n\n1000:200:5\nme:100:5", "0 7 1\n1 200 5\n6 100 5\n", NULL },
		{ "mee:8:2\nm:20:2\n", "0 7 1\n", NULL },
		{ "me:100000:65536\r\n", "0 7 1\n1 100000 65536\n", NULL },
		{ "x\nx:\nx:1\nme:100:1\n", "0 7 1\n1 100 1\n", NULL },
		{ "me:100", NULL, "f:1: is not NAME:FIRST:COUNT" },
		{ "a:1:1\nme::5", NULL, "f:2: is not NAME" },
		{ "me:5:5:5", NULL, "f:1: is not NAME" },
		{ "me:-5:5", NULL, "f:1: is not NAME" },
		{ "me:0:5", NULL, "root's" },
		{ "me:5:0", NULL, "no ids" },
		{ "me:4294967290:10", NULL, "beyond the last" },
		{ "me:4294967295:4294967295", NULL, "beyond the last" },
		{ "me:18446744073709551615:2", NULL, "is not NAME" },
		{ "me:100:10\nyou:109:1", NULL, "f:1: shares ids with line 2, of you" },
		{ "you:90:11\nme:100:10", NULL, "f:2: shares ids with line 1, of you" },
		{ "me:100:10\nme:105:10", NULL, "shares ids with line 2" },
		{ "me:5:10", NULL, "the user's own id" },
		{ "me:100:10\nyou:110:1\nyou:90:10", "0 7 1\n1 100 10\n", NULL },
	};
	char text[IDMAP_TEXT];
	struct idmap m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { 0 };
		int r = idmap_subids(rows[i].text, "f", "me", 1000, 7, &m, &e);

		if (rows[i].says) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(e.msg, rows[i].says));
			assert_non_null(strstr(e.msg, "usermod --add-subuids"));
		} else {
			assert_int_equal(r, 0);
			assert_string_equal(idmap_text(&m, text), rows[i].want);
		}
	}
}

static void free_range(void **state)
{
	(void)state;
	assert_int_equal(idmap_subids_free(""), 100000);
	assert_int_equal(idmap_subids_free("a:100000:65536\nb:165536:65536\nbad:1\n"), 231072);
	assert_int_equal(idmap_subids_free("a:4294900000:65536\n"), 0);
	assert_int_equal(idmap_subids_free("a:4294967295:4294967295\n"), 100000);
}

static void names(void **state)
{
	static const char passwd[] =
		"root:x:0:0:root:/root:/bin/sh\nbad\n:x:5:\nme:x:1000:1000::/:\nme2:x:1000:1:";
	char name[8];

	(void)state;
	assert_int_equal(idmap_user(passwd, 1000, name, sizeof(name)), 0);
	assert_string_equal(name, "me");
	assert_int_equal(idmap_user(passwd, 0, name, sizeof(name)), 0);
	assert_int_equal(idmap_user(passwd, 5, name, sizeof(name)), -ENOENT);
	assert_int_equal(idmap_user(passwd, 10, name, sizeof(name)), -ENOENT);
	assert_int_equal(idmap_user("verylongname:x:3:", 3, name, sizeof(name)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses), cmocka_unit_test(full),   cmocka_unit_test(proc),
		cmocka_unit_test(keep),	  cmocka_unit_test(subids), cmocka_unit_test(free_range),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
