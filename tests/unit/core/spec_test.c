// SPDX-License-Identifier: MIT
/* The field table: every type from text and back, entries of lists, inheritance, the last checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "core/fields.h"

static int set(struct spec *s, const char *key, const char *value)
{
	struct err e = { 0 };
	int r = spec_set(s, spec_field(key), value, &e);

	if (r < 0)
		assert_true(strstr(e.msg, key) == e.msg);
	return r;
}

static void gives(const char *key, const char *value, const char *expected)
{
	struct spec *s = spec_new();
	char buf[128];

	assert_int_equal(set(s, key, value), 0);
	assert_true(spec_is_set(s, spec_field(key)));
	assert_true(spec_get(s, spec_field(key), 0, buf, sizeof(buf)));
	assert_string_equal(buf, expected);
	assert_false(spec_get(s, spec_field(key), 1, buf, sizeof(buf)));
	spec_free(s);
}

static void refuses(const char *key, const char *value)
{
	struct spec *s = spec_new();

	assert_true(set(s, key, value) < 0);
	assert_false(spec_is_set(s, spec_field(key)));
	spec_free(s);
}

static void test_values(void **state)
{
	(void)state;
	gives("memory", "33554432", "32M");
	gives("memory", "max", "max");
	gives("memory", "1025", "1025");
	gives("cpu", "0.5", "50%");
	gives("cpu", "150%", "150%");
	gives("cpu", "2", "200%");
	gives("cpu", "33.3%", "0.333");
	gives("pids", "max", "max");
	gives("stop-timeout", "1m", "60s");
	gives("restart-delay", "1500ms", "1500ms");
	gives("restart", "unless-stopped", "unless-stopped");
	gives("tty", "on", "yes");
	gives("oom-score-adj", "-1000", "-1000");
	gives("command", "sh -c 'a b'", "sh -c \"a b\"");
	gives("user", "1000:1000", "1000:1000");
	gives("env", "A=b=c d", "A=b=c d");
}

static void test_bad_values(void **state)
{
	static const char *const bad[][2] = {
		{ "memory", "99999999999T" },
		{ "memory", "-1" },
		{ "memory", "" },
		{ "cpu", "0" },
		{ "cpu", "-50%" },
		{ "cpu", "50%%" },
		{ "cpu", "1e3" },
		{ "cpu", "99999999" },
		{ "cpu-weight", "0" },
		{ "cpu-weight", "10001" },
		{ "pids", "0" },
		{ "pids", "18446744073709551615" },
		{ "oom-score-adj", "1001" },
		{ "restart", "Always" },
		{ "env", "=x" },
		{ "env", "x" },
		{ "workdir", "tmp" },
		{ "user", " 1000" },
		{ "user", "-1" },
		{ "user", "4294967296" },
		{ "user", "1000:" },
		{ "mount", "/a" },
		{ "mount", "a:/b" },
		{ "mount", "/a:/b:what" },
		{ "mount", "/a:/../b" },
		{ "tmpfs", "tmp" },
		{ "tmpfs", "/t:12X" },
		{ "device", "/dev/x:rwx" },
		{ "device", "dev/x" },
		{ "rlimit", "nofile" },
		{ "rlimit", "nofiles=1" },
		{ "rlimit", "nofile=2:1" },
		{ "cap-add", "NET_ADMN" },
		{ "stop-signal", "SIGNOPE" },
		{ "stop-signal", "65" },
		{ "hostname", "a b" },
		{ "hostname", "-a" },
		{ "cpuset", "0-x" },
		{ "after", "../x" },
		{ "log-files", "101" },
		{ "command", "'a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuses(bad[i][0], bad[i][1]);
}

/* Ids are stored: none may be used twice, none be 0; and each row fits its member's type. */
static void test_table(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < spec_n_fields; i++) {
		const struct spec_field *f = &spec_fields[i];

		assert_int_not_equal(f->id, 0);
		assert_ptr_equal(spec_field(f->name), f);
		assert_true(f->offset >= offsetof(struct spec, image) &&
			    f->offset < sizeof(struct spec));
		assert_true((f->type == SPEC_ENUM) == (f->words != NULL));
		for (unsigned int k = 0; k < i; k++) {
			assert_int_not_equal(spec_fields[k].id, f->id);
			assert_int_not_equal(spec_fields[k].offset, f->offset);
		}
	}
	assert_null(spec_field("no-such-key"));
}

static void test_lists(void **state)
{
	struct spec *s = spec_new();

	(void)state;
	set(s, "env", "A=1");
	set(s, "env", "B=2");
	assert_int_equal(s->env.n, 2);
	set(s, "env", "");
	assert_int_equal(s->env.n, 0);
	set(s, "cap-drop", "ALL, chown");
	set(s, "cap-drop", "kill");
	assert_int_equal(s->cap_drop.n, 3);
	set(s, "command", "a b");
	set(s, "command", "c");
	assert_int_equal(s->command.n, 1);
	assert_string_equal(s->command.v[0], "c");
	spec_free(s);
}

