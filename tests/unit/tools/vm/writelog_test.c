// SPDX-License-Identifier: MIT
/* Logs of disk writes: entries in order, flags, and every way a log can lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/le.h"
#include "tools/vm/writelog.h"

#define SECTOR 512
static uint8_t image[SECTOR * 6];

static void put_entry(unsigned int at, uint64_t sector, uint64_t n, uint64_t flags)
{
	le_put64(image + at * SECTOR, sector);
	le_put64(image + at * SECTOR + 8, n);
	le_put64(image + at * SECTOR + 16, flags);
}

/* superblock, a write of one sector to sector 3, a flush, a discard of 100 sectors */
static int setup(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	le_put64(image, 0x6a736677736872ULL);
	le_put64(image + 8, 1);
	le_put64(image + 16, 3);
	le_put32(image + 24, SECTOR);
	put_entry(1, 3, 1, 0);
	memset(image + 2 * SECTOR, 'x', SECTOR);
	put_entry(3, 0, 0, WRITELOG_FLUSH);
	put_entry(4, 8, 100, WRITELOG_DISCARD);
	return 0;
}

static int open_image(struct writelog *w, size_t len, struct err *e)
{
	char path[] = "/tmp/writelog.XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image, len), (ssize_t)len);
	close(fd);
	r = writelog_open(w, path, e);
	unlink(path);
	return r;
}

static void reads_in_order(void **state)
{
	struct writelog w;
	struct writelog_entry entry;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(open_image(&w, SECTOR * 5, &e), 0);
	assert_int_equal(writelog_next(&w, &entry, &e), 1);
	assert_int_equal(entry.offset, 3 * SECTOR);
	assert_int_equal(entry.len, SECTOR);
	assert_int_equal(entry.data[0], 'x');
	assert_int_equal(writelog_next(&w, &entry, &e), 1);
	assert_int_equal(entry.flags, WRITELOG_FLUSH);
	assert_null(entry.data);
	assert_int_equal(writelog_next(&w, &entry, &e), 1);
	assert_int_equal(entry.flags, WRITELOG_DISCARD);
	assert_null(entry.data);
	assert_int_equal(writelog_next(&w, &entry, &e), 0);
	writelog_rewind(&w);
	assert_int_equal(writelog_next(&w, &entry, &e), 1);
	assert_int_equal(entry.offset, 3 * SECTOR);
	writelog_close(&w);
}

static void refuses_other_files(void **state)
{
	struct writelog w;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(open_image(&w, 0, &e), -EINVAL);
	assert_int_equal(open_image(&w, 100, &e), -EINVAL);
	image[0] ^= 1;
	assert_int_equal(open_image(&w, SECTOR * 5, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "bad magic"));
	image[0] ^= 1;
	le_put64(image + 8, 2);
	assert_int_equal(open_image(&w, SECTOR * 5, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "version 2"));
	le_put64(image + 8, 1);
	le_put32(image + 24, 500);
	assert_int_equal(open_image(&w, SECTOR * 5, &e), -EINVAL);
}

static void notices_lies(void **state)
{
	struct writelog w;
	struct writelog_entry entry;
	struct err e = { 0 };

	(void)state;
	/* data past the end, a count that wraps, more entries than there are */
	put_entry(1, 3, 100, 0);
	assert_int_equal(open_image(&w, SECTOR * 5, &e), 0);
	assert_int_equal(writelog_next(&w, &entry, &e), -EINVAL);
	put_entry(1, 3, UINT64_MAX / 2, 0);
	assert_int_equal(open_image(&w, SECTOR * 5, &e), 0);
	assert_int_equal(writelog_next(&w, &entry, &e), -EINVAL);
	put_entry(1, 3, 1, 0);
	le_put64(image + 16, 1000);
	assert_int_equal(open_image(&w, SECTOR * 5, &e), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(writelog_next(&w, &entry, &e), 1);
	assert_int_equal(writelog_next(&w, &entry, &e), -EINVAL);
	/* the last header is whole, its sector is not */
	assert_int_equal(open_image(&w, SECTOR * 4 + 40, &e), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(writelog_next(&w, &entry, &e), 1);
	assert_int_equal(writelog_next(&w, &entry, &e), -EINVAL);
	/* a sector size larger than the file */
	le_put32(image + 24, 65536);
	assert_int_equal(open_image(&w, SECTOR * 5, &e), 0);
	assert_int_equal(writelog_next(&w, &entry, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_in_order, setup),
		cmocka_unit_test_setup(refuses_other_files, setup),
		cmocka_unit_test_setup(notices_lies, setup),
	};

	return cmocka_run_group_tests_name("writelog", tests, NULL, NULL);
}
