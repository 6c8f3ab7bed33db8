// SPDX-License-Identifier: MIT
/* The manifest: text into structs, what is refused and where, its text and binary forms, the order. */
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

#include "core/lib/fd.h"
#include "core/manifest.h"

#define WEB "[container web]\nimage = web.sqfs\ncommand = /bin/httpd\n"

static int parse(struct manifest *m, const char *text, struct err *e)
{
	*e = (struct err){ 0 };
	*m = (struct manifest){ 0 };
	return manifest_parse(m, "manifest", text, strlen(text), e);
}

/* text must be refused with exactly this sentence. */
static void refused(const char *text, const char *sentence)
{
	struct manifest m;
	struct err e;

	assert_true(parse(&m, text, &e) < 0);
	assert_string_equal(e.msg, sentence);
	assert_int_not_equal(e.code, 0);
	manifest_free(&m);
}

static void finish_refused(const char *text, const char *sentence)
{
	struct manifest m;
	struct err e;

	assert_int_equal(parse(&m, text, &e), 0);
	assert_true(manifest_finish(&m, &e) < 0);
	assert_string_equal(e.msg, sentence);
	manifest_free(&m);
}

static void test_reads_everything(void **state)
{
	static const char text[] =
		"# a comment\r\n"
		"[system]\r\n"
		"hostname = gw  # at the end\n"
		"data=/dev/vda2 ext4\n"
		"module = loop\nmodule = squashfs\n"
		"\n"
		"  [ container   web ]  # here too\n"
		"\timage = 'web #1.sqfs'\n"
		"command = sh -c \"echo 'a b'  # no comment\" x\\ y $'a\\tb' # but this\n"
		"env = A=\"two words\" end\n"
		"env = B=#1  \n"
		"memory = 32M\ncpu = 50%\npids = 64\nafter = mqtt, db\nafter = x\nrestart = on-failure\n"
		"task = no\nstop-timeout = 500ms\noom-score-adj = -5";
	struct manifest m;
	struct err e;
	struct spec *s;

	(void)state;
	assert_int_equal(parse(&m, text, &e), 0);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.system.hostname, "gw");
	assert_string_equal(m.system.data, "/dev/vda2 ext4");
	assert_int_equal(m.system.module.n, 2);
	s = m.containers[0];
	assert_string_equal(s->name, "web");
	assert_string_equal(s->origin, "manifest:8");
	assert_string_equal(s->image, "web #1.sqfs");
	assert_int_equal(s->command.n, 5);
	assert_string_equal(s->command.v[2], "echo 'a b'  # no comment");
	assert_string_equal(s->command.v[3], "x y");
	assert_string_equal(s->command.v[4], "a\tb");
	assert_null(s->command.v[5]);
	assert_string_equal(s->env.v[0], "A=two words end");
	assert_string_equal(s->env.v[1], "B=#1");
	assert_true(s->memory == 32U << 20);
	assert_true(s->cpu == 500);
	assert_true(s->pids == 64);
	assert_int_equal(s->after.n, 3);
	assert_true(s->restart == SPEC_RESTART_ON_FAILURE);
	assert_false(s->task);
	assert_true(s->stop_timeout == 500);
	assert_true(s->oom_score_adj == -5);
	manifest_free(&m);
}

static void test_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	refused(WEB "memroy = 32M\n",
		"manifest:4:1: unknown key \"memroy\" (did you mean \"memory\"?)");
	refused(WEB "zzzzzzzzz = 1\n", "manifest:4:1: unknown key \"zzzzzzzzz\"");
	refused("[contaner web]\n",
		"manifest:1:2: unknown section [contaner] (did you mean [container]?)");
	refused("[network a b]\n", "manifest:1:10: 'a b' cannot name a network");
	refused("[nothing]\n",
		"manifest:1:2: unknown section [nothing]; there are [system], [container NAME], "
		"[network NAME], [interface NAME], [mount PATH], [device PATTERN] and [console TTY]");
	refused("[system x]\n", "manifest:1:9: [system] has no name");
	refused("memory = 1M\n", "manifest:1:1: \"memory\" stands before the first [section]");
	refused(WEB "hello\n", "manifest:4:6: expected KEY = VALUE or [SECTION]");
	refused(WEB "= 1\n", "manifest:4:1: expected KEY = VALUE or [SECTION]");
	refused("[container web\n", "manifest:1:1: '[' without ']'");
	refused("[container web] x\n", "manifest:1:17: unexpected text after ']'");
	refused("; comment\n", "manifest:1:3: expected KEY = VALUE or [SECTION]");
}

