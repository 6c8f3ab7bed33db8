/* SPDX-License-Identifier: MIT */
/*
 * The user's own folder as a writable root. Refused for every other kind of image: their trees are
 * shared by all containers of the image and named by their content.
 */
#include <errno.h>
#include <sys/mount.h>

#include "core/driver.h"
#include "core/lib/sys.h"

static int bind_attach(const struct storage_args *a, struct err *e)
{
	if (!a->writable)
		return err_set(e, EINVAL,
			       "storage = bind needs a folder as image; try storage = overlay");
	/* The image driver has bound it read-only; a remount sets all flags anew. */
	if (a->in_userns && sys_mount_writable(a->root, true) == 0)
		return 0;
	if (mount(NULL, a->root, NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL) < 0)
		return err_sys(e, errno, "cannot make the folder writable");
	return 0;
}

DRIVER(storage, bind) = {
	.name = "bind",
	.about = "a folder used in place and written to",
	.kind = SPEC_BIND,
	.direct = true,
	.attach = bind_attach,
};
