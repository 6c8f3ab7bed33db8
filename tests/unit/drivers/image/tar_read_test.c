/* SPDX-License-Identifier: MIT */
/*
 * The tar reader alone: numbers, checksums, names in every format, sparse maps; lies in each of
 * them are errors with an offset, and a truncation anywhere is one too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/image/tar.h"
#include "tests/unit/drivers/image/tar_make.h"

static struct tar_make m;
static struct err e;

static int clean(void **state)
{
	(void)state;
	tar_make_free(&m);
	e = (struct err){ 0 };
	return 0;
}

static struct tar_reader *reader(void)
{
	struct tar_reader *r = tar_open(tar_make_stream(m.p, m.len, 700), &e);

	assert_non_null(r);
	return r;
}

static struct tar_reader *next_ok(struct tar_reader *r)
{
	int got = tar_next(r, &e);

	if (got != 1)
		fail_msg("tar_next: %d %s", got, e.msg);
	return r;
}

/* Reads all entries and all data; 0 or the first error. */
static int read_all(void)
{
	struct tar_reader *r = reader();
	const uint8_t *bytes;
	uint64_t at;
	ssize_t n;
	int got;

	while ((got = tar_next(r, &e)) == 1) {
		while ((n = tar_data(r, &at, &bytes, &e)) > 0)
			;
		if (n < 0) {
			got = (int)n;
			break;
		}
	}
	tar_close(r);
	return got;
}

static void expect_bad(const char *why)
{
	int got = read_all();

	if (got != -EILSEQ || !strstr(e.msg, why) || !strstr(e.msg, "offset"))
		fail_msg("%d '%s', expected '%s' with an offset", got, e.msg, why);
	tar_make_free(&m);
}

