// SPDX-License-Identifier: MIT
/* Modules by name in the text of modules.dep. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "init/boot.h"

int boot_module_file(const char *path, const char *params, struct err *e)
{
	(void)path, (void)params;
	return err_set(e, EPERM, "not here");
}

static void find(const char *name, const char *wanted)
{
	char text[] = "kernel/a/usb-serial.ko: kernel/b/usbcore.ko kernel/c/usb-common.ko\n"
		      "kernel/b/usbcore.ko.xz: kernel/c/usb-common.ko\n"
		      "kernel/c/usb.ko:\n"
		      "/opt/own.ko:\n"
		      "broken line\n";
	char *line = module_line(text, name, strlen(name));

	if (!wanted)
		assert_null(line);
	else
		assert_memory_equal(line, wanted, strlen(wanted));
}

static void test_find(void **state)
{
	(void)state;
	find("usb_serial", "kernel/a/usb-serial.ko: kernel/b/usbcore.ko");
	find("usb-serial", "kernel/a/usb-serial.ko: ");
	find("usbcore", "kernel/b/usbcore.ko.xz");
	find("usb", "kernel/c/usb.ko:");
	find("own", "/opt/own.ko:");
	find("usb-common", NULL);
	find("serial", NULL);
	find("", NULL);
	find("a/usb-serial", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
