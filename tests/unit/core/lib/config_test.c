// SPDX-License-Identifier: MIT
/* IS_ENABLED(): set, unset and unknown symbols. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/lib/config.h"

#define CONFIG_TEST_ON 1

static void test_symbol_that_is_set(void **state)
{
	(void)state;
	assert_int_equal(IS_ENABLED(CONFIG_TEST_ON), 1);
}

static void test_symbol_that_is_not_set(void **state)
{
	(void)state;
	assert_int_equal(IS_ENABLED(CONFIG_TEST_OFF), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbol_that_is_set),
		cmocka_unit_test(test_symbol_that_is_not_set),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
