// SPDX-License-Identifier: MIT
/* Our smaller C library functions against the C library's; the build renames ours, so that both are here. */
#undef strtol
#undef strtoll
#undef strtoul
#undef strtoull
#undef strtoimax
#undef strtoumax
#undef atoi
#undef strstr
#undef qsort
#undef faccessat
#undef realpath
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

long small_strtol(const char *restrict text, char **restrict end, int base);
long long small_strtoll(const char *restrict text, char **restrict end, int base);
unsigned long small_strtoul(const char *restrict text, char **restrict end, int base);
unsigned long long small_strtoull(const char *restrict text, char **restrict end, int base);
int small_atoi(const char *text);
char *small_strstr(const char *text, const char *word);
void small_qsort(void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b));
char *small_realpath(const char *restrict path, char *restrict buf);
int small_faccessat(int dir, const char *path, int mode, int flags);

static const char *const numbers[] = { "",
				       "0",
				       "1",
				       "-1",
				       "+7",
				       " \t42",
				       "12x",
				       "x",
				       "-",
				       "+-1",
				       "0x",
				       "0x1F",
				       "0X10g",
				       "0xg",
				       "017",
				       "08",
				       "zz",
				       "99999999999999999999",
				       "-99999999999999999999",
				       "9223372036854775807",
				       "9223372036854775808",
				       "-9223372036854775808",
				       "-9223372036854775809",
				       "18446744073709551615",
				       "18446744073709551616",
				       "-18446744073709551615",
				       "-0x8000000000000000",
				       "7fffffffffffffff",
				       "2147483648" };

#define SAME(type, ours, theirs)                                                \
	do {                                                                    \
		char *our_end, *their_end;                                      \
		int our_errno;                                                  \
		type our, their;                                                \
                                                                                \
		errno = 0;                                                      \
		our = ours(numbers[i], &our_end, bases[b]);                     \
		our_errno = errno;                                              \
		errno = 0;                                                      \
		their = theirs(numbers[i], &their_end, bases[b]);               \
		if (our != their || our_end != their_end || our_errno != errno) \
			fail_msg(#theirs "(\"%s\", %d)", numbers[i], bases[b]); \
	} while (0)

static void test_numbers(void **state)
{
	static const int bases[] = { 0, 2, 8, 10, 16, 36 };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
			SAME(long, small_strtol, strtol);
			SAME(long long, small_strtoll, strtoll);
			SAME(unsigned long, small_strtoul, strtoul);
			SAME(unsigned long long, small_strtoull, strtoull);
		}
	assert_int_equal(small_atoi("-12 "), -12);
}

static void test_strstr(void **state)
{
	const char *text = "aabaabaac";

	(void)state;
	assert_ptr_equal(small_strstr(text, "aabaac"), text + 3);
	assert_ptr_equal(small_strstr(text, ""), text);
	assert_ptr_equal(small_strstr(text, "c"), text + 8);
	assert_null(small_strstr(text, "cc"));
	assert_null(small_strstr("", "a"));
	assert_non_null(small_strstr("", ""));
}

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void test_qsort(void **state)
{
	int ours[200], theirs[200];
	unsigned int random = 1;

	(void)state;
	for (size_t n = 0; n <= 200; n++) {
		for (size_t i = 0; i < n; i++) {
			random = random * 1103515245 + 12345;
			ours[i] = theirs[i] = (int)(random >> 16 & 63);
		}
		small_qsort(ours, n, sizeof(ours[0]), compare);
		qsort(theirs, n, sizeof(theirs[0]), compare);
		assert_memory_equal(ours, theirs, n * sizeof(ours[0]));
	}
}

static void test_faccessat(void **state)
{
	(void)state;
	assert_int_equal(small_faccessat(AT_FDCWD, "/proc/self", F_OK, 0), 0);
	assert_int_equal(small_faccessat(AT_FDCWD, "/proc/self/none", F_OK, 0), -1);
	assert_int_equal(errno, ENOENT);
}

static void test_realpath(void **state)
{
	char *full = small_realpath("/proc/self/../../dev//null", NULL);

	(void)state;
	assert_string_equal(full, "/dev/null");
	free(full);
	errno = 0;
	assert_null(small_realpath("/dev/not/there", NULL));
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	  cmocka_unit_test(test_strstr),
		cmocka_unit_test(test_qsort),	  cmocka_unit_test(test_realpath),
		cmocka_unit_test(test_faccessat),
	};

	return cmocka_run_group_tests_name("small_libc", tests, NULL, NULL);
}
