/* SPDX-License-Identifier: MIT */
/* The configuration of foreign images as text, which platform fits which, and the JSON we write back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "drivers/image/oci.h"
#include "drivers/image/oci_save.h"

static char text[4096];
static unsigned int lost;

/* What fd got, as text. */
static const char *written(int fd)
{
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

/* The fragment for the members of "config". */
static const char *config(const char *members)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct err e = { 0 };
	char whole[2048];
	struct json j;

	snprintf(whole, sizeof(whole), "{\"config\": {%s}}", members);
	assert_int_equal(json_parse(&j, whole, strlen(whole)), 0);
	lost = 0;
	assert_int_equal(oci_config_write(&j, fd, &lost, &e), 0);
	json_free(&j);
	return written(fd);
}

static void test_all(void **state)
{
	(void)state;
	assert_string_equal(config(""), "[image]\n");
	assert_string_equal(
		config("\"Cmd\":[\"a\",\"b c\",\"\"],\"Entrypoint\":[\"/e\"],\"Env\":[\"A=1\",\"B=x y\"],"
		       "\"User\":\"1:2\",\"WorkingDir\":\"w\",\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},"
		       "\"Volumes\":{\"/d\":{}},\"Labels\":{\"k\":\"v w\"},\"StopSignal\":\"SIGINT\""),
		"[image]\nentrypoint  = /e\ncommand     = a \"b c\" \"\"\nenv         = A=1\nenv         = B=x y\n"
		"user        = 1:2\nworkdir     = /w\nexpose      = 80/tcp\nexpose      = 53/udp\n"
		"data-path   = /d\nlabel       = k=v w\nstop-signal = SIGINT\n");
	assert_int_equal(lost, 0);
	assert_string_equal(config("\"Cmd\":null,\"Env\":null,\"Labels\":null,\"User\":\"\""),
			    "[image]\n");
	assert_string_equal(config("\"Cmd\":\"echo $A\""),
			    "[image]\ncommand     = /bin/sh -c \"echo \\$A\"\n");
}

static void test_health(void **state)
{
	const char *line;

	(void)state;
	line = config(
		"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"a || b\"],\"Interval\":5000000000,\"Timeout\":0,"
		"\"StartPeriod\":1500000000,\"Retries\":3}");
	assert_non_null(strstr(
		line, "health      = exec /bin/sh -c \"a || b\" every 5000ms start-period 1500ms "
		      "retries 3\n"));
	assert_string_equal(config("\"Healthcheck\":{\"Test\":[\"NONE\"]}"), "[image]\n");
	assert_string_equal(config("\"Healthcheck\":{\"Test\":[]}"), "[image]\n");
	assert_string_equal(config("\"Healthcheck\":7"), "[image]\n");
}

/* What would be refused later, or read as something else, is left out and counted. */
static void test_strange(void **state)
{
	const char *got;

	(void)state;
	got = config(
		"\"Env\":[\"A=1\\nprivileged = yes\",\"none\",7],\"ExposedPorts\":{\"99999/tcp\":{}},"
		"\"Labels\":{\"a=b\":\"c\"},\"StopSignal\":\"NOPE\",\"User\":\"x\\n[container y]\"");
	assert_null(strstr(got, "\nprivileged"));
	assert_null(strstr(got, "\n[container"));
	assert_null(strstr(got, "none"));
	assert_null(strstr(got, "99999"));
	assert_null(strstr(got, "NOPE"));
	assert_int_equal(lost, 6);
}

static void test_platforms(void **state)
{
	static const struct {
		const char *want, *os, *arch, *variant;
		int fits;
	} cases[] = {
		{ "linux/amd64", "linux", "amd64", "", 4 },
		{ "linux/amd64", "linux", "arm64", "", 0 },
		{ "linux/amd64", "windows", "amd64", "", 0 },
		{ "linux/arm64", "linux", "arm64", "v8", 2 },
		{ "linux/arm/v7", "linux", "arm", "v7", 4 },
		{ "linux/arm/v7", "linux", "arm", "v6", 1 },
		{ "linux/arm/v6", "linux", "arm", "v7", 0 },
		{ "linux/arm/v7", "linux", "arm", "", 2 },
		{ "linux/arm", "linux", "arm64", "", 0 },
		{ "linux", "linux", "amd64", "", 0 },
		{ "linux/amd64x", "linux", "amd64", "", 0 },
		{ "", "linux", "amd64", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (oci_platform_fits(cases[i].want, cases[i].os, cases[i].arch,
				      cases[i].variant) != cases[i].fits)
			fail_msg("%s for %s/%s/%s", cases[i].want, cases[i].os, cases[i].arch,
				 cases[i].variant);
}

static void test_digests(void **state)
{
	struct err e = { 0 };
	struct oci_ref ref;
	char digest[80] = "sha256:";

	(void)state;
	memset(digest + 7, 'a', 64);
	assert_int_equal(oci_ref_of_digest(&ref, digest, &e), 0);
	assert_int_equal(ref.sum[31], 0xaa);
	assert_string_equal(ref.name + 13, digest + 7);
	digest[70] = 'A';
	assert_int_equal(oci_ref_of_digest(&ref, digest, &e), -EINVAL);
	digest[70] = '\0';
	assert_int_equal(oci_ref_of_digest(&ref, digest, &e), -EINVAL);
	assert_int_equal(oci_ref_of_digest(&ref, "sha256:../../x", &e), -EINVAL);
	assert_int_equal(oci_ref_of_digest(&ref, "md5:\033[2J", &e), -ENOTSUP);
	assert_null(strchr(e.msg, '\033'));
	assert_int_equal(oci_ref_of_digest(&ref, "", &e), -ENOTSUP);
}

/* What we write reads back as the same. */
static void test_back(void **state)
{
	static const char members[] =
		"\"User\":\"1:2\",\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Env\":[\"A=\\\"1\\\"\",\"B=x\\ny\"],"
		"\"Entrypoint\":[\"/e\"],\"Cmd\":[\"a\",\"b c\"],\"Volumes\":{\"/d\":{}},\"WorkingDir\":\"/w\","
		"\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\"";
	struct spec *s = spec_new();
	struct export_args a = { .config = s, .platform = "linux/arm/v7", .ref = "a/b:1" };
	const struct oci_blob blob = { .size = 7, .hex = "ab" };
	int fd = memfd_create("json", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(spec_set(s, spec_field("user"), "1:2", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("expose"), "80", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("expose"), "53/udp", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("env"), "A=\"1\"", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("env"), "B=x\ny", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("entrypoint"), "/e", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("command"), "a 'b c'", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("data-path"), "/d", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("workdir"), "/w", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("label"), "k=v", NULL), 0);
	assert_int_equal(spec_set(s, spec_field("stop-signal"), "SIGINT", NULL), 0);
	assert_int_equal(oci_save_config(fd, &a, &blob), 0);
	written(fd);
	assert_non_null(strstr(text, members));
	assert_non_null(
		strstr(text, "\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\""));
	assert_non_null(strstr(text, "\"diff_ids\":[\"sha256:ab\"]"));
	fd = memfd_create("json", MFD_CLOEXEC);
	assert_int_equal(oci_save_index(fd, &a, &blob), 0);
	assert_non_null(strstr(written(fd), "\"org.opencontainers.image.ref.name\":\"1\""));
	spec_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),	cmocka_unit_test(test_health),
		cmocka_unit_test(test_strange), cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_digests), cmocka_unit_test(test_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