static void test_entries(void **state)
{
	struct spec_mount m;
	struct spec_device d;
	struct spec_rlimit r;
	int sig;

	(void)state;
	assert_int_equal(spec_mount("/a:/b:ro,slave,exec", &m, NULL), 0);
	assert_string_equal(m.src, "/a");
	assert_string_equal(m.dst, "/b");
	assert_true(m.rdonly && m.propagation == MS_SLAVE && !m.noexec);
	assert_int_equal(spec_tmpfs("/t:16M:mode=0700,noexec", &m, NULL), 0);
	assert_true(m.size == 16U << 20 && m.mode == 0700 && m.noexec && m.nodev);
	assert_int_equal(spec_tmpfs("/t:size=1M", &m, NULL), 0);
	assert_true(m.size == 1U << 20);
	assert_int_equal(spec_device("/dev/a:/dev/b:r", &d, NULL), 0);
	assert_string_equal(d.path, "/dev/b");
	assert_true(d.r && !d.w && !d.m);
	assert_int_equal(spec_device("/dev/a", &d, NULL), 0);
	assert_string_equal(d.path, "/dev/a");
	assert_int_equal(spec_rlimit("nofile=1024:unlimited", &r, NULL), 0);
	assert_true(r.resource == RLIMIT_NOFILE && r.soft == 1024 &&
		    r.hard == (uint64_t)RLIM_INFINITY);
	assert_int_equal(spec_signal("SIGTERM", &sig, NULL), 0);
	assert_int_equal(sig, SIGTERM);
	assert_int_equal(spec_signal("9", &sig, NULL), 0);
	assert_int_equal(sig, 9);
	assert_string_equal(spec_signal_name(SIGHUP), "HUP");
}

static void test_inherit(void **state)
{
	struct spec *s = spec_new(), *base = spec_new();
	struct err e = { 0 };

	(void)state;
	set(s, "env", "A=mine");
	set(s, "user", "5");
	set(base, "env", "A=theirs");
	set(base, "env", "AB=theirs");
	set(base, "user", "6");
	set(base, "workdir", "/srv");
	set(base, "command", "run it");
	set(base, "pids", "7");
	assert_int_equal(spec_inherit(s, base, &e), 0);
	spec_free(base);
	assert_string_equal(s->user, "5");
	assert_string_equal(s->workdir, "/srv");
	assert_int_equal(s->command.n, 2);
	assert_true(s->pids == 7 && spec_is_set(s, spec_field("pids")));
	assert_int_equal(s->env.n, 2);
	assert_string_equal(s->env.v[0], "A=mine");
	assert_string_equal(s->env.v[1], "AB=theirs");
	spec_free(s);
}

static void finish_says(const char *const keys[][2], size_t n, const char *sentence)
{
	struct spec *s = spec_new();
	struct err e = { 0 };
	int r;

	s->name = "web";
	set(s, "image", "i");
	set(s, "command", "c");
	for (size_t i = 0; i < n; i++)
		assert_int_equal(set(s, keys[i][0], keys[i][1]), 0);
	r = spec_finish(s, &e);
	assert_string_equal(e.msg, sentence);
	assert_int_equal(r, -e.code);
	spec_free(s);
}

#define FINISH(sentence, ...)                                         \
	do {                                                          \
		static const char *const keys[][2] = { __VA_ARGS__ }; \
		finish_says(keys, ARRAY_SIZE(keys), sentence);        \
	} while (0)

static void test_finish(void **state)
{
	(void)state;
	FINISH("", { "memory", "1M" });
	FINISH("memory: less than 128K cannot hold any program", { "memory", "1K" });
	FINISH("memory-min: is more than memory", { "memory", "1M" }, { "memory-min", "2M" });
	FINISH("restart = always: a task ends; use on-failure or no", { "task", "yes" },
	       { "restart", "always" });
	FINISH("log-size: expected 4K to 1G", { "log-size", "max" });
	FINISH("sysctl kernel/core_pattern: would change the whole device, not this container; use sysctl in "
	       "[system]",
	       { "sysctl", "kernel.core_pattern=x" });
}

static void test_defaults(void **state)
{
	struct spec *s = spec_new();
	struct err e = { 0 };

	(void)state;
	s->name = "web";
	set(s, "image", "i");
	set(s, "command", "c");
	assert_int_equal(spec_finish(s, &e), 0);
	assert_string_equal(s->hostname, "web");
	assert_int_equal(s->network.n, 1);
	assert_string_equal(s->network.v[0], "none");
	assert_true(s->memory == SPEC_UNLIMITED && s->pids == SPEC_UNLIMITED &&
		    s->cpu == SPEC_UNLIMITED);
	assert_true(s->no_new_privs && s->autostart && s->restart == SPEC_RESTART_NO);
	assert_true(s->stop_timeout == 10000);
	/* Once more changes nothing. */
	assert_int_equal(spec_finish(s, &e), 0);
	assert_int_equal(s->network.n, 1);
	spec_free(s);
}

static void test_a_spec_is_bounded(void **state)
{
	struct spec *s = spec_new();
	char value[4096] = "A=";
	int r = 0;

	(void)state;
	memset(value + 2, 'x', sizeof(value) - 3);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = set(s, "env", value);
	assert_int_equal(r, -ENOMEM);
	spec_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_inherit),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_a_spec_is_bounded),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