static void test_refuses_bad_names(void **state)
{
	static const char *const bad[] = { "..", "../x", "-x", "a/b", "a b", "", "\x1b[1m", "/" };
	char text[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct manifest m;
		struct err e;

		snprintf(text, sizeof(text), "[container %s]\n", bad[i]);
		assert_int_equal(parse(&m, text, &e), -EINVAL);
		assert_non_null(strstr(e.msg, "cannot name a container"));
		manifest_free(&m);
	}
}

static void test_refuses_bad_values(void **state)
{
	(void)state;
	refused(WEB "memory = 99999999999T\n",
		"manifest:4:10: memory = 99999999999T: expected a size like 512K, 32M, 1G or max");
	refused(WEB "memory =\n", "manifest:4:9: memory: a value is missing");
	refused(WEB "pids = -1\n", "manifest:4:8: pids = -1: expected a number from 1 on, or max");
	refused(WEB "restart = maybe\n",
		"manifest:4:11: restart = maybe: expected one of no, always, on-failure, unless-stopped");
	refused(WEB "hostname = \"web\n", "manifest:4:12: hostname: a quote is not closed");
	refused(WEB "workdir = tmp\n", "manifest:4:11: workdir: tmp: is not an absolute path");
	refused(WEB "task = perhaps\n", "manifest:4:8: task = perhaps: expected yes or no");
}

static void test_refuses_doubles(void **state)
{
	(void)state;
	refused(WEB "pids = 1\n# x\npids = 2\n", "manifest:6:1: pids is already set in line 4");
	refused(WEB WEB, "manifest:4:12: a second [container web]; the first is at manifest:1");
	refused("[system]\nhostname = a\n[system]\nhostname = b\n",
		"manifest:4:1: hostname is already set in line 2");
}

static void test_refuses_nul_and_too_much(void **state)
{
	struct manifest m = { 0 };
	struct err e = { 0 };
	char *big;
	size_t used = 0;

	(void)state;
	assert_true(manifest_parse(&m, "manifest", "[sys\0tem]\n", 10, &e) < 0);
	assert_string_equal(e.msg, "manifest:1:5: a NUL byte in text");
	manifest_free(&m);

	big = malloc(10U << 20);
	memset(big, '#', 10U << 20);
	assert_int_equal(manifest_parse(&m, "manifest", big, 10U << 20, &e), -EFBIG);
	assert_string_equal(e.msg, "manifest: longer than 1048576 bytes");
	for (int i = 0; i < 10000; i++)
		used += (size_t)sprintf(big + used, "[container c%d]\n", i);
	assert_int_equal(manifest_parse(&m, "manifest", big, used, &e), -E2BIG);
	assert_string_equal(e.msg, "manifest:1001:12: more than 1000 containers");
	assert_int_equal(m.n, 1000);
	manifest_free(&m);
	free(big);
}

static void test_finish_looks_across(void **state)
{
	(void)state;
	finish_refused(WEB "after = mqtX\n[container mqtt]\nimage = i\ncommand = c\n",
		       "manifest:1: web: after = mqtX: no such container (did you mean mqtt?)");
	/* Without an entrypoint of its own the image may name a command. */
	finish_refused("[container a]\nimage = i\nentrypoint =\n",
		       "manifest:1: a: command: is missing, and the image names none");
	finish_refused(
		"[container a]\nimage=i\ncommand=c\nafter=b\n[container b]\nimage=i\ncommand=c\nrequires=c\n"
		"[container c]\nimage=i\ncommand=c\nafter=a\n",
		"after, requires: these wait for each other: a, b, c");
	finish_refused(WEB "after = web\n", "after, requires: these wait for each other: web");
}

static void test_order(void **state)
{
	static const char text[] =
		"[container a]\nimage=i\ncommand=c\nafter=c\n[container b]\nimage=i\ncommand=c\n"
		"[container c]\nimage=i\ncommand=c\nrequires=d\n[container d]\nimage=i\ncommand=c\n";
	static const unsigned int expected[] = { 3, 2, 0, 1 };
	unsigned int order[4];
	struct manifest m;
	struct err e;

	(void)state;
	assert_int_equal(parse(&m, text, &e), 0);
	assert_int_equal(manifest_order(&m, order, &e), 0);
	assert_memory_equal(order, expected, sizeof(order));
	manifest_free(&m);
}

