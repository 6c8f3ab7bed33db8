/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as two layers over one another, below a folder in memory: what lies beside it is never touched, and
 * whatever came out can be removed. Root gives up its rights meanwhile. The first two bytes say where to cut.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/path.h"
#include "drivers/image/tar.h"
#include "tests/fuzz/beside.h"
#include "tests/fuzz/tar_fix.h"
#include "tests/unit/drivers/image/tar_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void layer(const uint8_t *data, size_t size, int root, struct tar_limits *limits)
{
	struct tar_report report = { 0 };
	struct err e = { 0 };
	uint8_t *fixed = tar_fix(data, size);

	if (tar_unpack_layer(tar_make_stream(fixed, size, 700), root, limits, &report, &e) < 0 &&
	    !e.code)
		abort();
	free(fixed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tar_limits limits = { .entries = 50, .bytes = 1 << 20, .depth = 40 };
	size_t cut;
	int root;

	if (size < 2)
		return 0;
	cut = (size_t)(data[0] << 8 | data[1]) * 512 % (size - 1);
	data += 2;
	size -= 2;
	cut = cut < size ? cut : size;
	if (top < 0)
		begin();
	/* The fuzzer itself writes files of its own as who it was started as. */
	if (getuid() == 0 && (setegid(65534) < 0 || seteuid(65534) < 0))
		abort();
	if (mkdirat(top, "root", 0755) < 0)
		abort();
	root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	layer(data, cut, root, &limits);
	layer(data + cut, size - cut, root, &limits);
	close(root);
	check_beside();
	if (path_remove(top, "root") < 0)
		abort();
	if (getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		abort();
	return 0;
}
