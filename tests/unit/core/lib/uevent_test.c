// SPDX-License-Identifier: MIT
/* Uevents as the kernel sends them and as sysfs has them; what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lib/uevent.h"

static char buf[512];
static struct uevent u;

static int parse(const char *bytes, size_t len, bool datagram)
{
	memcpy(buf, bytes, len);
	return uevent_parse(&u, buf, len, datagram);
}
#define DATAGRAM(bytes) parse(bytes, sizeof(bytes) - 1, true)
#define SYSFS(bytes) parse(bytes, sizeof(bytes) - 1, false)

static void test_datagram(void **state)
{
	(void)state;
	assert_int_equal(DATAGRAM("add@/devices/a/ttyUSB0\0ACTION=add\0DEVPATH=/devices/a/ttyUSB0\0"
				  "SUBSYSTEM=tty\0MAJOR=188\0DEVNAME=bus/usb/001/002\0"),
			 0);
	assert_string_equal(u.action, "add");
	assert_string_equal(u.devpath, "/devices/a/ttyUSB0");
	assert_string_equal(u.subsystem, "tty");
	assert_string_equal(u.devname, "bus/usb/001/002");
	assert_string_equal(u.verity, "");
	assert_int_equal(
		DATAGRAM(
			"change@/devices/virtual/block/dm-0\0ACTION=change\0DEVPATH=/devices/virtual/block/"
			"dm-0\0SUBSYSTEM=block\0DM_VERITY_ERR_BLOCK_NR=0,7\0DEVNAME=dm-0\0"),
		0);
	assert_string_equal(u.verity, "0,7");
	/* what has no node; the last line without its NUL */
	assert_int_equal(DATAGRAM("move@/x\0ACTION=move\0DEVPATH=/x"), 0);
	assert_string_equal(u.devname, "");
}

static void test_sysfs(void **state)
{
	(void)state;
	assert_int_equal(SYSFS("MAJOR=1\nMINOR=3\nDEVNAME=null\nDEVMODE=0666\n"), 0);
	assert_string_equal(u.devname, "null");
	assert_int_equal(SYSFS(""), 0);
	assert_int_equal(SYSFS("DEVNAME=a\0b\n"), -EBADMSG);
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(DATAGRAM("libudev\0\xfe\xed\xca\xfe"), -EBADMSG);
	assert_int_equal(DATAGRAM(""), -EBADMSG);
	assert_int_equal(DATAGRAM("add@/x\0DEVPATH=/x\0"), -EBADMSG);
	assert_int_equal(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=x\0"), -EBADMSG);
	assert_int_equal(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/../x\0"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=/etc/passwd\n"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=../etc/passwd\n"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=a/../../b\n"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=a//b\n"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=a/\n"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=a\x1b[1m\n"), -EBADMSG);
	assert_int_equal(SYSFS("DEVNAME=..a/b..\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_sysfs),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
