// SPDX-License-Identifier: MIT
/* Who gives way in a table that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "init/fair.h"

static const int lan, other; /* two groups */

static struct fair_seat seat(const void *group, uint8_t who, uint64_t since)
{
	struct fair_seat s = { .group = group, .since = since };

	if (who)
		s.who = (struct addr){ .len = 4, .b = { 10, 0, 0, who } };
	return s;
}

static int choose(const struct fair_seat *v, unsigned int n, const void *group, uint8_t who)
{
	struct addr a = { .len = who ? 4 : 0, .b = { 10, 0, 0, who } };

	return fair_choose(v, n, group, &a);
}

static void test_most(void **state)
{
	struct fair_seat v[] = { seat(&lan, 1, 5), seat(&lan, 2, 1), seat(&lan, 1, 3),
				 seat(&lan, 1, 4) };

	(void)state;
	/* the oldest of the one that has three, whoever comes; not of itself */
	assert_int_equal(choose(v, 4, &lan, 3), 2);
	assert_int_equal(choose(v, 4, &lan, 2), 2);
	assert_int_equal(choose(v, 4, &lan, 1), -1);
	/* those nobody knows are one */
	v[1] = seat(&lan, 0, 9);
	v[2] = seat(&lan, 0, 8);
	v[3] = seat(&lan, 0, 7);
	assert_int_equal(choose(v, 4, &lan, 0), -1);
	assert_int_equal(choose(v, 4, &lan, 1), 3);
	assert_int_equal(choose(v, 4, &lan, 2), 3);
}

static void test_equal(void **state)
{
	struct fair_seat v[] = { seat(&lan, 1, 1), seat(&lan, 2, 2), seat(&lan, 3, 3) };

	(void)state;
	/* one each: nobody has two more than a newcomer that has none */
	assert_int_equal(choose(v, 3, &lan, 4), -1);
	assert_int_equal(choose(v, 3, &lan, 1), -1);
	assert_int_equal(choose(v, 0, &lan, 1), -1);
}

static void test_groups(void **state)
{
	struct fair_seat v[] = { seat(&lan, 1, 1), seat(&lan, 2, 2), seat(&lan, 3, 3),
				 seat(&other, 1, 0), seat(&other, 1, 0) };

	(void)state;
	/* from the group that has most, even where each there has but one */
	assert_int_equal(choose(v, 5, NULL, 9), 0);
	/* not for one more than its own: within that then */
	assert_int_equal(choose(v, 5, &other, 1), -1);
	assert_int_equal(choose(v, 5, &other, 2), 3);
	/* and a group that has most takes from no other */
	assert_int_equal(choose(v, 5, &lan, 9), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests_name("init/fair", tests, NULL, NULL);
}
