/* SPDX-License-Identifier: MIT */
/* The image store: names, adding, finding, removing, and what a damaged index or dead writers leave. */
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

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/store_part.h"
#include "tests/unit/drivers/image/tar_make.h"

static char top[64];
static struct store s;
static struct store_item item;
static struct err e;

static int setup(void **state)
{
	(void)state;
	str_format(top, sizeof(top), "/tmp/store_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	str_format(paths.data, sizeof(paths.data), "%s/data", top);
	str_format(paths.run, sizeof(paths.run), "%s/run", top);
	memset(&e, 0, sizeof(e));
	return store_open_writable(&s, &e);
}

static int teardown(void **state)
{
	(void)state;
	store_close(&s);
	return path_remove(AT_FDCWD, top);
}

/* Adds a tar whose one file holds text, and returns what commit said. */
static int add(const char *text, const char *config, const char *tag)
{
	struct tar_make m = { 0 };
	struct store_add a;
	int r;

	tar_make_file(&m, "a", text);
	if (config)
		tar_make_file(&m, "./.myctr/image.conf", config);
	tar_make_end(&m);
	assert_int_equal(store_add_begin(&a, &s, m.len, &e), 0);
	assert_int_equal(fd_write(a.fd, m.p, m.len), 0);
	tar_make_free(&m);
	r = store_add_commit(&a, tag, &item, &e);
	assert_int_equal(a.fd, -1);
	store_add_abort(&a);
	return r;
}

static unsigned int count(uint16_t kind)
{
	struct store_item here;
	unsigned int n = 0;

	for (uint32_t i = 0; store_next(&s, &i, &here);)
		n += here.kind == kind;
	return n;
}

static void test_names(void **state)
{
	static const char *const bad[] = { "",	    ".",      "/a",   "a/",   "a//b",	 "a..b",
					   "-a",    "a b",    "a:",   ":a",   "a:b:c:d", "a\n",
					   "a\x1b", "a/../b", "a/.b", "a/-b", "_a" };
	char name[STORE_KEY], longest[2 * STORE_KEY];

	(void)state;
	assert_int_equal(store_name("web", name, &e), 0);
	assert_string_equal(name, "web:latest");
	assert_int_equal(store_name("reg.example:5000/a/b_c", name, &e), 0);
	assert_string_equal(name, "reg.example:5000/a/b_c:latest");
	assert_int_equal(store_name("reg:5000/a:1.0-rc", name, &e), 0);
	assert_string_equal(name, "reg:5000/a:1.0-rc");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (store_name(bad[i], name, &e) != -EINVAL)
			fail_msg("'%s' is no name", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[STORE_KEY - 1 - 7] = '\0';
	assert_int_equal(store_name(longest, name, &e), 0);
	longest[STORE_KEY - 1 - 7] = 'a';
	longest[STORE_KEY - 7] = '\0';
	assert_int_equal(store_name(longest, name, &e), -ENAMETOOLONG);
}

static void test_add_and_find(void **state)
{
	AUTO_FREE char *text = NULL;
	char tag[STORE_KEY], id[STORE_ID];
	size_t len;

	(void)state;
	assert_int_equal(add("1", "[image]\ncommand = x\n", "one:latest"), 0);
	memcpy(id, item.id, sizeof(id));
	assert_string_equal(item.format, "tar");
	assert_int_equal(item.flags, STORE_CONFIG);
	assert_int_equal(store_find(&s, "one", &item, tag, &e), 0);
	assert_string_equal(tag, "one:latest");
	assert_string_equal(item.id, id);
	assert_int_equal(store_config(&s, id, &text, &len, &e), 0);
	assert_string_equal(text, "[image]\ncommand = x\n");
	/* by id, by its first digits, not by fewer */
	assert_int_equal(store_find(&s, id, &item, tag, &e), 0);
	assert_string_equal(tag, "");
	id[STORE_ID - 30] = '\0';
	assert_int_equal(store_find(&s, id, &item, NULL, &e), 0);
	id[7] = '\0';
	assert_int_equal(store_find(&s, id, &item, NULL, &e), -ENOENT);
	assert_int_equal(store_find(&s, "two", &item, NULL, &e), -ENOENT);
	assert_int_equal(store_find(&s, "ome", &item, NULL, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "did you mean one?"));
	assert_int_equal(store_find(&s, "../one", &item, NULL, &e), -ENOENT);
}

static void test_once(void **state)
{
	(void)state;
	assert_int_equal(add("1", NULL, "one:latest"), 0);
	assert_int_equal(add("1", NULL, "again:latest"), 0);
	assert_int_equal(add("1", NULL, NULL), 0);
	assert_int_equal(count(STORE_IMAGE), 1);
	assert_int_equal(count(STORE_TAG), 2);
	assert_int_equal(add("2", NULL, "one:latest"), 0);
	assert_int_equal(count(STORE_IMAGE), 2);
	assert_int_equal(count(STORE_TAG), 2);
}

static void test_what_is_no_image(void **state)
{
	struct store_add a;

	(void)state;
	assert_int_equal(store_add_begin(&a, &s, 0, &e), 0);
	assert_int_equal(fd_write(a.fd, "text", 4), 0);
	assert_true(store_add_commit(&a, "x:latest", &item, &e) < 0);
	assert_true(add("1", "[image]\nprivileged = yes\n", "x:latest") < 0);
	assert_non_null(strstr(e.msg, "privileged: an image may not set this"));
	assert_int_equal(store_add_begin(&a, &s, UINT64_MAX / 2, &e), -ENOSPC);
	assert_int_equal(store_add_begin(&a, &s, 0, &e), 0);
	assert_int_equal(unlink(a.path), 0);
	close(open(a.path, O_WRONLY | O_CREAT, 0600));
	assert_true(store_add_commit(&a, NULL, &item, &e) < 0);
	assert_non_null(strstr(e.msg, "was replaced"));
	assert_int_equal(count(STORE_IMAGE), 0);
	assert_int_equal(count(STORE_TAG), 0);
}

static void test_remove(void **state)
{
	char id[STORE_ID], tree[200];

	(void)state;
	assert_int_equal(add("1", NULL, "one:latest"), 0);
	memcpy(id, item.id, sizeof(id));
	str_format(tree, sizeof(tree), "%s/trees/%s/sub", s.path, id);
	assert_int_equal(path_mkdirs(tree, 0700), 0);
	assert_int_equal(store_remove(&s, id, true, &e), -EBUSY);
	assert_int_equal(store_untag(&s, "one:latest", &e), 0);
	assert_int_equal(store_untag(&s, "one:latest", &e), -ENOENT);
	assert_int_equal(store_image(&s, id, &item), 0);
	assert_int_equal(store_remove(&s, id, true, &e), 0);
	assert_int_equal(store_image(&s, id, &item), -ENOENT);
	assert_int_equal(store_tag(&s, id, "x:latest", &e), -ENOENT);
	tree[strlen(tree) - 4] = '\0';
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(store_remove(&s, id, false, &e), -ENOENT);
}

static void again(void)
{
	store_close(&s);
	assert_int_equal(store_open_writable(&s, &e), 0);
}

/* A writer that died between the two records of an image: it is there once it has its name. */
static void test_loading(void **state)
{
	struct store_item image;

	(void)state;
	assert_int_equal(add("1", NULL, "one:latest"), 0);
	assert_int_equal(store_image(&s, item.id, &image), 0);
	image.flags |= STORE_LOADING;
	assert_int_equal(store_put(&s, &image, &e), 0);
	assert_int_equal(store_find(&s, "one", &item, NULL, &e), 0);
	again();
	assert_int_equal(store_image(&s, image.id, &item), 0);
	assert_int_equal(item.flags & STORE_LOADING, 0);
	image.flags |= STORE_LOADING;
	assert_int_equal(store_put(&s, &image, &e), 0);
	assert_int_equal(store_untag(&s, "one:latest", &e), 0);
	assert_int_equal(count(STORE_IMAGE), 0);
	again();
	assert_true(store_open_image(&s, image.id, &e) < 0);
}

static void test_lost_index(void **state)
{
	char path[200];

	(void)state;
	assert_int_equal(add("1", "[image]\ncommand = x\n", "one:latest"), 0);
	assert_int_equal(add("2", NULL, "two:latest"), 0);
	str_format(path, sizeof(path), "%s/sha256/%s", s.path, item.id);
	assert_int_equal(truncate(path, 1024), 0);
	str_format(path, sizeof(path), "%s/index", s.path);
	assert_int_equal(unlink(path), 0);
	/* A rebuild that was not finished must not count. */
	str_format(path, sizeof(path), "%s/index.rescue", s.path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	again();
	assert_int_equal(count(STORE_IMAGE), 1);
	assert_int_equal(count(STORE_TAG), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_damaged_record_keeps_its_file(void **state)
{
	char path[200], rubbish[2 * RECORD_PAGE];
	int fd;

	(void)state;
	assert_int_equal(add("1", NULL, "one:latest"), 0);
	str_format(path, sizeof(path), "%s/index", s.path);
	fd = open(path, O_WRONLY);
	memset(rubbish, 'x', sizeof(rubbish));
	assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), RECORD_PAGE), sizeof(rubbish));
	close(fd);
	again();
	assert_int_equal(count(STORE_IMAGE), 0);
	close(store_open_image(&s, item.id, &e));
	str_format(path, sizeof(path), "%s/sha256/%s", s.path, item.id);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_read_only(void **state)
{
	struct store reader;

	(void)state;
	str_format(paths.data, sizeof(paths.data), "%s/other", top);
	assert_int_equal(store_open(&reader, &e), 0);
	assert_int_equal(store_find(&reader, "x", &item, NULL, &e), -ENOENT);
	store_close(&reader);
	assert_int_equal(access(paths.data, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_add_and_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_image, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loading, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_record_keeps_its_file, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
