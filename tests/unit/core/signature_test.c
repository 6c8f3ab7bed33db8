// SPDX-License-Identifier: MIT
/* Signatures that minisign 0.11 and signify 31 made of "hello\n": taken as they are, refused with one change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/signature.h"

static const char content[] = "hello\n";
static const char mini_key[] = "untrusted comment: minisign public key C92002B93C3BE90C\n"
			       "RWQM6Ts8uQIgyUIAdZJpu+7n4PaEFb/SFJUyVrckjrHNtKmUIts7bU1s\n";
static const char sig_key[] = "untrusted comment: signify public key\n"
			      "RWS+A7E46s/zrx3neE1Kfewf8aARMS0YDIbVxOZmm2fb7uzxqwnFAV29\n";
#define MINI                                                                             \
	"RUQM6Ts8uQIgyUQzbqOAV0/W+wh9EWOTpY9Tfa65eX6NjHizA1PPmH2wcLzm2iGsoPpmE36VzV3obP" \
	"nciT0iQgz1iTbFGjDB5gw="
#define MINI_SECOND \
	"5AkV9EJnresxsulzeLQtvnRt8rqxIADCjsgChCoAnk6WIpMMnDmGiRGGD59WopfggR8anJmCKYikhAW6v2ADCA=="
static const char mini[] = "untrusted comment: c\n" MINI
			   "\ntrusted comment: release 1\n" MINI_SECOND "\n";
static const char legacy[] =
	"untrusted comment: signature from minisign secret key\n"
	"RWQM6Ts8uQIgyZn5i67IOMOQ+ld2Eb3Q170csyXeKAd5vJbAnlJXAhnZJH8mqed8e4u66heJHPM9HdJX2uv4BJ6A"
	"YDJiRWZUkQk=\ntrusted comment: old\n"
	"kf/8SNg3QomyDOAwAuxN7WOeAgypyMf8aqTX5pamTXFMem+lybUs5Lft1V9yW/M/+QjOu2g7GxXN6sYdy20eAg==\n";
static const char sig[] =
	"untrusted comment: verify with s.pub\n"
	"RWS+A7E46s/zr7VyQlqZfuOebxUCP6Ft6joAdKBebxfjS6Tc9NUYDRMAi4Uw54Qi76HOplISraQKjYGyM5rtDlGA"
	"rUG0fVMbdQU=\n";

static char by[48];
static struct err e;

static void key(const char *name, const char *text)
{
	char path[PATHS_MAX];

	assert_int_equal(paths_join(path, paths.etc, "keys", name), 0);
	assert_int_equal(fd_replace(AT_FDCWD, path, text, strlen(text), 0644, false), 0);
}

static int setup(void **state)
{
	char path[PATHS_MAX];

	(void)state;
	str_copy(paths.etc, sizeof(paths.etc), "/tmp/signature_test.XXXXXX");
	if (!mkdtemp(paths.etc) || paths_join(path, paths.etc, "keys", NULL) < 0 ||
	    mkdir(path, 0755) < 0)
		return -1;
	key("a-mini.pub", mini_key);
	key("sig.pub", sig_key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, paths.etc);
}

static int check(const char *text)
{
	e = (struct err){ 0 };
	return signature_check(content, strlen(content), text, strlen(text), by, &e);
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(check(mini), 0);
	assert_string_equal(by, "a-mini.pub");
	assert_int_equal(check(legacy), 0);
	assert_int_equal(check(sig), 0);
	assert_string_equal(by, "sig.pub");
}

static void test_file(void **state)
{
	char path[] = "/tmp/signature_file.XXXXXX";
	AUTO_FD int fd = mkstemp(path);

	(void)state;
	unlink(path);
	assert_int_equal(signature_check_fd(fd, sig, strlen(sig), by, &e), -EINVAL);
	assert_int_equal(fd_write(fd, content, strlen(content)), 0);
	assert_int_equal(signature_check_fd(fd, sig, strlen(sig), by, &e), 0);
	assert_int_equal(signature_check_fd(fd, mini, strlen(mini), by, &e), 0);
	assert_int_equal(pwrite(fd, "x", 1, 6), 1);
	assert_int_equal(signature_check_fd(fd, sig, strlen(sig), by, &e), -EBADMSG);
	assert_int_equal(signature_check_fd(fd, mini, strlen(mini), by, &e), -EBADMSG);
}

/* Each character of each signature, one at a time, becomes another. */
static void test_changed(void **state)
{
	static const char *const all[] = { mini, legacy, sig };
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (size_t at = strcspn(all[i], "\n") + 1; all[i][at]; at++) {
			str_copy(text, sizeof(text), all[i]);
			text[at] = text[at] == 'B' ? 'C' : 'B';
			if (check(text) == 0)
				fail_msg("signature %zu was taken with a B at %zu", i, at);
		}
	}
	assert_int_equal(signature_check("hellO\n", 6, mini, strlen(mini), by, &e), -EBADMSG);
}

static void test_shape(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		MINI "\n",
		"untrusted comment: c\n",
		"untrusted comment: c\n" MINI "\n",
		"untrusted comment: c\n" MINI "\ntrusted comment: release 1\n",
		"untrusted comment: c\n" MINI "\ntrusted comment: release 1\n" MINI "\n",
		"untrusted comment: c\n" MINI "\ncomment: release 1\n" MINI_SECOND "\n",
		"untrusted comment: c\n" MINI "\ntrusted comment: release 1\n" MINI_SECOND
		"\nmore\n",
		"untrusted comment: c\n" MINI "=\ntrusted comment: release 1\n" MINI_SECOND "\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (check(bad[i]) != -EINVAL)
			fail_msg("text %zu was read", i);
}

static void test_keys(void **state)
{
	char path[PATHS_MAX];

	(void)state;
	key("0-rubbish.pub", "rubbish\n");
	assert_int_equal(check(mini), 0);
	key("a-mini.pub", sig_key);
	assert_int_equal(check(mini), -EINVAL); /* what may have been it cannot be read */
	paths_join(path, paths.etc, "keys", "0-rubbish.pub");
	unlink(path);
	assert_int_equal(check(mini), -ENOKEY);
	key("a-mini.pub", mini_key);
	paths_join(path, paths.etc, "keys", NULL);
	assert_int_equal(chmod(path, 0775), 0);
	assert_int_equal(check(mini), -EPERM);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(check(mini), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	cmocka_unit_test(test_file),
		cmocka_unit_test(test_changed), cmocka_unit_test(test_shape),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
