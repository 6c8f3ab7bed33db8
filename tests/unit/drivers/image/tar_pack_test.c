/* SPDX-License-Identifier: MIT */
/*
 * Writing archives: what is packed comes out the same through our own reader, GNU tar, bsdtar and
 * unsquashfs; the same content gives the same bytes; what cannot be written is an error.
 */
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
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/pack.h"
#include "drivers/image/tar.h"

static char top[64], here[256];
static struct err err;

/* Runs a line of shell in the folder of the test; its status. */
static int shell(const char *line)
{
	char all[4096];
	int status;

	snprintf(all, sizeof(all), "cd %s && { %s; } >log 2>&1", top, line);
	status = system(all);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must(const char *line)
{
	if (shell(line) != 0)
		fail_msg("failed: %s", line);
}

/* Everything about a tree that an archive keeps, as text in the file NAME.list. */
static void list(const char *name)
{
	char line[512];

	snprintf(line, sizeof(line), "%s/tests/unit/drivers/image/tree_list.py %s >%s.list", here,
		 name, name);
	must(line);
}

static void expect_same(const char *a, const char *b)
{
	char line[256];

	list(a);
	list(b);
	snprintf(line, sizeof(line), "diff %s.list %s.list", a, b);
	if (shell(line) != 0) {
		snprintf(line, sizeof(line), "sed 's/^/# /' %s/log", top);
		(void)!system(line);
		fail_msg("%s and %s differ", a, b);
	}
}

static int pack_with(const char *dir, const char *file, const char *format, struct pack_args a)
{
	char path[128];
	int out, r;

	snprintf(path, sizeof(path), "%s/%s", top, dir);
	a.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	a.name = dir;
	snprintf(path, sizeof(path), "%s/%s", top, file);
	out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(a.root >= 0 && out >= 0);
	err = (struct err){ 0 };
	r = pack_write(&a, format, out, &err);
	close(out);
	close(a.root);
	return r;
}

static void pack(const char *dir, const char *file, const char *format)
{
	const struct pack_args a = { .newest = PACK_TIMES_KEPT };
	int r = pack_with(dir, file, format, a);

	if (r != 0)
		fail_msg("%s: %d %s", format, r, err.msg);
}

static void attribute(const char *name, const char *key, const void *value, size_t len)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(lsetxattr(path, key, value, len, 0), 0);
}

static void make_tree(void)
{
	static const uint8_t cap[20] = { 1, 0, 0, 2, 0, 0x20 };

	must("mkdir -p d/a/b/c d/empty && printf hi >d/a/f && ln d/a/f d/a/b/g && ln -s ../f d/a/b/s && "
	     "mkfifo d/p && seq 1 100000 >d/large && : >d/none && cp /bin/true d/caps && chmod 4755 d/large && "
	     "chown 12:34 d/a/f && chown -h 3000000:4000000 d/a/b/s && chmod 1777 d && chmod 2750 d/empty && "
	     "touch -d '2020-01-02 03:04:05.678901234' d/a && touch -hd '1969-12-31 23:59:58.5 UTC' d/a/b/s && "
	     "touch -d '2300-01-01' d/none && mknod d/char c 5 1 && mknod d/block b 259 70000 && "
	     "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"d/sock\")' && "
	     "n=$(printf '%0150d' 7) && printf x >d/a/$n && ln -s $n$n d/a/longlink && "
	     "mkdir -p d/$n/$n && printf y >d/$n/$n/$n && printf 'z' >\"d/$(printf 'new\\nline \\377')\"");
	attribute("d/caps", "security.capability", cap, sizeof(cap));
	attribute("d/a", "user.one", "1", 1);
	attribute("d/a", "user.binary", "a\0b\n=", 5);
	attribute("d/a/b/s", "trusted.link", "t", 1);
	attribute("d/p", "trusted.pipe", "t", 1);
	/* Those of overlay are not the image's. */
	must("cp -a d want && rm want/sock && touch -r d want");
	attribute("d/large", "trusted.overlay.origin", "x", 1);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(top, sizeof(top), "/tmp/tar_pack_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	if (geteuid() == 0)
		make_tree();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, top);
}

/* Owners and devices can only be checked as root. */
static void root_only(void)
{
	if (geteuid() != 0)
		skip();
}

