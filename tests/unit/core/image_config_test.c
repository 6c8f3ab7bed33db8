/* SPDX-License-Identifier: MIT */
/* The configuration of an image: what it may say, how it goes below what others say, and where it is read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

static struct err e;

static struct spec *parse(const char *text)
{
	struct spec *s = NULL;

	if (image_config_parse(text, strlen(text), &s, &e) < 0)
		fail_msg("%s: %s", text, e.msg);
	return s;
}

static void refuse(const char *text, const char *why)
{
	struct spec *s;

	assert_true(image_config_parse(text, strlen(text), &s, &e) < 0);
	assert_null(s);
	if (!strstr(e.msg, why))
		fail_msg("%s: '%s', expected '%s'", text, e.msg, why);
}

static void test_what_it_may_say(void **state)
{
	struct spec *s =
		parse("# by hand\n[image]\nentrypoint = /bin/sh -c\ncommand = 'a b' c\n"
		      "env = A=1\nenv = B=2\nworkdir = /srv\nuser = www:www\nexpose = 80/tcp 443\n"
		      "expose = 8000-8010/udp\ndata-path = /srv\nlabel = v=1\nstop-signal = INT\n");

	(void)state;
	assert_int_equal(s->entrypoint.n, 2);
	assert_string_equal(s->command.v[0], "a b");
	assert_int_equal(s->env.n, 2);
	assert_int_equal(s->expose.n, 3);
	assert_string_equal(s->stop_signal, "INT");
	spec_free(s);
	spec_free(parse(""));
	spec_free(parse("[image]\n"));
}

static void test_every_other_key_is_refused(void **state)
{
	unsigned int allowed = 0;
	char text[80];

	(void)state;
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const char *key = spec_fields[i].name;

		if (image_config_allows(key)) {
			allowed++;
			continue;
		}
		str_format(text, sizeof(text), "[image]\n%s = x\n", key);
		refuse(text, "an image may not set this");
		assert_non_null(strstr(e.msg, key));
	}
	/* Who adds a key must decide about it here: nothing that gives a right, a path or a network. */
	assert_in_range(allowed, 9, 11); /* health and version, where they are */
	assert_false(image_config_allows("privileged"));
	assert_false(image_config_allows("mount"));
	assert_false(image_config_allows("network"));
	assert_false(image_config_allows("health-action"));
}

static void test_bad_text(void **state)
{
	(void)state;
	refuse("command = x\n", "image.conf:1:1: \"command\" stands before the first [section]");
	refuse("[container web]\n", "an image has only the section [image]");
	refuse("[system]\n", "an image has only the section [image]");
	refuse("[image web]\n", "an image has only the section [image]");
	refuse("[image]\ncomand = x\n",
	       "image.conf:2:1: unknown key \"comand\" (did you mean \"command\"?)");
	refuse("[image]\ncommand = x\ncommand = y\n", "already set");
	refuse("[image]\nuser = -1\n", "image.conf:2:8");
	refuse("[image]\nworkdir = tmp\n", "not an absolute path");
	refuse("[image]\nexpose = 0\n", "expected PORT");
	refuse("[image]\nexpose = 80/icmp\n", "expected PORT");
	refuse("[image]\nexpose = 90-80\n", "expected PORT");
	refuse("[image]\nlabel = x\n", "expected KEY=VALUE");
}

/* What runs when `ours` is written on top of `image`, as words between |. */
static const char *merged(const char *image, const char *ours)
{
	static char line[256];
	struct spec *config = parse(image), *s = parse(ours);
	size_t used = 0;

	assert_int_equal(image_config_apply(s, config, &e), 0);
	s->name = "x";
	s->image = "x";
	line[0] = '\0';
	if (spec_finish(s, &e) < 0)
		str_format(line, sizeof(line), "%s", e.msg);
	else
		for (unsigned int i = 0; i < s->command.n; i++)
			used += str_format(line + used, sizeof(line) - used, "%s|",
					   s->command.v[i]);
	spec_free(config);
	spec_free(s);
	return line;
}

static void test_entrypoint_and_command_as_docker_does(void **state)
{
	static const char both[] = "[image]\nentrypoint = e f\ncommand = c d\n";

	(void)state;
	assert_string_equal(merged(both, ""), "e|f|c|d|");
	assert_string_equal(merged(both, "[image]\ncommand = x\n"), "e|f|x|");
	assert_string_equal(merged(both, "[image]\nentrypoint = x\n"), "x|");
	assert_string_equal(merged(both, "[image]\nentrypoint = x\ncommand = y\n"), "x|y|");
	assert_string_equal(merged(both, "[image]\nentrypoint =\ncommand = y\n"), "y|");
	assert_non_null(strstr(merged(both, "[image]\nentrypoint =\n"), "command: is missing"));
	assert_string_equal(merged("[image]\ncommand = c\n", ""), "c|");
	assert_string_equal(merged("[image]\nentrypoint = e\n", ""), "e|");
	assert_string_equal(merged("", "[image]\ncommand = x\n"), "x|");
}