static void expect_text(struct tar_reader *r, const char *text)
{
	char buf[4096];
	const uint8_t *bytes;
	uint64_t at;
	size_t len = 0;
	ssize_t n;

	while ((n = tar_data(r, &at, &bytes, &e)) > 0) {
		assert_int_equal(at, len);
		memcpy(buf + len, bytes, (size_t)n);
		len += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(buf, text, len);
}

static void check_number(const char *field, size_t len, int want, int64_t value)
{
	int64_t v = 0;
	int got = tar_number((const uint8_t *)field, len, &v);

	if (got != want || (got == 0 && v != value))
		fail_msg("%d %lld for '%s', expected %d %lld", got, (long long)v, field, want,
			 (long long)value);
}

static void test_numbers(void **state)
{
	(void)state;
	check_number("0000644\0", 8, 0, 0644);
	check_number("  644 \0\0", 8, 0, 0644);
	check_number("77777777", 8, 0, 077777777);
	check_number("\0\0\0\0\0\0\0\0", 8, 0, 0);
	check_number("        ", 8, 0, 0);
	check_number("777777777777", 12, 0, 0777777777777);
	check_number("-0000001", 8, -EINVAL, 0);
	check_number("00000089", 8, -EINVAL, 0);
	check_number("0x000010", 8, -EINVAL, 0);
	check_number("7 7 7 7 ", 8, -EINVAL, 0);
	check_number("\x80\0\0\0\0\0\1\0", 8, 0, 256);
	check_number("\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0, -1);
	check_number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, 0, INT64_MAX);
	check_number("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, -ERANGE, 0);
	check_number("\x80\0\0\1\0\0\0\0\0\0\0\0", 12, -ERANGE, 0);
	check_number("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, -ERANGE, 0);
	check_number("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", 12, 0, INT64_MIN);
	check_number("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 12, -ERANGE, 0);
}

static void test_plain(void **state)
{
	struct tar_reader *r;

	(void)state;
	tar_make_header(&m, '5', "dir/", "", 0);
	tar_make_file(&m, "dir/a", "hello");
	tar_make_header(&m, '2', "dir/l", "../../x", 999);
	tar_make_header(&m, '0', "name", "", 0);
	tar_make_patch(&m, 345, "some/prefix", 11);
	tar_make_header(&m, '\0', "old/", "", 0);
	tar_make_header(&m, '3', "null", "", 0);
	tar_make_patch(&m, 329, "0000001\0000000003", 16);
	tar_make_end(&m);
	r = reader();
	next_ok(r);
	assert_int_equal(r->entry.type, TAR_DIR);
	assert_int_equal(r->entry.mode, 0755);
	assert_int_equal(r->entry.mtime, 1000000000);
	next_ok(r);
	assert_string_equal(r->entry.path, "dir/a");
	expect_text(r, "hello");
	next_ok(r);
	assert_int_equal(r->entry.type, TAR_SYMLINK);
	assert_string_equal(r->entry.link, "../../x");
	next_ok(r);
	assert_string_equal(r->entry.path, "some/prefix/name");
	next_ok(r);
	assert_int_equal(r->entry.type, TAR_DIR);
	next_ok(r);
	assert_int_equal(r->entry.type, TAR_CHAR);
	assert_int_equal(r->entry.major, 1);
	assert_int_equal(r->entry.minor, 3);
	assert_int_equal(tar_next(r, &e), 0);
	tar_close(r);
}

static void test_names(void **state)
{
	char name[300], prefixed[256];
	struct tar_reader *r;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tar_make_header(&m, 'L', "././@LongLink", "", sizeof(name));
	tar_make_data(&m, name, sizeof(name));
	tar_make_header(&m, 'K', "././@LongLink", "", 5);
	tar_make_data(&m, "link", 5);
	tar_make_header(&m, '2', "cut", "cut", 0);
	tar_make_pax(&m, 'x', "path", "from/pax", 8);
	tar_make_file(&m, "cut", "1");
	tar_make_file(&m, "plain", "2");
	memset(prefixed, 'p', sizeof(prefixed));
	tar_make_header(&m, '0', "", "", 0);
	tar_make_patch(&m, 0, prefixed, 100);
	tar_make_patch(&m, 345, prefixed, 155);
	tar_make_pax(&m, 'g', "mtime", "5.25", 4);
	tar_make_pax(&m, 'g', "comment", "hi", 2);
	tar_make_file(&m, "global", "3");
	tar_make_pax_text(&m, 'x', "", 0);
	tar_make_pax(&m, 'x', "mtime", "-1.5", 4);
	tar_make_pax(&m, 'x', "uid", "4000000000", 10);
	tar_make_file(&m, "local", "4");
	tar_make_end(&m);
	r = reader();
	next_ok(r);
	assert_string_equal(r->entry.path, name);
	assert_string_equal(r->entry.link, "link");
	next_ok(r);
	assert_string_equal(r->entry.path, "from/pax");
	next_ok(r);
	assert_string_equal(r->entry.path, "plain");
	next_ok(r);
	assert_int_equal(strlen(r->entry.path), 256);
	next_ok(r);
	assert_int_equal(r->entry.mtime, 5);
	assert_int_equal(r->entry.mtime_ns, 250000000);
	next_ok(r);
	assert_int_equal(r->entry.mtime, -2);
	assert_int_equal(r->entry.mtime_ns, 500000000);
	assert_true(r->entry.uid == 4000000000U);
	assert_int_equal(tar_next(r, &e), 0);
	tar_close(r);
}

static void test_foreign_entries(void **state)
{
	char data[700];
	struct tar_reader *r;

	(void)state;
	memset(data, 'a', sizeof(data));
	tar_make_header(&m, 'V', "label", "", 0);
	tar_make_header(&m, 'A', "acl", "", 700);
	tar_make_data(&m, data, sizeof(data));
	tar_make_file(&m, "a", "x");
	tar_make_end(&m);
	r = reader();
	next_ok(r);
	assert_string_equal(r->entry.path, "a");
	expect_text(r, "x");
	assert_int_equal(tar_next(r, &e), 0);
	tar_close(r);
	tar_make_free(&m);
	tar_make_header(&m, 'M', "more", "", 0);
	tar_make_end(&m);
	expect_bad("another volume");
}

static void test_xattrs(void **state)
{
	struct tar_xattr x;
	struct tar_reader *r;
	size_t cursor = 0;

	(void)state;
	/* One less than it is. */
	tar_make_pax_text(&m, 'x', "27 SCHILY.xattr.user.a=x\0yz\n", 28);
	tar_make_file(&m, "f", "");
	tar_make_end(&m);
	expect_bad("bad extended header");
	tar_make_pax_text(&m, 'x', "28 SCHILY.xattr.user.a=x\0yz\n25 SCHILY.xattr.user.b=1\n", 53);
	tar_make_file(&m, "f", "");
	tar_make_end(&m);
	r = reader();
	next_ok(r);
	assert_true(tar_xattr(r, &cursor, &x));
	assert_string_equal(x.name, "user.a");
	assert_int_equal(x.len, 4);
	assert_memory_equal(x.value, "x\0yz", 4);
	assert_true(tar_xattr(r, &cursor, &x));
	assert_string_equal(x.name, "user.b");
	assert_false(tar_xattr(r, &cursor, &x));
	tar_close(r);
}

/* The file "AAAA....BB" of size 1010: A at 0, B at 1000, in each format. */
static void check_sparse(void)
{
	struct tar_reader *r = reader();
	const uint8_t *bytes;
	uint64_t at;

	next_ok(r);
	assert_true(r->entry.sparse);
	assert_int_equal(r->entry.size, 1010);
	assert_string_equal(r->entry.path, "sparse");
	assert_int_equal(tar_data(r, &at, &bytes, &e), 4);
	assert_int_equal(at, 0);
	assert_memory_equal(bytes, "AAAA", 4);
	assert_int_equal(tar_data(r, &at, &bytes, &e), 2);
	assert_int_equal(at, 1000);
	assert_memory_equal(bytes, "BB", 2);
	assert_int_equal(tar_data(r, &at, &bytes, &e), 0);
	next_ok(r);
	assert_string_equal(r->entry.path, "after");
	assert_int_equal(tar_next(r, &e), 0);
	tar_close(r);
	tar_make_free(&m);
}

static void end_sparse(void)
{
	tar_make_file(&m, "after", "x");
	tar_make_end(&m);
	check_sparse();
}

static void test_sparse(void **state)
{
	(void)state;
	/* old GNU */
	tar_make_header(&m, 'S', "sparse", "", 6);
	tar_make_patch(&m, 257, "ustar  ", 8);
	tar_make_patch(&m, 386, "00000000000\00000000000004\00000000001750\00000000000002", 48);
	tar_make_patch(&m, 483, "00000001762", 11);
	tar_make_data(&m, "AAAABB", 6);
	end_sparse();
	/* old GNU with a second map block */
	tar_make_header(&m, 'S', "sparse", "", 6);
	tar_make_patch(&m, 386, "00000000000\00000000000004", 24);
	tar_make_patch(&m, 482, "\1", 1);
	tar_make_patch(&m, 483, "00000001762", 11);
	tar_make_data(&m, "00000001750\00000000000002", 24);
	tar_make_data(&m, "AAAABB", 6);
	end_sparse();
	/* pax 0.1 */
	tar_make_pax_text(&m, 'x',
			  "24 GNU.sparse.size=1010\n"
			  "26 GNU.sparse.name=sparse\n"
			  "29 GNU.sparse.map=0,4,1000,2\n",
			  79);
	tar_make_header(&m, '0', "GNUSparseFile.1/sparse", "", 6);
	tar_make_data(&m, "AAAABB", 6);
	end_sparse();
	/* pax 0.0 */
	tar_make_pax_text(&m, 'x',
			  "24 GNU.sparse.size=1010\n"
			  "26 GNU.sparse.name=sparse\n"
			  "23 GNU.sparse.offset=0\n"
			  "25 GNU.sparse.numbytes=4\n"
			  "26 GNU.sparse.offset=1000\n"
			  "25 GNU.sparse.numbytes=2\n",
			  149);
	tar_make_header(&m, '0', "x", "", 6);
	tar_make_data(&m, "AAAABB", 6);
	end_sparse();
	/* pax 1.0 */
	tar_make_pax_text(&m, 'x',
			  "22 GNU.sparse.major=1\n"
			  "22 GNU.sparse.minor=0\n"
			  "26 GNU.sparse.name=sparse\n"
			  "28 GNU.sparse.realsize=1010\n",
			  98);
	tar_make_header(&m, '0', "x", "", 512 + 6);
	tar_make_data(&m, "2\n0\n4\n1000\n2\n", 13);
	tar_make_data(&m, "AAAABB", 6);
	end_sparse();
}

static void sparse_01(const char *map, size_t len)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%zu GNU.sparse.map=%s\n", strlen(map) + 19, map);

	n += snprintf(text + n, sizeof(text) - (size_t)n, "24 GNU.sparse.size=1010\n");
	tar_make_pax_text(&m, 'x', text, (size_t)n);
	tar_make_header(&m, '0', "sparse", "", len);
	tar_make_data(&m, "AAAABBAAAABB", len);
	tar_make_end(&m);
}

static void test_sparse_lies(void **state)
{
	(void)state;
	sparse_01("0,4,2,2", 6);
	expect_bad("overlaps");
	sparse_01("1000,2,0,4", 6);
	expect_bad("overlaps");
	sparse_01("0,4,1009,2", 6);
	expect_bad("past the end");
	sparse_01("0,4,9223372036854775807,2", 6);
	expect_bad("past the end");
	sparse_01("0,4,18446744073709551615,2", 6);
	expect_bad("bad extended header");
	sparse_01("0,4,1000,5", 6);
	expect_bad("fit its data");
	sparse_01("0,4,1000", 4);
	expect_bad("bad extended header");
	sparse_01("0,,4", 4);
	expect_bad("bad extended header");
	sparse_01("0,4,99999999999999999999,1", 5);
	expect_bad("bad extended header");
	/* no real size */
	tar_make_pax(&m, 'x', "GNU.sparse.map", "0,4", 3);
	tar_make_header(&m, '0', "x", "", 4);
	tar_make_data(&m, "AAAA", 4);
	tar_make_end(&m);
	expect_bad("without its real size");
	/* 1.0: more areas than allowed, and a map longer than the data */
	for (int i = 0; i < 3; i++) {
		static const char *const maps[] = { "99999999\n", "2\n0\n4\n1000\n", "x\n" };

		tar_make_pax_text(&m, 'x', "22 GNU.sparse.major=1\n28 GNU.sparse.realsize=1010\n",
				  50);
		tar_make_header(&m, '0', "x", "", strlen(maps[i]));
		tar_make_data(&m, maps[i], strlen(maps[i]));
		tar_make_end(&m);
		expect_bad(i == 0   ? "too many areas"
			   : i == 1 ? "past the end of its file"
				    : "bad sparse map");
	}
	/* old GNU: map blocks without end */
	tar_make_header(&m, 'S', "sparse", "", 6);
	tar_make_patch(&m, 482, "\1", 1);
	tar_make_patch(&m, 483, "00000001762", 11);
	expect_bad("truncated");
}

static void test_lies(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t len;
		const char *why;
	} lies[] = {
		{ 124, "\x80\0\0\1\0\0\0\0\0\0\0\0", 12, "bad size" },
		{ 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, "bad size" },
		{ 124, "-0000000001", 11, "bad size" },
		{ 124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, "truncated" },
		{ 124, "77777777777", 11, "truncated" },
		{ 108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "bad owner" },
		{ 108, "\x80\0\0\0\xff\xff\xff\xff", 8, "bad owner" },
		{ 116, "\x80\0\0\1\0\0\0\0", 8, "bad group" },
		{ 100, "rwxr-xr-", 8, "bad mode" },
		{ 136, "yesterday", 9, "bad time" },
		{ 0, "\0", 1, "without a name" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		tar_make_file(&m, "a", "x");
		tar_make_header(&m, '0', "b", "", 0);
		tar_make_patch(&m, lies[i].at, lies[i].bytes, lies[i].len);
		tar_make_end(&m);
		expect_bad(lies[i].why);
	}
	tar_make_header(&m, '4', "dev", "", 0);
	tar_make_patch(&m, 329, "\x80\0\0\0\0\0\x10\0", 8);
	tar_make_end(&m);
	expect_bad("bad device number");
	tar_make_file(&m, "a", "x");
	m.p[3] ^= 1;
	tar_make_end(&m);
	expect_bad("not a tar archive");
	tar_make_file(&m, "a", "x");
	tar_make_file(&m, "b", "x");
	m.p[1024 + 3] ^= 1;
	expect_bad("wrong header checksum");
	tar_make_header(&m, 'L', "././@LongLink", "", 1 << 30);
	tar_make_end(&m);
	expect_bad("name longer");
	tar_make_header(&m, 'x', "h", "", 1 << 30);
	tar_make_end(&m);
	expect_bad("more than 1 MiB");
}

static void test_pax_lies(void **state)
{
	static const char *const texts[] = {
		"9 path=a\n9 path=b\n8",
		"100 path=a\n",
		"5 a=b",
		"0 path=a\n",
		"3 \n",
		"10 path a\n",
		"-9 path=a\n",
		"99999999999999999999999 path=a\n",
		"18446744073709551625 a=b\n",
		"14 size=-00001\n",
		"11 size=1x\n",
		"29 size=18446744073709551615\n",
		"18 uid=4294967295\n",
		"12 uid=root\n",
		"11 mtime=\n\n",
		"14 mtime=1.2.3\n",
		"32 mtime=9999999999999999999999\n",
	};
	char path[5000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		tar_make_pax_text(&m, 'x', texts[i], strlen(texts[i]));
		tar_make_file(&m, "a", "x");
		tar_make_end(&m);
		if (read_all() != -EILSEQ)
			fail_msg("accepted: %s", texts[i]);
		tar_make_free(&m);
	}
	tar_make_pax(&m, 'x', "path", "a\0b", 3);
	tar_make_file(&m, "a", "x");
	tar_make_end(&m);
	expect_bad("bad extended header");
	memset(path, 'a', sizeof(path));
	tar_make_pax(&m, 'x', "path", path, sizeof(path));
	tar_make_file(&m, "a", "x");
	tar_make_end(&m);
	expect_bad("bad extended header");
}

/* Wherever it is cut: an error, until the first end block is whole. */
static void test_truncated(void **state)
{
	size_t whole;

	(void)state;
	tar_make_pax(&m, 'x', "path", "from/pax", 8);
	tar_make_file(&m, "a", "some text");
	tar_make_header(&m, '5', "d/", "", 0);
	tar_make_end(&m);
	whole = m.len;
	for (size_t cut = 0; cut < whole - 512; cut += 37) {
		m.len = cut;
		e = (struct err){ 0 };
		assert_int_equal(read_all(), -EILSEQ);
		assert_non_null(strstr(e.msg, "truncated"));
	}
	m.len = whole - 512;
	assert_int_equal(read_all(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_numbers, clean),
		cmocka_unit_test_teardown(test_plain, clean),
		cmocka_unit_test_teardown(test_names, clean),
		cmocka_unit_test_teardown(test_foreign_entries, clean),
		cmocka_unit_test_teardown(test_xattrs, clean),
		cmocka_unit_test_teardown(test_sparse, clean),
		cmocka_unit_test_teardown(test_sparse_lies, clean),
		cmocka_unit_test_teardown(test_lies, clean),
		cmocka_unit_test_teardown(test_pax_lies, clean),
		cmocka_unit_test_teardown(test_truncated, clean),
	};

	return cmocka_run_group_tests_name("tar_read", tests, NULL, NULL);
}
