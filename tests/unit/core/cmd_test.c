// SPDX-License-Identifier: MIT
/* The command line: options of a verb, manifest keys as options, docker's short forms, where options end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/fd.h"
#include "core/spec.h"

enum { T_DETACH, T_TTY, T_INTERACTIVE, T_PUBLISH };

static const struct cmd_option options[] = {
	[T_DETACH] = { 'd', "detach", NULL, "in the background" },
	[T_TTY] = { 't', "tty", NULL, "a terminal" },
	[T_INTERACTIVE] = { 'i', NULL, NULL, "standard input" },
	[T_PUBLISH] = { 'p', "publish", "PORT", "a port" },
};

static int ran;

static int test_run(struct cmd_line *line)
{
	ran = line->n_args + 1;
	return 7;
}

COMMAND(launch) = { .name = "launch",
		    .alias = "go",
		    .group = CMD_CONTAINER,
		    .args = "[options] IMAGE [COMMAND...]",
		    .about = "start a thing",
		    .options = options,
		    .n_options = ARRAY_SIZE(options),
		    .min_args = 1,
		    .max_args = -1,
		    .stop_at_args = true,
		    .spec_options = true,
		    .run = test_run };

COMMAND(look) = { .name = "look",
		  .group = CMD_LOOK,
		  .args = "[-p PORT] NAME",
		  .about = "look at a thing",
		  .options = options,
		  .n_options = ARRAY_SIZE(options),
		  .min_args = 1,
		  .max_args = 1,
		  .run = test_run };

/* Standard error (or output) of what follows goes to a file of ours. */
static int capture_begin(int fd, int *saved)
{
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	*saved = dup(fd);
	dup2(file, fd);
	return file;
}

static const char *capture_end(int fd, int saved, int file, char *buf, size_t size)
{
	ssize_t n;

	dup2(saved, fd);
	close(saved);
	lseek(file, 0, SEEK_SET);
	n = fd_read(file, buf, size - 1);
	buf[n < 0 ? 0 : n] = '\0';
	close(file);
	return buf;
}

static int parse(const char *verb, struct cmd_line *line, const char *words)
{
	static char text[400], *argv[40];
	int n = 0;

	str_copy(text, sizeof(text), words);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[n++] = w;
	argv[n] = NULL;
	return cmd_parse(cmd_find(verb), argv, line);
}

/* The words must be refused with this sentence. */
static void refused(const char *verb, const char *words, const char *sentence)
{
	int saved, file = capture_begin(STDERR_FILENO, &saved), r;
	struct cmd_line line;
	char buf[1000], expected[300];

	r = parse(verb, &line, words);
	capture_end(STDERR_FILENO, saved, file, buf, sizeof(buf));
	spec_free(line.spec);
	assert_int_equal(r, CMD_USAGE);
	snprintf(expected, sizeof(expected), "myctr: %s: %s\nusage: myctr %s ", verb, sentence,
		 verb);
	if (strncmp(buf, expected, strlen(expected)) != 0)
		assert_string_equal(buf, expected);
}

static void test_own_options(void **state)
{
	struct cmd_line l;

	(void)state;
	assert_int_equal(parse("look", &l, "-it web -p 80 --publish=81 -d"), 0);
	assert_int_equal(l.n_args, 1);
	assert_string_equal(l.args[0], "web");
	assert_null(l.args[1]);
	assert_true(l.count[T_TTY] == 1 && l.count[T_INTERACTIVE] == 1 && l.count[T_DETACH] == 1);
	assert_int_equal(l.count[T_PUBLISH], 2);
	assert_string_equal(l.value[T_PUBLISH], "81");
	assert_null(l.spec);
	assert_int_equal(parse("look", &l, "-dp8080:80 -- -x"), 0);
	assert_string_equal(l.value[T_PUBLISH], "8080:80");
	assert_string_equal(l.args[0], "-x");
	assert_int_equal(parse("look", &l, "-"), 0);
	assert_string_equal(l.args[0], "-");
	assert_int_equal(parse("look", &l, "--help"), CMD_WANTS_HELP);
	assert_int_equal(parse("look", &l, "-h"), CMD_WANTS_HELP);
}

static void test_stops_at_the_image(void **state)
{
	struct cmd_line l;

	(void)state;
	assert_int_equal(parse("launch", &l, "-d image ls -l --tty -- x"), 0);
	assert_int_equal(l.n_args, 6);
	assert_string_equal(l.args[2], "-l");
	assert_string_equal(l.args[4], "--");
	assert_int_equal(l.count[T_TTY], 0);
	spec_free(l.spec);
	assert_int_equal(parse("launch", &l, "-- image -d"), 0);
	assert_int_equal(l.n_args, 2);
	assert_int_equal(l.count[T_DETACH], 0);
	spec_free(l.spec);
}