static void test_variables_and_labels_one_by_one(void **state)
{
	struct spec *config =
		parse("[image]\nenv = A=1\nenv = B=1\nlabel = a=1\nuser = www\nworkdir = /w\n");
	struct spec *s = parse("[image]\nenv = B=2\nenv = C=2\nlabel = b=2\nworkdir = /\n");

	(void)state;
	assert_int_equal(image_config_apply(s, config, &e), 0);
	assert_int_equal(s->env.n, 3);
	assert_string_equal(s->env.v[0], "B=2");
	assert_string_equal(s->env.v[2], "A=1");
	assert_int_equal(s->label.n, 2);
	assert_string_equal(s->user, "www");
	assert_string_equal(s->workdir, "/");
	spec_free(config);
	spec_free(s);
}

static void test_print_reads_back(void **state)
{
	struct spec *s = parse("[image]\ncommand = 'a b' $'\\x1b'\nenv = 'A= x '\n"), *again;
	AUTO_FREE char *text = NULL;
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct out o = OUT(fd);
	char self[PATH_FD_SIZE];
	size_t len;

	(void)state;
	/* What an image may not say is left out. */
	assert_int_equal(spec_set(s, spec_field("memory"), "1M", &e), 0);
	image_config_print(&o, s);
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(fd_slurp(AT_FDCWD, path_of_fd(fd, self), 4096, &text, &len), 0);
	again = parse(text);
	assert_string_equal(again->command.v[0], "a b");
	assert_string_equal(again->command.v[1], "\x1b");
	assert_string_equal(again->env.v[0], "A= x ");
	spec_free(s);
	spec_free(again);
	close(fd);
}

/* ---- from a tree ------------------------------------------------------------------------------ */

static char top[64];
static int tree;

static int setup(void **state)
{
	(void)state;
	str_format(top, sizeof(top), "/tmp/image_config_test.XXXXXX");
	assert_non_null(mkdtemp(top));
	tree = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return tree < 0;
}

static int teardown(void **state)
{
	(void)state;
	close(tree);
	return path_remove(AT_FDCWD, top);
}

static int read_tree(char **text)
{
	size_t len;

	return image_config_read(tree, text, &len, &e);
}

static void put(const char *text, size_t len)
{
	int fd = openat(tree, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME, O_WRONLY | O_CREAT | O_TRUNC,
			0600);

	assert_true(fd >= 0 && fd_write(fd, text, len) == 0);
	close(fd);
}

static void test_read(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(read_tree(&text), 0);
	assert_null(text);
	assert_int_equal(mkdirat(tree, IMAGE_CONFIG_DIR, 0700), 0);
	assert_int_equal(read_tree(&text), 0);
	assert_null(text);
	put("[image]\n", 8);
	assert_int_equal(read_tree(&text), 0);
	assert_string_equal(text, "[image]\n");
	free(text);
}

static void expect_bad(void)
{
	char *text;

	assert_true(read_tree(&text) < 0);
	assert_null(text);
	assert_non_null(
		strstr(e.msg, "is not a plain file of at most 65536 bytes of text in a folder"));
	unlinkat(tree, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME, 0);
}

static void test_read_only_plain_files(void **state)
{
	static char huge[IMAGE_CONFIG_MAX + 1];

	(void)state;
	assert_int_equal(symlinkat("/etc", tree, IMAGE_CONFIG_DIR), 0);
	expect_bad();
	unlinkat(tree, IMAGE_CONFIG_DIR, 0);
	assert_int_equal(mkdirat(tree, IMAGE_CONFIG_DIR, 0700), 0);
	assert_int_equal(symlinkat("/etc/passwd", tree, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME), 0);
	expect_bad();
	assert_int_equal(mkfifoat(tree, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME, 0600), 0);
	expect_bad();
	put(huge, sizeof(huge));
	expect_bad();
	put("[image]\n\0user = x\n", 18);
	expect_bad();
	assert_int_equal(mkdirat(tree, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME, 0700), 0);
	expect_bad();
	unlinkat(tree, IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME, AT_REMOVEDIR);
	assert_int_equal(unlinkat(tree, IMAGE_CONFIG_DIR, AT_REMOVEDIR), 0);
	close(openat(tree, IMAGE_CONFIG_DIR, O_WRONLY | O_CREAT, 0600));
	expect_bad();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_may_say),
		cmocka_unit_test(test_every_other_key_is_refused),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_entrypoint_and_command_as_docker_does),
		cmocka_unit_test(test_variables_and_labels_one_by_one),
		cmocka_unit_test(test_print_reads_back),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only_plain_files, setup, teardown),
	};

	return cmocka_run_group_tests_name("image_config", tests, NULL, NULL);
}
