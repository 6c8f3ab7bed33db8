/* SPDX-License-Identifier: MIT */
/*
 * A folder as an image: bound as it is. The one kind that storage = bind may write to, because it
 * is the user's own and nobody else's tree.
 */
#include <errno.h>
#include <fcntl.h>

#include "core/driver.h"
#include "core/lib/path.h"

static bool dir_match(const struct image *img)
{
	return S_ISDIR(img->st.st_mode);
}

static int dir_prepare(struct image *img, struct err *e)
{
	if (image_detach(img) == 0)
		return 0;
	img->tree = openat(img->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return img->tree < 0 ? err_sys(e, errno, "%s: cannot open the folder", path_base(img->path))
			     : 0;
}

DRIVER(image, dir) = {
	.name = "dir",
	.about = "a folder, used in place",
	.writable = true,
	.in_place = true,
	.match = dir_match,
	.prepare = dir_prepare,
	.attach = image_bind,
};
