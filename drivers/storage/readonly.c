/* SPDX-License-Identifier: MIT */
/* The image itself as the root, read-only: nothing is made, kept or copied. */
#include "core/driver.h"

/* Every image attaches its tree read-only and without devices; that is all there is to do. */
static int readonly_attach(const struct storage_args *a, struct err *e)
{
	(void)a;
	(void)e;
	return 0;
}

DRIVER(storage, readonly) = {
	.name = "read-only",
	.about = "the image as it is; writing fails",
	.kind = SPEC_READ_ONLY,
	.direct = true,
	.attach = readonly_attach,
};
