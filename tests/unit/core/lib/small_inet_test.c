// SPDX-License-Identifier: MIT
/* Our smaller address functions against the C library's; the build renames ours, so that both are here. */
#undef inet_pton
#undef inet_ntop
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int small_inet_pton(int family, const char *restrict text, void *restrict to);
const char *small_inet_ntop(int family, const void *restrict from, char *restrict text,
			    socklen_t size);

static const char *const texts[] = {
	"",
	"0",
	"1.2.3.4",
	"255.255.255.255",
	"256.1.1.1",
	"1.2.3",
	"1.2.3.4.5",
	"01.2.3.4",
	"1.2.3.",
	".1.2.3",
	"1.2.3.4 ",
	"1..2.3",
	"0.0.0.0",
	"::",
	":",
	":::",
	"::1",
	"1::",
	"1::2",
	"1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7::",
	"::2:3:4:5:6:7:8",
	"::1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9",
	"1:2:3:4:5:6:7:8::",
	"1::2::3",
	"12345::",
	"g::",
	"::ffff:1.2.3.4",
	"::1.2.3.4",
	"1:2:3:4:5:6:1.2.3.4",
	"1:2:3:4:5:6:7:1.2.3.4",
	"::1.2.3",
	"fe80::1%eth0",
	"FE80::AbCd",
	"1:",
	":1",
	"1:2:",
	"::1:",
	"0:0:1::",
	"1:0:0:2:0:0:0:3",
};

static void texts_to_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t ours[16] = { 0 }, theirs[16] = { 0 };

		for (int v6 = 0; v6 < 2; v6++) {
			int family = v6 ? AF_INET6 : AF_INET;
			int ret = small_inet_pton(family, texts[i], ours);

			if (ret != inet_pton(family, texts[i], theirs))
				fail_msg("%s: %d", texts[i], ret);
			if (ret == 1)
				assert_memory_equal(ours, theirs, v6 ? 16 : 4);
		}
	}
	assert_int_equal(small_inet_pton(AF_UNIX, "1.2.3.4", (uint8_t[16]){ 0 }), -1);
}

/* Every pattern of zero groups, and those with a prefix that is written in another way. */
static void numbers_to_text(void **state)
{
	char ours[INET6_ADDRSTRLEN], theirs[INET6_ADDRSTRLEN];

	(void)state;
	for (unsigned int zero = 0; zero < 256; zero++) {
		uint8_t a[16];

		for (unsigned int i = 0; i < 16; i++)
			a[i] = zero >> (i / 2) & 1 ? 0 : (uint8_t)(i * 7 + 1);
		/* Six and seven zeros in front are IPv4 to glibc only. */
		if ((zero & 0x3f) == 0x3f && zero != 0xff)
			continue;
		assert_ptr_equal(small_inet_ntop(AF_INET6, a, ours, sizeof(ours)), ours);
		inet_ntop(AF_INET6, a, theirs, sizeof(theirs));
		assert_string_equal(ours, theirs);
		assert_ptr_equal(small_inet_ntop(AF_INET, a, ours, sizeof(ours)), ours);
		inet_ntop(AF_INET, a, theirs, sizeof(theirs));
		assert_string_equal(ours, theirs);
	}
	assert_string_equal(small_inet_ntop(AF_INET6, (uint8_t[16]){ [10] = 255, 255, 1, 2, 3, 4 },
					    ours, sizeof(ours)),
			    "::ffff:1.2.3.4");
	errno = 0;
	assert_null(small_inet_ntop(AF_INET, (uint8_t[4]){ 1, 2, 3, 4 }, ours, 7));
	assert_int_equal(errno, ENOSPC);
	assert_null(small_inet_ntop(AF_UNIX, "", ours, sizeof(ours)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_to_numbers),
		cmocka_unit_test(numbers_to_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
