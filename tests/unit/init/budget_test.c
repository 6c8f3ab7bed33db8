// SPDX-License-Identifier: MIT
/*
 * The log-budget with real drivers and a real state file: where output goes before and after it is used up,
 * on the next day, after the supervisor was killed, and when the clock is set back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/lib/path.h"
#include "core/log.h"
#include "core/paths.h"
#include "init/sup.h"

#define DAY UINT64_C(86400000)
#define NOON (20000 * DAY + DAY / 2)
#define LINE 100 /* bytes of output in one piece; on the disk 25 more for the time */

static char top[64];
static struct sup sup;
static struct spec spec;
static struct ctr ctr;
static unsigned int said, kept;

void sup_say(const char *name, const char *fmt, ...)
{
	(void)name;
	(void)fmt;
	said++;
}

void records_put(struct ctr *c, unsigned int phase)
{
	(void)c;
	(void)phase;
}

void records_keep(struct ctr *c)
{
	struct state_record r;
	int slot = state_claim(&sup.disk, STATE_CONTAINER, "web", &r, NULL);

	assert_true(slot >= 0);
	r.log_bytes = c->rec.log_bytes;
	r.log_day = c->rec.log_day;
	assert_int_equal(state_put(&sup.disk, (uint32_t)slot, &r), 0);
	kept++;
}

/* A supervisor starts: nothing but what the files say is known. */
static void begin(void)
{
	char path[128];
	struct err e = { 0 };
	struct state_record r;

	snprintf(path, sizeof(path), "%s/state", top);
	memset(&sup, 0, sizeof(sup));
	memset(&ctr, 0, sizeof(ctr));
	ctr.sup = &sup;
	ctr.spec = &spec;
	assert_int_equal(state_open(&sup.disk, path, 16, true, true, &e), 0);
	if (state_find(&sup.disk, STATE_CONTAINER, "web", &r) >= 0) {
		ctr.rec.log_bytes = r.log_bytes;
		ctr.rec.log_day = r.log_day;
	}
	budget_open(&sup);
	if (log_open(&spec, &ctr.log, &e) < 0)
		fail_msg("%s", e.msg);
}

static void end(void)
{
	budget_close(&ctr);
	log_close(ctr.log);
	state_close(&sup.disk);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/budget_test.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	str_copy(paths.run, sizeof(paths.run), top);
	snprintf(paths.log, sizeof(paths.log), "%s/flash", top);
	snprintf(paths.data, sizeof(paths.data), "%s/data", top);
	path_mkdirs(paths.log, 0700);
	spec = (struct spec){ .name = "web", .log = "file", .log_size = 1 << 20, .log_files = 1 };
	said = kept = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, top);
}

static void say(unsigned int n, uint64_t ms)
{
	char line[LINE + 1];

	snprintf(line, sizeof(line), "%0*u\n", LINE - 1, n);
	budget_write(&ctr, ctr.log, ms, line, LINE);
}

static size_t flash_size(void)
{
	char path[128];
	long size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/web.log", paths.log);
	f = fopen(path, "r");
	if (!f)
		return 0;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fclose(f);
	return (size_t)size;
}

static void count_line(void *arg, uint64_t ms, const char *bytes, size_t len)
{
	(void)ms;
	*(unsigned int *)arg += bytes ? (unsigned int)(len / LINE) : 1000;
}

static unsigned int lines_in(const char *driver)
{
	const struct log_driver *d = log_driver(driver);
	unsigned int n = 0;
	uint64_t cursor = 0;
	struct log_args a;
	struct err e;

	log_args_of(&a, d, "web");
	d->read(&a, &cursor, count_line, &n, &e);
	return n;
}

static void test_past_the_budget_memory(void **state)
{
	(void)state;
	spec.log_budget = 10000;
	begin();
	for (unsigned int i = 0; i < 200; i++)
		say(i, NOON + i);
	assert_in_range(flash_size(), 9800, 10000);
	assert_int_equal(said, 1);
	assert_true(kept <= 9);
	assert_true(ctr.rec.flags & STATE_FLAG_LOG_RAM);
	assert_int_equal(lines_in("file") + lines_in("ring"), 200);
	end();
}

static void test_the_next_day(void **state)
{
	(void)state;
	spec.log_budget = 10000;
	begin();
	for (unsigned int i = 0; i < 120; i++)
		say(i, NOON + i);
	assert_true(lines_in("ring") > 0);
	say(120, NOON + DAY);
	assert_int_equal(lines_in("ring"), 0);
	assert_int_equal(lines_in("file"), 121);
	assert_false(ctr.rec.flags & STATE_FLAG_LOG_RAM);
	end();
}

/* Killed and started for ever, it writes no more than the budget. */
static void test_a_loop_of_kills(void **state)
{
	(void)state;
	spec.log_budget = 10000;
	for (unsigned int i = 0; i < 300; i++) {
		begin();
		say(i, NOON + i);
		end();
	}
	assert_in_range(flash_size(), 100, 10000);
	assert_true(lines_in("ring") > 0);
}

/* Another supervisor the next day finds in memory what the one before has left there. */
static void test_memory_is_not_forgotten(void **state)
{
	(void)state;
	spec.log_budget = 1000;
	begin();
	for (unsigned int i = 0; i < 50; i++)
		say(i, NOON);
	end();
	spec.log_budget = 100000;
	begin();
	say(50, NOON + DAY);
	assert_int_equal(lines_in("file"), 51);
	assert_int_equal(lines_in("ring"), 0);
	end();
}

static void test_a_clock_that_is_set_back(void **state)
{
	(void)state;
	spec.log_budget = 5000;
	begin();
	for (unsigned int i = 0; i < 100; i++)
		say(i, NOON - i % 7 * DAY);
	/* each step forward is a new day: what stays is that going back frees nothing */
	end();
	spec.log_budget = 5000;
	begin();
	{
		size_t before = flash_size();

		for (unsigned int i = 0; i < 100; i++)
			say(i, NOON - 20 * DAY - i * DAY);
		assert_in_range(flash_size(), before, before + 5000);
	}
	end();
}

static void test_all_together(void **state)
{
	(void)state;
	for (int run = 0; run < 2; run++) {
		begin();
		sup.manifest.system.log_budget = 10000;
		for (unsigned int i = 0; i < 200; i++)
			say(i, NOON + i);
		assert_in_range(flash_size(), 9800, 10000);
		end();
	}
}

static void test_without_a_budget(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < 200; i++)
		say(i, NOON);
	assert_int_equal(lines_in("file"), 200);
	assert_int_equal(kept, 0);
	end();
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_past_the_budget_memory),   TEST(test_the_next_day),
		TEST(test_a_loop_of_kills),	     TEST(test_memory_is_not_forgotten),
		TEST(test_a_clock_that_is_set_back), TEST(test_all_together),
		TEST(test_without_a_budget),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
