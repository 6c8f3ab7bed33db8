/* SPDX-License-Identifier: MIT */
/*
 * A root that can be written and is forgotten: overlay whose upper layer is a tmpfs of storage-size
 * bytes. The tmpfs is mounted where the root will be and the overlay over it, so no other folder is
 * needed and both go with the container's mount namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/driver.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/storage/overlay.h"

static int tmpfs_attach(const struct storage_args *a, struct err *e)
{
	char options[48], layers[PATH_FD_SIZE];
	AUTO_FD int dir = -1;
	int r;

	str_format(options, sizeof(options), "mode=0700,size=%" PRIu64, a->spec->storage_size);
	if (mount("tmpfs", a->root, "tmpfs", MS_NODEV, options) < 0)
		return err_sys(e, errno, "cannot mount a tmpfs of %" PRIu64 " bytes",
			       a->spec->storage_size);
	dir = open(a->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, errno, "%s: cannot open", a->root);
	r = overlay_make_layers(dir, a->root, e);
	/* Nothing in memory outlives a crash, so overlay need not care for one. */
	return r < 0 ? r : overlay_mount(a, path_of_fd(dir, layers), ",volatile", e);
}

DRIVER(storage, tmpfs) = {
	.name = "tmpfs",
	.about = "what is written stays in memory, limited by storage-size",
	.kernel = "OVERLAY_FS TMPFS TMPFS_XATTR",
	.kind = SPEC_TMPFS,
	.attach = tmpfs_attach,
};
