// SPDX-License-Identifier: MIT
/*
 * The key health: every kind, pairs in front and behind, what is refused and how; and when looks that fail mean
 * that it is unhealthy.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/health.h"
#include "core/notify.h"
#include "core/spec.h"

static struct err e;

/* Parses text as the manifest would; 0 or -errno. */
static int parse(const char *text, struct health *h)
{
	struct spec *s = spec_new();
	int r;

	assert_non_null(s);
	e = (struct err){ 0 };
	r = spec_set(s, spec_field("health"), text, &e);
	assert_int_equal(r, 0);
	r = health_parse(&s->health, h, &e);
	spec_free(s);
	return r;
}

static void bad(const char *text, const char *why)
{
	struct health h;

	assert_int_equal(parse(text, &h), -EINVAL);
	if (!strstr(e.msg, why))
		fail_msg("%s: said: %s", text, e.msg);
}

static void kinds(void **state)
{
	struct health h;

	(void)state;
	assert_int_equal(parse("tcp 80 every 10s retries 3", &h), 0);
	assert_int_equal(h.kind, HEALTH_TCP);
	assert_int_equal(h.port, 80);
	assert_int_equal(h.every, 10000);
	assert_int_equal(h.retries, 3);
	assert_int_equal(h.timeout, 10000);
	assert_int_equal(h.start_period, 0);
	assert_int_equal(parse("timeout 1s http 8080 /health?x=1 start-period 2m", &h), 0);
	assert_int_equal(h.kind, HEALTH_HTTP);
	assert_string_equal(h.path, "/health?x=1");
	assert_int_equal(h.timeout, 1000);
	assert_int_equal(h.start_period, 120000);
	assert_int_equal(parse("file '/a b'", &h), 0);
	assert_string_equal(h.path, "/a b");
	assert_int_equal(parse("notify", &h), 0);
	assert_int_equal(h.every, 0);
	assert_int_equal(h.start_period, 90000);
	assert_int_equal(parse("none", &h), 0);
	assert_int_equal(h.kind, HEALTH_NONE);
	assert_int_equal(parse("", &h), 0);
	assert_int_equal(h.kind, HEALTH_NONE);
}

static void commands(void **state)
{
	struct health h;

	(void)state;
	/* as an OCI image's Healthcheck is written */
	assert_int_equal(parse("exec /bin/sh -c \"a || b\" every 5000ms retries 2", &h), 0);
	assert_int_equal(h.kind, HEALTH_EXEC);
	assert_int_equal(h.first, 1);
	assert_int_equal(h.n, 3);
	assert_int_equal(h.every, 5000);
	assert_int_equal(parse("every 1s exec test every", &h), 0);
	assert_int_equal(h.first, 3);
	assert_int_equal(h.n, 2);
	bad("exec", "missing");
	bad("exec x every fast", "expected a time");
}

static void refused(void **state)
{
	(void)state;
	bad("tcp", "expected a port");
	bad("tcp 0", "expected a port");
	bad("tcp 65536", "expected a port");
	bad("ping 1", "expected exec");
	bad("every 1s", "expected exec");
	bad("http 80", "expected a path");
	bad("http 80 'a b'", "expected a path");
	bad("http 80 '/a\tb'", "expected a path");
	bad("file x", "expected a path");
	bad("tcp 80 every", "value is missing");
	bad("tcp 80 every 5ms", "10ms to 1d");
	bad("tcp 80 every 2d", "10ms to 1d");
	bad("tcp 80 retries 0", "1..1000");
	bad("tcp 80 81", "expected every");
	bad("notify timeout 1s", "notify has none");
}

static void judgement(void **state)
{
	struct health h = { .kind = HEALTH_TCP, .every = 1000, .retries = 3, .start_period = 5000 };
	struct health_count n = { 0 };

	(void)state;
	/* until the start period and its retries are over */
	assert_false(health_judge(&h, &n, false, 4000));
	assert_false(health_judge(&h, &n, false, 7999));
	assert_true(health_judge(&h, &n, false, 8000));
	n = (struct health_count){ 0 };
	assert_int_equal(health_pause(&h, &n), HEALTH_SOON);
	assert_false(health_judge(&h, &n, true, 10));
	/* once it was healthy, failures in a row count */
	h.every = 5000;
	assert_int_equal(health_pause(&h, &n), 5000);
	assert_false(health_judge(&h, &n, false, 20));
	assert_false(health_judge(&h, &n, false, 30));
	assert_false(health_judge(&h, &n, true, 40));
	assert_false(health_judge(&h, &n, false, 50));
	assert_false(health_judge(&h, &n, false, 60));
	assert_true(health_judge(&h, &n, false, 70));
}

static struct notify said(const char *text)
{
	struct notify n;

	notify_parse(text, strlen(text), &n);
	return n;
}

static void words(void **state)
{
	struct notify n = said("READY=1\nSTATUS=up and away\nMAINPID=7\nFDSTORE=1");

	(void)state;
	assert_true(n.ready && n.has_status && !n.alive && !n.stopping);
	assert_string_equal(n.status, "up and away");
	assert_true(said("WATCHDOG=1").alive);
	assert_true(said("WATCHDOG=trigger\n").trigger);
	assert_true(said("\n\nSTOPPING=1\n").stopping);
	assert_false(said("READY=10").ready);
	assert_false(said("READY=").ready);
	assert_false(said("XREADY=1").ready);
	assert_int_equal(said("WATCHDOG_USEC=5000000").watchdog, 5000);
	assert_int_equal(said("WATCHDOG_USEC=1").watchdog, 0);
	assert_int_equal(said("WATCHDOG_USEC=99999999999999999999999").watchdog, 0);
	assert_int_equal(said("WATCHDOG_USEC=-5000000").watchdog, 0);
	assert_string_equal(said("STATUS=a\x1b[2Jb").status, "a?[2Jb");
	notify_parse("STATUS=0123456789012345678901234567890123456789012345678901234567890123456789"
		     "0123456789012345678901234567890123456789",
		     117, &n);
	assert_int_equal(strlen(n.status), NOTIFY_STATUS - 1);
	notify_parse("", 0, &n);
	assert_false(n.ready || n.has_status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),     cmocka_unit_test(commands), cmocka_unit_test(refused),
		cmocka_unit_test(judgement), cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
