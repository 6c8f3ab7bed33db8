// SPDX-License-Identifier: MIT
/* Variables of boot loaders: the plain file, GRUB's block beside GRUB's own tool, programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/slots.h"

static char dir[64], path[96], *words[4];
static struct strv how = { .v = words };

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/slots_test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/env", dir);
	words[0] = (char *)(uintptr_t) "file";
	words[1] = path;
	how.n = 2;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(name, mode);
}

static void says(const char *good, const char *trying, unsigned int count, unsigned int limit)
{
	struct err e = { 0 };
	struct slots s;

	if (slots_read(&how, &s, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(s.good, good);
	assert_string_equal(s.trying, trying);
	assert_int_equal(s.count, count);
	assert_int_equal(s.limit, limit);
}

/* What an updater, a boot loader and the supervisor do one after the other. */
static void walk(void)
{
	struct err e = { 0 };

	assert_int_equal(slots_try(&how, "b", &e), 0);
	says("a", "b", 0, 3);
	assert_int_equal(slots_bad(&how, &e), 0);
	says("a", "", 0, 3);
	assert_int_equal(slots_try(&how, "b", &e), 0);
}

static void test_file(void **state)
{
	char text[200] = "";
	struct err e = { 0 };
	FILE *f;

	(void)state;
	write_file(path, "slot=a\n# kept\nother=1\n", 0644);
	walk();
	f = fopen(path, "r");
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(
		text,
		"slot=a\n# kept\nother=1\ntry=b\nbootcount=0\nbootlimit=3\nupgrade_available=1\n");
	/* the boot loader counts, and boots b */
	write_file(path, "slot=a\ntry=b\nbootcount=1\nbootlimit=3\nupgrade_available=1\n", 0644);
	assert_int_equal(slots_good(&how, &e), 0);
	says("b", "", 0, 3);
	assert_int_equal(slots_try(&how, "../x", &e), -EINVAL);
}

static void test_grub(void **state)
{
	char command[512], text[SLOTS_BLOCK + 1] = "";
	struct err e = { 0 };
	struct stat st;
	FILE *f;

	(void)state;
	words[0] = (char *)(uintptr_t) "grub";
	if (system("command -v grub-editenv >/dev/null") != 0)
		skip();
	snprintf(command, sizeof(command),
		 "grub-editenv %s create && grub-editenv %s set slot=a saved_entry='two words'",
		 path, path);
	assert_int_equal(system(command), 0);
	walk();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, SLOTS_BLOCK);
	snprintf(command, sizeof(command),
		 "grub-editenv %s list | sort | tr '\\n' ' ' && grub-editenv %s set bootcount=2",
		 path, path);
	f = popen(command, "r");
	assert_true(fread(text, 1, SLOTS_BLOCK, f) > 0);
	assert_int_equal(pclose(f), 0);
	assert_string_equal(
		text,
		"bootcount=0 bootlimit=3 saved_entry=two words slot=a try=b upgrade_available=1 ");
	says("a", "b", 2, 3);
	/* made by us, read by it */
	unlink(path);
	assert_int_equal(slots_try(&how, "b", &e), 0);
	snprintf(command, sizeof(command), "grub-editenv %s list | grep -q ^try=b", path);
	assert_int_equal(system(command), 0);
	write_file(path, "not a block\n", 0644);
	assert_int_equal(slots_try(&how, "b", &e), -EILSEQ);
}

static void test_full(void **state)
{
	char text[SLOTS_BLOCK + 64];
	struct err e = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[SLOTS_BLOCK - 10] = '\n';
	text[SLOTS_BLOCK - 9] = '\0';
	write_file(path, text, 0644);
	assert_int_equal(slots_try(&how, "b", &e), -ENOSPC);
	text[SLOTS_BLOCK - 9] = 'y';
	text[SLOTS_BLOCK + 63] = '\0';
	write_file(path, text, 0644);
	assert_int_equal(slots_try(&how, "b", &e), -EFBIG);
}

static void test_programs(void **state)
{
	char hook[96], old[512], script[512], fw[96];
	struct err e = { 0 };

	(void)state;
	snprintf(hook, sizeof(hook), "%s/hook", dir);
	snprintf(
		script, sizeof(script),
		"#!/bin/sh\ncase $1 in\nget) cat %s/v.$2 ;;\nset) while read n v; do echo $v >%s/v.$n; done ;;\n*) exit 1 ;;\nesac 2>/dev/null\n",
		dir, dir);
	write_file(hook, script, 0755);
	words[0] = (char *)(uintptr_t) "hook";
	words[1] = hook;
	snprintf(script, sizeof(script), "echo a >%s/v.slot", dir);
	assert_int_equal(system(script), 0);
	walk();

	/* U-Boot's tools, played */
	snprintf(fw, sizeof(fw), "%s/fw_printenv", dir);
	snprintf(script, sizeof(script), "#!/bin/sh\n[ \"$1\" = -n ] && exec %s get $2\n", hook);
	write_file(fw, script, 0755);
	snprintf(fw, sizeof(fw), "%s/fw_setenv", dir);
	snprintf(script, sizeof(script),
		 "#!/bin/sh\ncase $1 in -*) exit 1 ;; esac\necho \"$1 $2\" | %s set\n", hook);
	write_file(fw, script, 0755);
	snprintf(old, sizeof(old), "%s", getenv("PATH"));
	snprintf(script, sizeof(script), "%s:%.300s", dir, old);
	setenv("PATH", script, 1);
	words[0] = (char *)(uintptr_t) "uboot";
	how.n = 1;
	says("a", "b", 0, 3);
	walk();
	setenv("PATH", old, 1);

	write_file(hook, "#!/bin/sh\nexit 4\n", 0755);
	words[0] = (char *)(uintptr_t) "hook";
	how.n = 2;
	assert_int_equal(slots_bad(&how, &e), -EIO);
	unlink(hook);
	assert_int_equal(slots_try(&how, "b", &e), -ENOENT);
}

static void test_words(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(slots_check(&how, &e), 0);
	how.n = 1;
	assert_int_equal(slots_check(&how, &e), -EINVAL);
	words[0] = (char *)(uintptr_t) "lilo";
	assert_int_equal(slots_check(&how, &e), -EINVAL);
	how.n = 0;
	assert_int_equal(slots_check(&how, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grub, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_programs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
