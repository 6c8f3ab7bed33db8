// SPDX-License-Identifier: MIT
/* Our small allocator beside the C library's; the build renames ours, so that both are here. */
#undef malloc
#undef calloc
#undef realloc
#undef free
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void *small_malloc(size_t size);
void *small_calloc(size_t n, size_t size);
void *small_realloc(void *old, size_t size);
void small_free(void *p);

#define SLOTS 64

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void expect_filled(const unsigned char *p, size_t n, unsigned char with)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], with);
}

/* Each block is full of its own byte; a block that overlaps another would change it. */
static void test_blocks_never_overlap(void **state)
{
	unsigned char *p[SLOTS] = { NULL };
	size_t n[SLOTS] = { 0 };
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned int i = next_random(&seed) % SLOTS;
		size_t want = next_random(&seed) % (round % 100 ? 700 : 200000);

		expect_filled(p[i], n[i], (unsigned char)i);
		if (round % 3 == 0) {
			small_free(p[i]);
			p[i] = small_calloc(1, want);
			expect_filled(p[i], want, 0);
		} else {
			p[i] = small_realloc(p[i], want);
			expect_filled(p[i], n[i] < want ? n[i] : want, (unsigned char)i);
		}
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		n[i] = want;
		memset(p[i], (int)i, want);
	}
	for (int i = 0; i < SLOTS; i++)
		small_free(p[i]);
}

/* What was freed in pieces is one block again. */
static void test_neighbours_are_joined(void **state)
{
	void *p[10], *whole = small_malloc(60000), *again;

	(void)state;
	small_free(whole);
	for (int i = 0; i < 10; i++)
		p[i] = small_malloc(5000);
	for (int i = 0; i < 10; i++)
		small_free(p[(i * 3) % 10]);
	again = small_malloc(60000);
	assert_ptr_equal(whole, again);
	small_free(again);
}

static void test_too_much_is_refused(void **state)
{
	(void)state;
	errno = 0;
	assert_null(small_malloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	assert_null(small_malloc(SIZE_MAX - 20));
	assert_null(small_calloc(SIZE_MAX / 2, 3));
	small_free(NULL);
}

static void freed_twice(void *p)
{
	small_free(p);
	small_free(p);
}

static void freed_and_overrun(void *p)
{
	memset((char *)p - 8, 'x', 16);
	small_free(p);
}

/* In a process of its own, as it ends. */
static int ending(void (*what)(void *p), size_t size)
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGILL, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGTRAP, SIG_DFL);
		what(small_malloc(size));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

static void test_misuse_ends_the_program(void **state)
{
	(void)state;
	assert_true(ending(freed_twice, 100));
	assert_true(ending(freed_and_overrun, 100));
	assert_true(ending(freed_twice, 300000));
	assert_false(ending(small_free, 100));
	assert_false(ending(small_free, 300000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_never_overlap),
		cmocka_unit_test(test_neighbours_are_joined),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_misuse_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
