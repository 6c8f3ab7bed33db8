// SPDX-License-Identifier: MIT
/* The RTC's dates to seconds and back. */
#include <linux/rtc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "init/boot.h"
#include "init/sup.h"

void sup_say(const char *name, const char *fmt, ...)
{
	(void)name, (void)fmt;
}

int state_find(struct state *s, uint16_t kind, const char *name, struct state_record *r)
{
	(void)s, (void)kind, (void)name, (void)r;
	return -1;
}

int state_claim(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		struct err *e)
{
	(void)s, (void)kind, (void)name, (void)r, (void)e;
	return -1;
}

int state_put(struct state *s, uint32_t slot, const struct state_record *r)
{
	(void)s, (void)slot, (void)r;
	return -1;
}

void event_timer_set(struct event_loop *l, struct event_timer *t, uint64_t ms)
{
	(void)l, (void)t, (void)ms;
}

static void both(int64_t seconds, int year, int month, int day, int hour)
{
	struct rtc_time t;

	clock_rtc_of((uint64_t)seconds * 1000 + 999, &t);
	assert_int_equal(t.tm_year, year - 1900);
	assert_int_equal(t.tm_mon, month - 1);
	assert_int_equal(t.tm_mday, day);
	assert_int_equal(t.tm_hour, hour);
	assert_int_equal(clock_of_rtc(&t), seconds);
}

static void test_both(void **state)
{
	struct rtc_time none = { .tm_year = 100, .tm_mon = 13, .tm_mday = 1 };

	(void)state;
	both(0, 1970, 1, 1, 0);
	both(951782400, 2000, 2, 29, 0);
	both(1935817689, 2031, 5, 6, 7);
	both(4102444800, 2100, 1, 1, 0);
	both(4293331200, 2106, 1, 19, 8);
	assert_int_equal(clock_of_rtc(&none), -1);
	none = (struct rtc_time){ 0 };
	assert_int_equal(clock_of_rtc(&none), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_both) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
