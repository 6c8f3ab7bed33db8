// SPDX-License-Identifier: MIT
/* Names of USB serial lines by id, from a made sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "init/sup.h"

void sup_say(const char *name, const char *fmt, ...)
{
	(void)name, (void)fmt;
}

static char sys[] = "/tmp/myctr-node.XXXXXX";

static void put(const char *file, const char *text)
{
	char path[200], *slash;

	snprintf(path, sizeof(path), "%s/%s", sys, file);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(path_mkdirs(path, 0755), 0);
	*slash = '/';
	assert_int_equal(fd_replace(AT_FDCWD, path, text, strlen(text), 0644, false), 0);
}

static void test_id(void **state)
{
	char id[200];

	(void)state;
	put("devices/usb1/1-2/idVendor", "0403\n");
	put("devices/usb1/1-2/idProduct", "6001\n");
	put("devices/usb1/1-2/manufacturer", " QEMU Ltd.\n");
	put("devices/usb1/1-2/product", "USB/SERIAL \x1b[1m\n");
	put("devices/usb1/1-2/1-2:1.0/bInterfaceNumber", "00\n");
	put("devices/usb1/1-2/1-2:1.0/ttyUSB0/port_number", "0\n");
	put("devices/usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0/dev", "188:0\n");
	assert_int_equal(
		node_id(sys, "/devices/usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0", id, sizeof(id)), 0);
	assert_string_equal(id, "usb-QEMU_Ltd._USB_SERIAL___1m-if00-port0");
	put("devices/usb1/1-2/serial", "A1 7\n");
	assert_int_equal(node_id(sys, "/devices/usb1/1-2/1-2:1.0/tty/ttyACM0", id, sizeof(id)), 0);
	assert_string_equal(id, "usb-QEMU_Ltd._USB_SERIAL___1m_A1_7-if00");
	put("devices/platform/serial8250/tty/ttyS0/dev", "4:64\n");
	assert_int_equal(node_id(sys, "/devices/platform/serial8250/tty/ttyS0", id, sizeof(id)),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_id) };
	int r;

	if (!mkdtemp(sys))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	path_remove(AT_FDCWD, sys);
	return r;
}