/* Prints m to a string of the caller. */
static char *show(const struct manifest *m)
{
	FILE *f = tmpfile();
	struct out o = OUT(fileno(f));
	char *text;
	long n;

	manifest_print(&o, m);
	assert_int_equal(out_flush(&o), 0);
	n = lseek(fileno(f), 0, SEEK_END);
	lseek(fileno(f), 0, SEEK_SET);
	text = calloc(1, (size_t)n + 1);
	assert_int_equal(fd_read(fileno(f), text, (size_t)n), n);
	fclose(f);
	return text;
}

static const char rich[] =
	"[system]\nhostname = gw\nconsole = /bin/sh -l\nmodule = loop max_loop=8\n"
	"shutdown-timeout = 90s\n"
	"\n[container web]\nimage = web.sqfs\ncommand = sh -c \"echo \\\"x\\\" 'y' \\$HOME\" \"\"\n"
	"env = \"A= b \"\nenv = $'N=1\\n2\\x1b'\nenv = \"H=#\"\nenv = E=\nmemory = 33M\n"
	"memory-high = 1000001\ncpu = 12.345\ncpu-weight = 100\noom-score-adj = -7\n"
	"cap-drop = ALL chown\nrestart = always\nrestart-delay = 250ms\nstop-timeout = 70s\n"
	"storage = tmpfs\nno-new-privs = no\nmount = /a:/b:ro\n";

static void test_text_round_trip(void **state)
{
	struct manifest m, again;
	char *once, *twice;
	struct err e;

	(void)state;
	assert_int_equal(parse(&m, rich, &e), 0);
	once = show(&m);
	assert_int_equal(parse(&again, once, &e), 0);
	twice = show(&again);
	assert_string_equal(once, twice);
	assert_string_equal(again.containers[0]->command.v[2], "echo \"x\" 'y' $HOME");
	assert_string_equal(again.containers[0]->command.v[3], "");
	assert_string_equal(again.containers[0]->env.v[0], "A= b ");
	assert_string_equal(again.containers[0]->env.v[1], "N=1\n2\x1b");
	assert_true(again.containers[0]->memory_high == 1000001);
	assert_true(again.containers[0]->cpu == 12345);
	assert_true(again.containers[0]->stop_timeout == 70000);
	manifest_free(&m);
	manifest_free(&again);
	free(once);
	free(twice);
}

static void test_binary_round_trip(void **state)
{
	struct manifest m, again = { 0 };
	struct err e;
	uint8_t *bytes;
	char *a, *b;
	size_t len;

	(void)state;
	assert_int_equal(parse(&m, rich, &e), 0);
	assert_int_equal(manifest_encode(&m, &bytes, &len, &e), 0);
	assert_int_equal(manifest_decode(&again, bytes, len, &e), 0);
	a = show(&m);
	b = show(&again);
	assert_string_equal(a, b);
	manifest_free(&again);
	/* Every cut and every flipped byte is noticed. */
	for (size_t i = 0; i < len; i++) {
		assert_true(manifest_decode(&again, bytes, i, &e) < 0);
		manifest_free(&again);
		bytes[i] ^= 0x20;
		assert_true(manifest_decode(&again, bytes, len, &e) < 0);
		manifest_free(&again);
		bytes[i] ^= 0x20;
	}
	manifest_free(&m);
	free(bytes);
	free(a);
	free(b);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_files(void **state)
{
	char dir[] = "/tmp/manifest-XXXXXX", path[64], more[96], command[96];
	struct manifest m = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/manifest", dir);
	assert_int_equal(manifest_read(&m, path, &e), -ENOENT);
	put(path, WEB);
	snprintf(more, sizeof(more), "%s.d", path);
	assert_int_equal(mkdir(more, 0755), 0);
	snprintf(more, sizeof(more), "%s.d/20-b", path);
	put(more, "[container b]\n");
	snprintf(more, sizeof(more), "%s.d/10-a", path);
	put(more, "[container a]\n");
	snprintf(more, sizeof(more), "%s.d/10-a~", path);
	put(more, "rubbish");
	assert_int_equal(manifest_read(&m, path, &e), 0);
	assert_int_equal(m.n, 3);
	assert_string_equal(m.containers[1]->name, "a");
	assert_string_equal(m.containers[2]->name, "b");
	manifest_free(&m);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_everything),
		cmocka_unit_test(test_refuses_what_it_does_not_know),
		cmocka_unit_test(test_refuses_bad_names),
		cmocka_unit_test(test_refuses_bad_values),
		cmocka_unit_test(test_refuses_doubles),
		cmocka_unit_test(test_refuses_nul_and_too_much),
		cmocka_unit_test(test_finish_looks_across),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_text_round_trip),
		cmocka_unit_test(test_binary_round_trip),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
