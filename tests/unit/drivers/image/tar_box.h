/* SPDX-License-Identifier: MIT */
/*
 * What the tests of unpacking share: a root beside a folder that hostile archives aim at, and looks
 * at what came out.
 */
#ifndef TESTS_UNIT_DRIVERS_IMAGE_TAR_BOX_H
#define TESTS_UNIT_DRIVERS_IMAGE_TAR_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/image/tar.h"
#include "tests/unit/drivers/image/tar_make.h"

struct tar_box {
	char top[64]; /* holds root/ and outside/secret */
	int top_fd, root;
	struct tar_make m; /* the archive being made */
	struct tar_report report;
	struct err e;
};

extern struct tar_box box;

/* For every test. The teardown fails when anything outside of the root has changed. */
int box_setup(void **state);
int box_teardown(void **state);

/* Ends the archive and unpacks it. */
int box_unpack_within(const struct tar_limits *limits);
int box_unpack(void);

void box_expect_ok(void);
void box_expect_refused(int code, const char *why);
void box_expect_file(const char *path, const char *text);
void box_expect_absent(const char *path);

/* The absolute path of the folder outside, with sub after it. */
const char *box_outside(const char *sub);

#define BOX_CASE(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

#endif
