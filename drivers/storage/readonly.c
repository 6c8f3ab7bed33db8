/* SPDX-License-Identifier: MIT */
/* The image itself as the root, read-only: nothing is made, kept or copied. */
#include "core/driver.h"
#include "core/lib/sys.h"

static int readonly_attach(const struct storage_args *a, struct err *e)
{
	int r = sys_mount_restrict(a->root, false, true, false, true, false);

	return r < 0 ? err_sys(e, r, "cannot make the root read-only") : 0;
}

DRIVER(storage, readonly) = {
	.name = "read-only",
	.about = "the image as it is; writing fails",
	.kind = SPEC_READ_ONLY,
	.direct = true,
	.attach = readonly_attach,
};
