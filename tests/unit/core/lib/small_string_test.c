// SPDX-License-Identifier: MIT
/* Our smaller string functions against the C library's; the build renames ours, so that both are here. */
#undef memset
#undef memchr
#undef strnlen
#undef strlen
#undef strchr
#undef strrchr
#undef strncmp
#undef strcmp
#undef strspn
#undef strcspn
#undef memmem
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void *small_memset(void *to, int c, size_t n);
void *small_memchr(const void *in, int c, size_t n);
size_t small_strnlen(const char *s, size_t max);
size_t small_strlen(const char *s);
char *small_strchr(const char *s, int c);
char *small_strrchr(const char *s, int c);
int small_strncmp(const char *a, const char *b, size_t n);
int small_strcmp(const char *a, const char *b);
size_t small_strspn(const char *s, const char *set);
size_t small_strcspn(const char *s, const char *set);
void *small_memmem(const void *in, size_t len, const void *what, size_t n);

static const char *const texts[] = {
	"", "a", "aa", "ab", "abc", "\xff", "\x80z", "a\xff", "/a//b/"
};

#define N (sizeof(texts) / sizeof(texts[0]))

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void one_text(void **state)
{
	static const int wanted[] = { 'a', 'b', '/', 0xff, -1, 0, 'x' };

	(void)state;
	for (size_t i = 0; i < N; i++) {
		const char *s = texts[i];

		assert_int_equal(small_strlen(s), strlen(s));
		for (size_t n = 0; n < 8; n++)
			assert_int_equal(small_strnlen(s, n), strnlen(s, n));
		for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++) {
			assert_ptr_equal(small_strchr(s, wanted[k]), strchr(s, wanted[k]));
			assert_ptr_equal(small_strrchr(s, wanted[k]), strrchr(s, wanted[k]));
			assert_ptr_equal(small_memchr(s, wanted[k], strlen(s)),
					 memchr(s, wanted[k], strlen(s)));
		}
	}
}

static void two_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++) {
		for (size_t j = 0; j < N; j++) {
			const char *a = texts[i], *b = texts[j];

			assert_int_equal(sign(small_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(sign(small_strncmp(a, b, n)),
						 sign(strncmp(a, b, n)));
			assert_ptr_equal(small_memmem(a, strlen(a), b, strlen(b)),
					 memmem(a, strlen(a), b, strlen(b)));
			assert_int_equal(small_strspn(a, b), strspn(a, b));
			assert_int_equal(small_strcspn(a, b), strcspn(a, b));
		}
	}
}

static void fills(void **state)
{
	char bytes[4] = "abc";

	(void)state;
	assert_ptr_equal(small_memset(bytes + 1, 0x1ff, 1), bytes + 1);
	assert_memory_equal(bytes,
			    "a\xff"
			    "c",
			    4);
	small_memset(bytes, 0, 0);
	assert_int_equal(bytes[0], 'a');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_text),
		cmocka_unit_test(two_texts),
		cmocka_unit_test(fills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
