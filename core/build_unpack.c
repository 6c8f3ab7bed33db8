// SPDX-License-Identifier: MIT
/* ADD of an archive; see build_unpack.h. The archive is somebody's: nothing of it lands outside the folder. */
#include "core/build_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

int build_unpack(int fd, const char *name, int root, const char *to, const struct build_owner *own,
		 struct err *e)
{
	struct err none = { 0 };
	AUTO_FD int folder = -1, made = -1;
	struct image img;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3), r;

	if (copy < 0)
		return err_sys(e, errno, "%s", name);
	/* What nobody knows is a file like any other; an archive that only this build does not know is not. */
	if (image_open_fd(&img, copy, name, &none) < 0 || !img.driver->unpack) {
		if (!none.code)
			image_close(&img);
		else if (image_is_known(&img))
			return err_set(e, ENOTSUP, "%s; COPY takes the file as it is", none.msg);
		return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(e, errno, "%s", name) : 0;
	}
	img.own = own->asked;
	img.uid = own->uid;
	img.gid = own->gid;
	made = path_mkdirs_beneath(root, to, 0755);
	folder = made < 0 ? made : openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = folder < 0 ? err_sys(e, made < 0 ? made : errno, "%s: cannot make the folder", to)
		       : img.driver->unpack(&img, folder, e);
	image_close(&img);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "%s", name);
	return r;
}
