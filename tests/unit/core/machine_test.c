// SPDX-License-Identifier: MIT
/* [mount], [device] and [console]: read, encoded and back, printed; what is refused and how it is said. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine.h"
#include "core/manifest.h"

static const char all[] = "[mount /srv]\ndevice = /dev/vdb\ntype = ext4\nfsck = /sbin/e2fsck -p\n"
			  "fallback = read-only\nwait = 3s\n"
			  "[device ttyUSB*]\nmode = 0660\ngroup = 20\nlink = modem\n"
			  "[console ttyS0]\naskfirst = yes\nrespawn = no\n[console tty1]\n";

static void look(const struct manifest *m)
{
	const struct mount_spec *t = container_of(section_find(m->sections[SECTION_MOUNT], "/srv"),
						  const struct mount_spec, section);
	const struct node_spec *d =
		container_of(section_find(m->sections[SECTION_DEVICE], "ttyUSB*"),
			     const struct node_spec, section);
	const struct console_spec *c =
		container_of(section_find(m->sections[SECTION_CONSOLE], "ttyS0"),
			     const struct console_spec, section);

	assert_string_equal(t->type, "ext4");
	assert_int_equal(t->fsck.n, 2);
	assert_int_equal(t->wait, 3000);
	assert_int_equal(t->fallback, MOUNT_READ_ONLY);
	assert_true(t->section.set[0] & MOUNT_HAS_FALLBACK);
	assert_string_equal(d->link, "modem");
	assert_true(c->askfirst);
	assert_false(c->respawn);
	c = container_of(c->section.next, const struct console_spec, section);
	assert_true(c->respawn);
}

static void test_text_and_back(void **state)
{
	struct manifest m = { 0 }, c = { 0 }, p = { 0 };
	struct err e = { 0 };
	uint8_t *bytes = NULL;
	size_t len;

	(void)state;
	assert_int_equal(manifest_parse(&m, "m", all, strlen(all), &e), 0);
	look(&m);
	assert_int_equal(manifest_encode(&m, &bytes, &len, &e), 0);
	assert_int_equal(manifest_decode(&c, bytes, len, &e), 0);
	look(&c);
	for (size_t cut = 0; cut < len; cut++) {
		p = (struct manifest){ 0 };
		assert_true(manifest_decode(&p, bytes, cut, &e) < 0);
		manifest_free(&p);
	}
	free(bytes);
	manifest_free(&m);
	manifest_free(&c);
}

static void refused(const char *text, const char *why)
{
	struct manifest m = { 0 };
	struct err e = { 0 };
	int r = manifest_parse(&m, "m", text, strlen(text), &e);

	if (r >= 0)
		r = manifest_finish(&m, &e);
	assert_true(r < 0);
	assert_string_equal(e.msg, why);
	manifest_free(&m);
}

static void test_refused(void **state)
{
	(void)state;
	refused("[mount srv]\n", "m:1:8: 'srv' cannot name a mount");
	refused("[mount /a/../b]\n", "m:1:8: '/a/../b' cannot name a mount");
	refused("[device /dev/x]\n", "m:1:9: '/dev/x' cannot name devices");
	refused("[console a/b]\n", "m:1:10: 'a/b' cannot name a console");
	refused("[device a]\nmode = 999\n", "m:2:8: mode: 999: expected an octal mode like 0660");
	refused("[device a]\nowner = root\n", "m:2:9: owner: root: expected a number");
	refused("[device a]\nlink = ../b\n",
		"m:2:8: link: ../b: expected a name below /dev, as modem");
	refused("[mount /a]\ndevice = /dev/b\n",
		"m:1: [mount /a]: device and type: belong together");
	refused("[mount /a]\nfsck = e2fsck\n",
		"m:1: [mount /a]: e2fsck: expected the path of a program");
	refused("[system]\nhostname = a${x}\n",
		"m:2:12: hostname: ${x}: expected ${mac:INTERFACE}, ${serial} or ${file:/PATH}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
