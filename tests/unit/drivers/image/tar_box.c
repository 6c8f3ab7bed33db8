/* SPDX-License-Identifier: MIT */
/* What the tests of unpacking share; see tar_box.h. */
#include "tests/unit/drivers/image/tar_box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"

struct tar_box box = { .top_fd = -1, .root = -1 };

/* top/outside/secret and top/root; links in archives say "../outside" or the absolute path. */
int box_setup(void **state)
{
	int fd;

	(void)state;
	strcpy(box.top, "/tmp/tar_unpack_test.XXXXXX");
	assert_non_null(mkdtemp(box.top));
	box.top_fd = open(box.top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(box.top_fd, "outside", 0755), 0);
	fd = openat(box.top_fd, "outside/secret", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(fd_write(fd, "secret", 6), 0);
	close(fd);
	assert_int_equal(mkdirat(box.top_fd, "root", 0755), 0);
	box.root = openat(box.top_fd, "root", O_RDONLY | O_DIRECTORY);
	box.e = (struct err){ 0 };
	return 0;
}

/* What is outside must be as setup() made it: one file, its content, mode, one link to it. */
int box_teardown(void **state)
{
	struct stat st;
	char text[16];
	bool same = fstatat(box.top_fd, "outside/secret", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_nlink == 1 && (st.st_mode & 07777) == 0600 &&
		    fd_read_text(box.top_fd, "outside/secret", text, sizeof(text)) == 6 &&
		    strcmp(text, "secret") == 0 && fstatat(box.top_fd, "outside", &st, 0) == 0 &&
		    st.st_nlink == 2 &&
		    faccessat(box.top_fd, "outside/new", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    faccessat(box.top_fd, "new", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    access("/new", F_OK) < 0;

	(void)state;
	close(box.root);
	close(box.top_fd);
	tar_make_free(&box.m);
	return path_remove(AT_FDCWD, box.top) < 0 || !same ? -1 : 0;
}

int box_unpack_within(const struct tar_limits *limits)
{
	tar_make_end(&box.m);
	return tar_unpack(tar_make_stream(box.m.p, box.m.len, 1000), box.root, limits, &box.report,
			  &box.e);
}

int box_unpack(void)
{
	const struct tar_limits limits = { .entries = 100000, .bytes = 100 << 20, .depth = 4096 };

	return box_unpack_within(&limits);
}

void box_expect_ok(void)
{
	int r = box_unpack();

	if (r != 0)
		fail_msg("%d %s", r, box.e.msg);
}

void box_expect_refused(int code, const char *why)
{
	int r = box_unpack();

	if (r != -code || !strstr(box.e.msg, why))
		fail_msg("%d '%s', expected %d '%s'", r, box.e.msg, -code, why);
}

void box_expect_file(const char *path, const char *text)
{
	char buf[64];

	if (fd_read_text(box.root, path, buf, sizeof(buf)) < 0 || strcmp(buf, text) != 0)
		fail_msg("%s is not '%s'", path, text);
}

void box_expect_absent(const char *path)
{
	assert_int_equal(faccessat(box.root, path, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

const char *box_outside(const char *sub)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/outside%s", box.top, sub);
	return path;
}
