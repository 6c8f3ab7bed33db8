// SPDX-License-Identifier: MIT
/* `myctr ps`: every phase, widths, forms, foreign names, records whose owner is dead or a stranger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/event.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/state.h"

struct paths paths;
static char output[1 << 20];
static struct state st;

int cmd_fail(const struct err *e)
{
	snprintf(output, sizeof(output), "FAIL %s", e->msg);
	return CMD_FAILED;
}

int cmd_usage(const struct command *c, const char *fmt, ...)
{
	(void)c;
	(void)fmt;
	return CMD_USAGE;
}

void paths_of(char *buf, const char *root, const char *sub, const char *name)
{
	(void)name;
	snprintf(buf, PATHS_MAX, "%s/%s", root, sub);
}

/* Runs ps with the option rows whose values are given; its output is in output. */
static int run(const char *all, const char *quiet, const char *format, const char *json)
{
	struct cmd_line line = { .cmd = *__start_set_command,
				 .value = { all, quiet, format, json } };
	FILE *f = tmpfile();
	int keep = dup(1), status;
	size_t n;

	output[0] = 0;
	fflush(stdout);
	dup2(fileno(f), 1);
	status = line.cmd->run(&line);
	dup2(keep, 1);
	close(keep);
	rewind(f);
	if (output[0])
		return status;
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = 0;
	fclose(f);
	return status;
}

static void add(struct state_record r, const char *name)
{
	struct err e = { 0 };
	struct state_record there;
	int slot = state_claim(&st, STATE_CONTAINER, name, &there, &e);

	if (slot < 0)
		fail_msg("%s", e.msg);
	r.kind = STATE_CONTAINER;
	snprintf(r.name, sizeof(r.name), "%s", name);
	assert_int_equal(state_put(&st, (uint32_t)slot, &r), 0);
}

/* A record of this test process: alive, as its own owner. */
static struct state_record mine(uint8_t phase)
{
	struct state_record r = { .phase = phase,
				  .pid = (uint32_t)getpid(),
				  .owner = (uint32_t)getpid() };

	sys_start_time(getpid(), &r.ticks);
	r.owner_ticks = r.ticks;
	snprintf(r.image, sizeof(r.image), "web.sqfs");
	r.started = r.created = stamp_now() - 5000;
	return r;
}

static struct state_record ended(uint8_t phase, uint8_t cause, uint8_t code)
{
	struct state_record r = mine(phase);

	r.pid = 0;
	r.cause = cause;
	r.exit = code;
	r.ended = stamp_now() - 125500;
	return r;
}

static int fresh(void **state)
{
	char path[128];
	struct err e = { 0 };

	(void)state;
	snprintf(paths.run, sizeof(paths.run), "/tmp/ps_test.XXXXXX");
	if (!mkdtemp(paths.run))
		return -1;
	snprintf(path, sizeof(path), "%s/state", paths.run);
	return state_open(&st, path, 1000, true, false, &e);
}

static int clean(void **state)
{
	(void)state;
	unlink(st.file.path);
	state_close(&st);
	return rmdir(paths.run);
}

static void shows(const char *text)
{
	if (!strstr(output, text))
		fail_msg("no '%s' in:\n%s", text, output);
}

static void hides(const char *text)
{
	if (strstr(output, text))
		fail_msg("'%s' in:\n%s", text, output);
}

static void test_phases_as_words(void **state)
{
	struct state_record waiting = ended(STATE_WAITING, STATE_CAUSE_EXIT, 3);

	(void)state;
	add(mine(STATE_CREATED), "c-created");
	add(mine(STATE_STARTING), "c-starting");
	add(mine(STATE_RUNNING), "c-running");
	add(mine(STATE_STOPPING), "c-stopping");
	add(waiting, "c-waiting");
	add(ended(STATE_EXITED, STATE_CAUSE_EXIT, 1), "c-exited");
	add(ended(STATE_EXITED, STATE_CAUSE_SIGNAL, 15), "c-signal");
	add(ended(STATE_EXITED, STATE_CAUSE_OOM, 9), "c-oom");
	add(ended(STATE_FAILED, STATE_CAUSE_START_ERROR, 0), "c-failed");
	assert_int_equal(run("", NULL, NULL, NULL), 0);
	shows("Created ");
	shows("Starting ");
	shows("Up ");
	shows("Stopping ");
	shows("Waiting (3) 2m5s ago");
	shows("Exited (1) 2m5s ago");
	shows("Exited (143) 2m5s ago");
	shows("Exited (OOM) 2m5s ago");
	shows("Failed (start) 2m5s ago");
	assert_int_equal(run(NULL, NULL, NULL, NULL), 0);
	shows("c-waiting");
	shows("c-starting");
	hides("c-created");
	hides("c-exited");
	hides("c-failed");
}

static void test_owners_that_died(void **state)
{
	struct state_record r = mine(STATE_RUNNING), here = r;
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	waitpid(pid, &status, 0);
	r.owner = (uint32_t)pid;
	r.owner_ticks = 1;
	add(r, "lives-on");
	r.pid = (uint32_t)pid;
	add(r, "gone");
	r.pid = (uint32_t)getpid(); /* a pid that lives, as another process than it was */
	r.ticks++;
	add(r, "stranger");
	r = here;
	r.ticks++; /* its owner lives, and will write what happened */
	add(r, "trusted");
	r.phase = STATE_WAITING;
	r.cause = STATE_CAUSE_EXIT;
	r.exit = 7;
	r.owner_ticks++;
	add(r, "waited");
	assert_int_equal(run("", NULL, "tsv", NULL), 0);
	shows("lives-on\trunning\tnone");
	shows("gone\texited\tunknown\t-1\t0\t");
	shows("stranger\texited\tunknown\t-1\t0\t");
	shows("trusted\trunning\tnone");
	shows("waited\texited\texit\t7\t0\t");
	assert_int_equal(run("", NULL, NULL, NULL), 0);
	shows("Exited (?)");
}