static void test_keys_are_options(void **state)
{
	struct cmd_line l;
	struct spec *s;

	(void)state;
	setenv("CMD_TEST", "from outside", 1);
	unsetenv("CMD_NOT_THERE");
	assert_int_equal(
		parse("launch", &l,
		      "-m 32M --cpus 0.5 --pids-limit -1 -v /a:/b:ro --volume=/c:/d -e A=1 -e CMD_TEST "
		      "-eCMD_NOT_THERE -w /srv -u 5:6 -h box --net host --read-only --tmpfs /t "
		      "--device /dev/null --cap-add kill --cap-drop=ALL --ulimit nofile=5 "
		      "--restart on-failure:3 --privileged --no-new-privs=no --stop-timeout 3s image"),
		0);
	s = l.spec;
	assert_true(s->memory == 32U << 20 && s->cpu == 500 && s->pids == SPEC_UNLIMITED);
	assert_int_equal(s->mount.n, 2);
	assert_string_equal(s->mount.v[1], "/c:/d");
	assert_int_equal(s->env.n, 2);
	assert_string_equal(s->env.v[1], "CMD_TEST=from outside");
	assert_string_equal(s->workdir, "/srv");
	assert_string_equal(s->user, "5:6");
	assert_string_equal(s->hostname, "box");
	assert_string_equal(s->network.v[0], "host");
	assert_true(s->storage == SPEC_READ_ONLY);
	assert_true(s->tmpfs.n == 1 && s->device.n == 1 && s->cap_add.n == 1 &&
		    s->cap_drop.n == 1 && s->rlimit.n == 1);
	assert_true(s->restart == SPEC_RESTART_ON_FAILURE && s->restart_limit == 3);
	assert_true(s->privileged && !s->no_new_privs && s->stop_timeout == 3000);
	spec_free(s);
}

static void test_every_alias_names_a_key(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < cmd_n_spec_aliases; i++) {
		const struct cmd_spec_alias *a = &cmd_spec_aliases[i];
		const struct spec_field *f = spec_field(a->key);

		assert_non_null(f);
		assert_true(a->letter || *a->name);
		/* A name that is a key already would never be looked at. */
		assert_true(!*a->name || !spec_field(a->name));
		if (*a->value) {
			struct spec *s = spec_new();

			assert_int_equal(spec_set(s, f, a->value, NULL), 0);
			spec_free(s);
		}
	}
}

static void test_refusals(void **state)
{
	(void)state;
	refused("look", "", "too few arguments");
	refused("look", "a b", "unexpected argument 'b'");
	refused("look", "--detatch a", "unknown option --detatch (did you mean --detach?)");
	refused("look", "--zzzzzzz a", "unknown option --zzzzzzz");
	refused("look", "-x a", "unknown option -x");
	refused("look", "a -p", "-p needs a value");
	refused("look", "a --publish", "--publish needs a value");
	refused("look", "--detach=yes a", "--detach takes no value");
	refused("look", "--memory 1M a", "unknown option --memory");
	refused("launch", "--memroy 1M i", "unknown option --memroy (did you mean --memory?)");
	refused("launch", "-m 1X i", "memory = 1X: expected a size like 512K, 32M, 1G or max");
	refused("launch", "-v ./no-such-folder:/x i",
		"mount: ./no-such-folder: No such file or directory");
	refused("launch", "--restart no:x i",
		"restart-limit = x: expected a number within 0..1000000");
}

static void test_main(void **state)
{
	char *version[] = { "myctr", "--version", NULL }, *go[] = { "myctr", "go", "image", NULL };
	char *wrong[] = { "myctr", "lok", NULL }, *escape[] = { "myctr", "\x1b[31m", NULL };
	char buf[4000];
	int saved, file = capture_begin(STDOUT_FILENO, &saved), r = cmd_main(2, version);

	(void)state;
	capture_end(STDOUT_FILENO, saved, file, buf, sizeof(buf));
	assert_int_equal(r, 0);
	assert_int_equal(strspn(buf, "0123456789."), strlen(buf) - 1);
	assert_int_equal(cmd_main(3, go), 7);
	assert_int_equal(ran, 2);
	file = capture_begin(STDERR_FILENO, &saved);
	r = cmd_main(2, wrong);
	cmd_main(2, escape);
	capture_end(STDERR_FILENO, saved, file, buf, sizeof(buf));
	assert_int_equal(r, CMD_USAGE);
	assert_non_null(strstr(buf, "unknown command 'lok' (did you mean 'look'?)"));
	assert_null(strchr(buf, '\x1b'));
}

/* Fits a terminal, and names every key. */
static void test_help(void **state)
{
	char *argv[] = { "myctr", "launch", "--help", NULL };
	char buf[20000], *line;
	int saved, file = capture_begin(STDOUT_FILENO, &saved), r = cmd_main(3, argv);

	(void)state;
	capture_end(STDOUT_FILENO, saved, file, buf, sizeof(buf));
	assert_int_equal(r, 0);
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		char option[40];

		snprintf(option, sizeof(option), " --%s", spec_fields[i].name);
		assert_non_null(strstr(buf, option));
	}
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_options),
		cmocka_unit_test(test_stops_at_the_image),
		cmocka_unit_test(test_keys_are_options),
		cmocka_unit_test(test_every_alias_names_a_key),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_main),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests_name("cmd", tests, NULL, NULL);
}
