// SPDX-License-Identifier: MIT
/* Capability names against libcap's, sets of specs, and what really ends up in a process. */
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cap.h"
#include "core/lib/capname.h"

static struct spec spec_with(char **add, char **drop, char **ambient)
{
	struct spec s = { 0 };

	for (s.cap_add.v = add; add && add[s.cap_add.n]; s.cap_add.n++)
		;
	for (s.cap_drop.v = drop; drop && drop[s.cap_drop.n]; s.cap_drop.n++)
		;
	for (s.cap_ambient.v = ambient; ambient && ambient[s.cap_ambient.n]; s.cap_ambient.n++)
		;
	return s;
}

static void names_are_libcaps(void **state)
{
	char name[CAPNAME_SIZE], full[CAPNAME_SIZE + 4];
	cap_value_t value;

	(void)state;
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		capname_text(cap, name);
		snprintf(full, sizeof(full), "cap_%s", name);
		assert_int_equal(cap_from_name(full, &value), 0);
		assert_int_equal(value, cap);
		assert_int_equal(cap_of_name(full, NULL), cap);
	}
	assert_string_equal(capname_text(CAP_LAST_CAP + 1, name), "41");
}

static void words(void **state)
{
	static const char *const bad[] = {
		"",   "CAP_", "cap",	    "-1",  " 5",       "64",	     "18446744073709551616",
		"5 ", "0x5",  "NET_ADMIN ", "all", "NET_ADMI", "NET_ADMINX", "cap_cap_chown"
	};
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cap_of_name("NET_ADMIN", &e), CAP_NET_ADMIN);
	assert_int_equal(cap_of_name("CAP_SYS_ADMIN", &e), CAP_SYS_ADMIN);
	assert_int_equal(cap_of_name("chown", &e), 0);
	assert_int_equal(cap_of_name("63", &e), 63);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cap_of_name(bad[i], &e), -EINVAL);
	assert_int_equal(cap_check("ALL", &e), 0);
	assert_int_equal(cap_check("ALLE", &e), -EINVAL);
}

static void sets(void **state)
{
	char *net[] = { "NET_ADMIN", NULL }, *all[] = { "ALL", NULL }, *chown[] = { "CHOWN", NULL };
	char *bad[] = { "CHOWN", "FLY", NULL };
	struct cap_sets c;
	struct err e = { 0 };
	struct spec s;

	(void)state;
	s = spec_with(net, chown, NULL);
	assert_int_equal(cap_of_spec(&s, &c, &e), 0);
	assert_true(c.bounding == ((cap_default() | CAP_BIT(CAP_NET_ADMIN)) & ~CAP_BIT(CAP_CHOWN)));
	assert_true(c.ambient == 0);
	s = spec_with(net, all, NULL);
	assert_int_equal(cap_of_spec(&s, &c, &e), 0);
	assert_true(c.bounding == CAP_BIT(CAP_NET_ADMIN));
	s = spec_with(all, NULL, NULL);
	assert_int_equal(cap_of_spec(&s, &c, &e), 0);
	assert_true(c.bounding == UINT64_MAX);
	s = spec_with(NULL, NULL, NULL);
	s.privileged = true;
	assert_int_equal(cap_of_spec(&s, &c, &e), 0);
	assert_true(c.bounding == UINT64_MAX);
	s = spec_with(NULL, all, NULL);
	assert_int_equal(cap_of_spec(&s, &c, &e), 0);
	assert_true(c.bounding == 0);
	s = spec_with(NULL, NULL, all);
	assert_int_equal(cap_of_spec(&s, &c, &e), 0);
	assert_true(c.ambient == cap_default());
	s = spec_with(NULL, NULL, net);
	assert_int_equal(cap_of_spec(&s, &c, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "net_admin"));
	s = spec_with(NULL, bad, NULL);
	assert_int_equal(cap_of_spec(&s, &c, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "cap-drop"));
	assert_non_null(strstr(e.msg, "FLY"));
}

/* Exit status of a child that becomes uid with the sets: 0 as expected, else the line that failed. */
static int child(const struct cap_sets *sets, uid_t uid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	uint64_t keep = uid ? sets->ambient : sets->bounding;
	uint64_t known = CAP_BIT(CAP_LAST_CAP + 1) - 1;
	struct err e = { 0 };

	if (cap_bound(sets, &e) < 0)
		return __LINE__;
	if (uid && syscall(SYS_setresuid, uid, uid, uid) < 0)
		return __LINE__;
	if (cap_apply(sets, uid, &e) < 0)
		return __LINE__;
	if (syscall(SYS_capget, &header, d) < 0)
		return __LINE__;
	if ((d[0].permitted | (uint64_t)d[1].permitted << 32) != (keep & known))
		return __LINE__;
	if ((d[0].effective | (uint64_t)d[1].effective << 32) != (keep & known))
		return __LINE__;
	if ((d[0].inheritable | (uint64_t)d[1].inheritable << 32) != sets->ambient)
		return __LINE__;
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != !!(sets->bounding & CAP_BIT(cap)))
			return __LINE__;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) !=
		    !!(sets->ambient & CAP_BIT(cap)))
			return __LINE__;
	}
	return 0;
}

static int in_child(const struct cap_sets *sets, uid_t uid)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(child(sets, uid) % 256);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void applied(void **state)
{
	struct cap_sets plain = { cap_default(), 0 }, none = { 0, 0 };
	struct cap_sets ambient = { cap_default(), CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_SETFCAP) };

	(void)state;
	if (geteuid() != 0)
		skip();
	/* what a hostile starter could have left behind */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
	assert_int_equal(in_child(&plain, 0), 0);
	assert_int_equal(in_child(&plain, 1000), 0);
	assert_int_equal(in_child(&none, 0), 0);
	assert_int_equal(in_child(&ambient, 0), 0);
	assert_int_equal(in_child(&ambient, 4294967294U), 0);
}

static int asks_for_more(void)
{
	struct cap_sets none = { 0, 0 }, one = { CAP_BIT(CAP_SYS_TIME), 0 };
	struct cap_sets all = { UINT64_MAX, 0 };
	struct err e = { 0 };

	if (cap_bound(&none, &e) < 0 || cap_apply(&none, 0, &e) < 0)
		return 1;
	if (cap_apply(&one, 0, &e) != -EPERM)
		return 2;
	if (!strstr(e.msg, "sys_time"))
		return 3;
	return cap_apply(&all, 0, &e) == 0 ? 0 : 4;
}

static void lacking(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(asks_for_more());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_libcaps),
		cmocka_unit_test(words),
		cmocka_unit_test(sets),
		cmocka_unit_test(applied),
		cmocka_unit_test(lacking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
