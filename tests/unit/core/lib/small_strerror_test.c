// SPDX-License-Identifier: MIT
/* The short list of errors: each code has its own text, and one that is not there its number. */
#undef strerror
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

char *small_strerror(int code);

static void texts_and_codes_belong_together(void **state)
{
	(void)state;
	assert_string_equal(small_strerror(EPERM), "Operation not permitted");
	assert_string_equal(small_strerror(ENOENT), "No such file or directory");
	assert_string_equal(small_strerror(EACCES), "Permission denied");
	assert_string_equal(small_strerror(EROFS), "Read-only file system");
	assert_string_equal(small_strerror(ELOOP), "Symbolic link loop");
	assert_string_equal(small_strerror(ETIMEDOUT), "Operation timed out");
	assert_string_equal(small_strerror(ECANCELED), "Operation canceled");
}

static void others_are_numbers(void **state)
{
	(void)state;
	assert_string_equal(small_strerror(EL2NSYNC), "Error 45");
	assert_string_equal(small_strerror(4711), "Error 4711");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_codes_belong_together),
		cmocka_unit_test(others_are_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
