/* SPDX-License-Identifier: MIT */
/* Opening images: where names are looked for, who is asked by content, what the errors say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "tests/unit/drivers/image/tar_make.h"

static char top[64];
static struct image img;
static struct err e;

static void put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(fd_write(fd, bytes, len), 0);
	close(fd);
}

static int setup(void **state)
{
	struct tar_make m = { 0 };

	(void)state;
	strcpy(top, "/tmp/image_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	snprintf(paths.data, sizeof(paths.data), "%s/data", top);
	assert_int_equal(path_mkdirs("data/images", 0755), 0);
	tar_make_file(&m, "a", "x");
	tar_make_end(&m);
	/* Names lie on purpose. */
	put("web.sqfs", m.p, m.len);
	put("data/images/stored.lz4", m.p, m.len);
	tar_make_free(&m);
	put("x.tar", "hsqs", 4);
	put("lz4", "\x04\x22\x4d\x18", 4);
	put("gz", "\x1f\x8b\x08\x00", 4);
	put("text", "hello", 5);
	put("empty", "", 0);
	put("zeros", (char[1024]){ 0 }, 1024);
	return mkdir("folder", 0755);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	return path_remove(AT_FDCWD, top);
}

static void expect_driver(const char *name, const char *driver)
{
	int r = image_open(&img, name, &e);

	if (r < 0 || strcmp(img.driver->name, driver) != 0)
		fail_msg("%s: %d %s", name, r, r < 0 ? e.msg : img.driver->name);
	assert_true(img.fd >= 0);
	assert_int_equal(img.tree, -1);
	image_close(&img);
	assert_int_equal(img.fd, -1);
}

static void expect_error(const char *name, int code, const char *text)
{
	int r = image_open(&img, name, &e);

	if (r != -code || !strstr(e.msg, text))
		fail_msg("%s: %d '%s', expected %d '%s'", name, r, e.msg, -code, text);
	assert_int_equal(img.fd, -1);
}

static void test_by_content(void **state)
{
	(void)state;
	expect_driver("web.sqfs", "tar");
	expect_driver("./web.sqfs", "tar");
	expect_driver("lz4", "tar");
	expect_driver("x.tar", "squashfs");
	expect_driver("folder", "dir");
}

static void test_store(void **state)
{
	(void)state;
	expect_driver("stored.lz4", "tar");
	assert_non_null(strstr(img.path, "/data/images/stored.lz4"));
	assert_non_null(strstr(img.store, "/data/images/trees"));
	expect_error("./stored.lz4", ENOENT, "./stored.lz4: cannot open");
	expect_error("nothing", ENOENT, "nothing: not here and not in ");
	/* The store holds files, it is no way to elsewhere. */
	expect_error("../image_test", ENOENT, "cannot open");
}

static void test_unknown(void **state)
{
	char name[400];

	(void)state;
	expect_error("text", ENOTSUP, "text: not a squashfs or tar file (bad magic at offset 0)");
	expect_error("empty", ENOTSUP, "not a squashfs or tar file");
	expect_error("zeros", ENOTSUP, "not a squashfs or tar file");
	expect_error("gz", ENOTSUP, "gz: gzip-compressed");
	expect_error("/dev/null", EINVAL, "neither a file");
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect_error(name, ENAMETOOLONG, "image name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
