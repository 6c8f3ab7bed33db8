// SPDX-License-Identifier: MIT
/* Why a device was reset, from what the boot before has left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/device.h"

static void reasons(void **state)
{
	struct state_record up = { .phase = STATE_RUNNING, .cause = DEVICE_RESET_UNKNOWN };
	struct state_record down = { .phase = STATE_EXITED, .cause = DEVICE_RESET_REQUESTED };

	(void)state;
	assert_int_equal(device_judge(NULL, false, false), DEVICE_RESET_FIRST);
	assert_int_equal(device_judge(NULL, true, false), DEVICE_RESET_WATCHDOG);
	assert_int_equal(device_judge(&up, false, false), DEVICE_RESET_POWER);
	assert_int_equal(device_judge(&up, true, false), DEVICE_RESET_WATCHDOG);
	assert_int_equal(device_judge(&up, true, true), DEVICE_RESET_PANIC);
	up.cause =
		DEVICE_RESET_WATCHDOG; /* it was starved, and the board does not say that it was it */
	assert_int_equal(device_judge(&up, false, false), DEVICE_RESET_WATCHDOG);
	assert_int_equal(device_judge(&down, false, false), DEVICE_RESET_REQUESTED);
	/* a status bit that some boards never clear */
	assert_int_equal(device_judge(&down, true, false), DEVICE_RESET_REQUESTED);
	down.cause = DEVICE_RESET_CRASH_LOOP;
	assert_int_equal(device_judge(&down, false, false), DEVICE_RESET_CRASH_LOOP);
	down.cause = 200; /* of a newer version */
	assert_int_equal(device_judge(&down, false, false), DEVICE_RESET_POWER);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(device_reset_name(DEVICE_RESET_POWER), "power loss");
	assert_string_equal(device_reset_name(DEVICE_RESET_CRASH_LOOP), "crash loop");
	assert_string_equal(device_reset_name(250), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reasons), cmocka_unit_test(names) };

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