/* Our reader. */
static void unpack_here(const char *archive, const char *dir)
{
	const struct tar_limits limits = { .entries = 1000, .bytes = 1 << 30, .depth = 100 };
	struct tar_report report;
	char path[128];
	int root, file;

	snprintf(path, sizeof(path), "%s/%s", top, dir);
	root = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%s/%s", top, archive);
	file = open(path, O_RDONLY);
	if (tar_unpack(stream_of_fd(file, archive, &err), root, &limits, &report, &err) != 0)
		fail_msg("%s", err.msg);
	close(file);
	close(root);
}

static void test_own_reader(void **state)
{
	(void)state;
	root_only();
	pack("d", "d.tar", "tar");
	must("mkdir out");
	unpack_here("d.tar", "out");
	expect_same("want", "out");
}

static void test_gnu_tar(void **state)
{
	(void)state;
	root_only();
	pack("d", "d.tar", "tar");
	must("mkdir out && tar --numeric-owner --xattrs --xattrs-include='*' -xpf d.tar -C out");
	expect_same("want", "out");
}

static void test_bsdtar(void **state)
{
	(void)state;
	root_only();
	/* bsdtar does not set attributes of links and pipes, and reads "-1.5" as half a second before 1970 */
	must("touch -hd @-5 d/a/b/s want/a/b/s");
	must("setfattr -hx trusted.link d/a/b/s && setfattr -x trusted.pipe d/p && "
	     "setfattr -hx trusted.link want/a/b/s && setfattr -x trusted.pipe want/p");
	pack("d", "d.tar", "tar");
	must("mkdir out && bsdtar --numeric-owner -xpf d.tar -C out && touch -r want out");
	expect_same("want", "out");
}

/* Archives of others, in every format they write, through our reader. */
static void test_from_others(void **state)
{
	static const char *const makers[] = {
		"tar --numeric-owner --format=v7 -cf",
		"tar --numeric-owner --format=ustar -cf",
		"tar --numeric-owner --format=oldgnu -S -cf",
		"tar --numeric-owner --format=gnu -S -cf",
		"tar --numeric-owner --format=posix -S -cf",
		"tar --numeric-owner --format=posix --sparse-version=0.0 -S -cf",
		"tar --numeric-owner --format=posix --sparse-version=0.1 -S -cf",
		"tar --numeric-owner --format=posix --pax-option=comment=x,globexthdr.name=g -cf",
		"bsdtar --numeric-owner --format=ustar -cf",
		"bsdtar --numeric-owner --format=pax -cf",
		"bsdtar --numeric-owner --format=gnutar -cf",
		"busybox tar -cf",
	};
	char line[256];

	(void)state;
	root_only();
	must("mkdir -p f/a/b && printf hi >f/a/f && ln f/a/f f/a/b/g && ln -s ../f f/a/b/s && seq 1 9999 >f/large && "
	     "truncate -s 3M f/hole && printf x | dd of=f/hole bs=1 seek=1500000 conv=notrunc && chown 12:34 f/a/f && "
	     "chmod 2755 f/a/b && chmod 4711 f/large && mkfifo f/p && mknod f/c c 1 3 && "
	     "find f -exec touch -hd @1500000000 {} +");
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		const bool v7 = strstr(makers[i], "v7");

		snprintf(line, sizeof(line), "rm -rf out x.tar; %s x.tar -C f $(%s) && mkdir out",
			 makers[i], v7 ? "cd f; ls | grep -v '^[cp]$'" : "echo .");
		must(line);
		unpack_here("x.tar", "out");
		if (v7)
			must("cp -a f/p f/c out && find out -exec touch -hd @1500000000 {} +");
		expect_same("f", "out");
	}
}

static void test_lz4(void **state)
{
	(void)state;
	root_only();
	pack("d", "d.tar", "tar");
	pack("d", "d.tar.lz4", "tar.lz4");
	must("lz4 -dc d.tar.lz4 | cmp - d.tar && ! cmp d.tar d.tar.lz4");
}

static void test_squashfs(void **state)
{
	(void)state;
	root_only();
	/* the format knows 32 bits of seconds; unsquashfs does not write attributes of pipes */
	must("for t in d want; do touch -d 2020-01-01 $t/none; find $t -exec touch -hd @1500000000 {} +; "
	     "setfattr -x trusted.pipe $t/p; setfattr -hx trusted.link $t/a/b/s; done; setfattr -x trusted.overlay.origin d/large");
	pack("d", "d.sqfs", "squashfs");
	must("unsquashfs -d out d.sqfs");
	expect_same("want", "out");
	pack("d", "e.sqfs", "squashfs");
	must("cmp d.sqfs e.sqfs");
}