#ifdef CONFIG_HEALTH
#define LAST "\t-\n"
#else
#define LAST "\n"
#endif

static void test_tsv_has_its_columns(void **state)
{
	struct state_record r = ended(STATE_EXITED, STATE_CAUSE_EXIT, 4);

	(void)state;
	r.restarts = 2;
	r.failures = 3;
	r.ooms = 5;
	r.created = 11;
	r.started = 12;
	r.ended = 13;
	r.missing = 9;
	add(r, "web");
	run("", NULL, "tsv", NULL);
	assert_string_equal(output,
			    "web\texited\texit\t4\t0\t2\t3\t5\t11\t12\t13\t9\tweb.sqfs\t\t" LAST);
	run("", "", NULL, NULL);
	assert_string_equal(output, "web\n");
	run("", NULL, NULL, "");
	assert_string_equal(
		output,
		"[\n{\"name\":\"web\",\"phase\":\"exited\",\"cause\":\"exit\",\"exit\":4,\"pid\":0,"
		"\"restarts\":2,\"failures\":3,\"ooms\":5,\"created\":11,\"started\":12,\"ended\":13,"
		"\"missing\":9,\"image\":\"web.sqfs\",\"addresses\":\"\",\"ports\":\"\"}\n]\n");
	assert_int_equal(run(NULL, NULL, "xml", NULL), CMD_USAGE);
}

/* Names in a state file that somebody else wrote: nothing a terminal obeys, no new row, no new column. */
static void test_foreign_names_are_escaped(void **state)
{
	static const char evil[] = "a\033[2J\nb\tc\"\\\x9b\xff";
	struct state_record r = mine(STATE_RUNNING);

	(void)state;
	snprintf(r.image, sizeof(r.image), "%s", evil);
	add(r, evil);
	for (int form = 0; form < 4; form++) {
		run("", form == 1 ? "" : NULL, form == 2 ? "tsv" : NULL, form == 3 ? "" : NULL);
		for (const char *c = output; *c; c++)
			assert_true(*c == '\n' || (form == 2 && *c == '\t') ||
				    (*c >= ' ' && *c < 127));
	}
	run("", NULL, "tsv", NULL);
	assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	shows("a\\x1b[2J\\nb\\x09c\"\\\\x9b\\xff\trunning");
	run("", NULL, NULL, "");
	shows("\"a\\u001b[2J\\nb\\u0009c\\\"\\\\\\u009b\\u00ff\"");
}

static void test_the_table_fits_80_columns(void **state)
{
	struct state_record r = ended(STATE_EXITED, STATE_CAUSE_SIGNAL, 9);
	char name[64];

	(void)state;
	r.missing = 1;
	r.restarts = 4294967;
	r.ended = stamp_now() - 23 * 3600000 - 59 * 60000;
	memset(r.image, 'i', sizeof(r.image) - 1);
	memset(name, 'n', 63);
	name[63] = 0;
	add(r, name);
	memcpy(name, "\xc3\xa4\xc3\xb6", 4);
	add(r, name);
	run("", NULL, NULL, NULL);
	for (char *line = output, *end; (end = strchr(line, '\n')); line = end + 1) {
		int columns = 0;

		for (const char *c = line; c < end; c++)
			columns += (*c & 0xc0) != 0x80;
		assert_true(columns <= 80);
		if (line[0] == 'n' || line[0] == '\xc3')
			assert_int_equal(columns, 80);
	}
	shows("nnn~ ");
	shows("\xc3\xa4\xc3\xb6nn");
	shows("\n* not all limits are applied");
	shows("Exited (137) 23h59m ago ");
}

static void test_missing_limits_are_marked(void **state)
{
	struct state_record r = mine(STATE_RUNNING);

	(void)state;
	add(r, "all");
	run(NULL, NULL, NULL, NULL);
	hides("*");
	r.missing = 4;
	add(r, "some");
	run(NULL, NULL, NULL, NULL);
	shows(" *  ");
	shows("\n* not all limits are applied on this kernel, see `myctr inspect NAME`\n");
}

static void test_no_state_file_is_an_empty_list(void **state)
{
	(void)state;
	unlink(st.file.path);
	assert_int_equal(run(NULL, NULL, NULL, NULL), 0);
	assert_memory_equal(output, "NAME ", 5);
	assert_int_equal(run(NULL, NULL, NULL, ""), 0);
	assert_string_equal(output, "[\n]\n");
	fclose(fopen(st.file.path, "w"));
	assert_int_equal(run(NULL, NULL, NULL, NULL), CMD_FAILED);
	shows("not a state file");
}

static void test_a_thousand_rows(void **state)
{
	struct state_record r = mine(STATE_RUNNING);
	unsigned int lines = 0;
	char name[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add(r, name);
	}
	run(NULL, "", NULL, NULL);
	for (const char *c = output; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 1000);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_phases_as_words),
		TEST(test_owners_that_died),
		TEST(test_tsv_has_its_columns),
		TEST(test_foreign_names_are_escaped),
		TEST(test_the_table_fits_80_columns),
		TEST(test_missing_limits_are_marked),
		TEST(test_no_state_file_is_an_empty_list),
		TEST(test_a_thousand_rows),
	};

	return cmocka_run_group_tests_name("ps", tests, NULL, NULL);
}
