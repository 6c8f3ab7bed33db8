// SPDX-License-Identifier: MIT
/* The table of features: every kernel symbol a driver names is in it, probes tell and leave nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/driver.h"
#include "core/feature.h"
#include "core/lib/fd.h"

static const struct feature *find(const char *name, size_t len)
{
	for (unsigned int i = 0; i < n_features; i++)
		if (strlen(features[i].name) == len && memcmp(features[i].name, name, len) == 0)
			return &features[i];
	return NULL;
}

static unsigned int check_symbols(const char *path)
{
	static const char mark[] = ".kernel = \"";
	char *text, *p;
	unsigned int n = 0;
	size_t len;

	assert_int_equal(fd_slurp(AT_FDCWD, path, 1U << 20, &text, &len), 0);
	for (p = strstr(text, mark); p; p = strstr(p, mark)) {
		p += strlen(mark);
		/* limits of the cgroup driver have a column of this name, with whole sentences in it */
		while (*p != '"' && !strstr(path, "v2_limits")) {
			size_t word = strcspn(p, " \"");

			if (!find(p, word))
				fail_msg("%s: %.*s is not in core/feature.c", path, (int)word, p);
			p += word + strspn(p + word, " ");
			n++;
		}
	}
	free(text);
	return n;
}

static void drivers_are_described(void **state)
{
	unsigned int n = 0;
	glob_t g;

	(void)state;
	assert_int_equal(glob("drivers/*/*.c", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		n += check_symbols(g.gl_pathv[i]);
	globfree(&g);
	assert_true(n > 10);
}

static void names_are_unique(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < n_features; i++) {
		assert_ptr_equal(find(features[i].name, strlen(features[i].name)), &features[i]);
		assert_true(strlen(features[i].name) <= 17);
	}
}

static int n_open(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void probes(void **state)
{
	struct feature gone = { "GONE", "", NULL, feature_try_filesystem, "nosuchfs", 0 };
	struct feature untried = { "UNTRIED", "", NULL, NULL, NULL, 0 };
	struct feature file = { "FILE", "", NULL, feature_try_open, "/no/such/file", 0 };
	int before = n_open();

	(void)state;
	assert_int_equal(feature_probe(find("PROC_FS", 7)), FEATURE_FOUND);
	assert_int_equal(feature_probe(find("EPOLL", 5)), FEATURE_FOUND);
	assert_int_equal(feature_probe(&gone), FEATURE_MISSING);
	assert_int_equal(feature_probe(&file), FEATURE_MISSING);
	assert_int_equal(feature_probe(&untried), FEATURE_UNKNOWN);
	for (unsigned int i = 0; i < n_features; i++)
		assert_in_range(feature_probe(&features[i]), FEATURE_FOUND, FEATURE_UNKNOWN);
	assert_int_equal(n_open(), before);
	assert_int_not_equal(access("/proc/self/stat", R_OK), -1);
}

static void needs(void **state)
{
	char *host[] = { "host", NULL };
	struct spec s = { .memory = SPEC_UNLIMITED,
			  .memory_high = SPEC_UNLIMITED,
			  .memory_swap = SPEC_UNLIMITED,
			  .cpu = SPEC_UNLIMITED,
			  .pids = SPEC_UNLIMITED,
			  .uts = SPEC_NS_HOST };
	const uint64_t pids = UINT64_C(1) << (find("CGROUP_PIDS", 11) - features);
	const uint64_t uts = UINT64_C(1) << (find("UTS_NS", 6) - features);
	const uint64_t net = UINT64_C(1) << (find("NET_NS", 6) - features);
	const uint64_t filter = UINT64_C(1) << (find("SECCOMP_FILTER", 14) - features);

	(void)state;
	assert_false(feature_of_spec(&s, NULL) & (pids | uts));
	assert_true(feature_of_spec(&s, NULL) & net);
	assert_true(feature_of_spec(&s, NULL) & filter);
	s.network = (struct strv){ host, 1 };
	s.pids = 5;
	s.uts = SPEC_NS_PRIVATE;
	s.seccomp = "unconfined";
	assert_true(feature_of_spec(&s, NULL) & pids);
	assert_true(feature_of_spec(&s, NULL) & uts);
	assert_false(feature_of_spec(&s, NULL) & (net | filter));
	s.limits = SPEC_LIMITS_BEST_EFFORT;
	assert_false(feature_of_spec(&s, NULL) & pids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drivers_are_described),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(probes),
		cmocka_unit_test(needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