/* A copy in another order on the disk, later, gives the same bytes. */
static void test_same_bytes(void **state)
{
	(void)state;
	root_only();
	pack("d", "d.tar", "tar");
	must("mkdir e && tar --sort=name --xattrs --xattrs-include='*' -cf - -C d . | tar --xattrs --xattrs-include='*' -xpf - -C e && "
	     "mv e/a/b e/a/x && mkdir e/a/b && touch -r d/a/b e/a/b && mv e/a/x/* e/a/b && rmdir e/a/x && touch -r d/a/b e/a/b && touch -r d/a e/a");
	pack("e", "e.tar", "tar");
	must("cmp d.tar e.tar");
}

static void test_newest(void **state)
{
	const struct pack_args a = { .newest = 1000000000 };

	(void)state;
	root_only();
	assert_int_equal(pack_with("d", "d.tar", "tar", a), 0);
	must("mkdir out && tar -xpf d.tar -C out && [ \"$(stat -c %Y out/none)\" = 1000000000 ] && "
	     "[ \"$(stat -c %y out/a)\" = \"$(TZ= date -d @1000000000 '+%F %T.%N +0000')\" ] && "
	     "[ \"$(stat -c %Y out/a/b/s)\" = -2 ]");
	assert_int_equal(pack_with("d", "d.sqfs", "squashfs", a), 0);
	must("unsquashfs -d o2 d.sqfs && [ \"$(stat -c %Y o2/large)\" = 1000000000 ]");
}

static void test_sparse(void **state)
{
	const struct pack_args a = { .newest = PACK_TIMES_KEPT, .sparse = true };

	(void)state;
	must("mkdir s && truncate -s 100M s/hole && printf end | dd of=s/hole bs=1 seek=50000000 conv=notrunc && "
	     "truncate -s 1M s/only && printf x >s/small");
	assert_int_equal(pack_with("s", "s.tar", "tar", a), 0);
	must("[ $(stat -c %s s.tar) -lt 100000 ] && mkdir o && tar -xf s.tar -C o && cmp s/hole o/hole && cmp s/only o/only && "
	     "[ $(du -k o/hole | cut -f1) -lt 1000 ] && mkdir p && bsdtar -xf s.tar -C p && cmp s/hole p/hole && cmp s/only p/only");
}

static void test_write_error(void **state)
{
	struct pack_args a = { .newest = PACK_TIMES_KEPT, .name = "d" };
	char path[128];
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	must("mkdir -p w && truncate -s 1M w/f");
	snprintf(path, sizeof(path), "%s/w", top);
	a.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pack_write(&a, "tar", full, &err), -ENOSPC);
	assert_string_equal(err.msg, "d: 'f': cannot write the archive: No space left on device");
	err = (struct err){ 0 };
	assert_int_equal(pack_write(&a, "tar.lz4", full, &err), -ENOSPC);
	close(a.root);
	close(full);
}

static void test_formats(void **state)
{
	struct pack_args a = { .name = "d", .root = -1 };

	(void)state;
	assert_int_equal(pack_write(&a, "tar.xz", -1, &err), -ENOTSUP);
	assert_non_null(strstr(err.msg, "format 'tar.xz': not one this build writes; "));
	assert_non_null(strstr(err.msg, "tar.lz4"));
	assert_int_equal(pack_write(&a, "squashfs.lz4", -1, &err), -ENOTSUP);
	assert_int_equal(pack_write(&a, "", -1, &err), -ENOTSUP);
}

static void test_too_deep(void **state)
{
	const struct pack_args a = { .newest = PACK_TIMES_KEPT };

	(void)state;
	must("mkdir deep && cd deep && python3 -c 'import os\n"
	     "for i in range(30):\n os.mkdir(\"n\" * 200)\n os.chdir(\"n\" * 200)'");
	assert_int_equal(pack_with("deep", "deep.tar", "tar", a), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gnu_tar, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bsdtar, setup, teardown),
		cmocka_unit_test_setup_teardown(test_from_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lz4, setup, teardown),
		cmocka_unit_test_setup_teardown(test_squashfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sparse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_formats, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_deep, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
