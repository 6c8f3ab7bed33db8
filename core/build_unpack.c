// SPDX-License-Identifier: MIT
/*
 * Folders of COPY, ADD and WORKDIR, and ADD of an archive; see build_unpack.h. The archive is somebody's: nothing of
 * it lands outside the folder.
 */
#include "core/build_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

/* One folder in one that is there. */
static int unpack_make(int root, const char *path, const struct build_owner *own)
{
	AUTO_FD int there = path_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);
	char name[NAME_MAX + 1];
	AUTO_FD int parent = -1;

	if (there != -ENOENT)
		return there < 0 ? there : 0;
	parent = path_open_parent(root, path, false, name, sizeof(name));
	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0755) < 0)
		return -errno;
	return fchownat(parent, name, own->uid, own->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int build_make_folder(int root, const char *path, const struct build_owner *own)
{
	char part[PATH_MAX];
	int r = 0;

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; own->asked && r >= 0 && i <= strlen(path); i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		r = unpack_make(root, part, own);
		/* A link to what is not there yet: its folder is made, and is root's. */
		r = r == -EEXIST ? 0 : r;
	}
	return r < 0 ? r : path_mkdirs_beneath(root, path, 0755);
}

int build_open_parent(int root, const char *path, const struct build_owner *own, char *name,
		      size_t size)
{
	char parent[PATH_MAX];
	int dir = path_open_parent(root, path, false, name, size), made;
	size_t n = strlen(path);

	if (dir != -ENOENT || n >= sizeof(parent))
		return dir;
	while (n > 0 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	memcpy(parent, path, n);
	parent[n] = '\0';
	made = build_make_folder(root, n ? parent : "/", own);
	if (made < 0)
		return made;
	fd_close(&made);
	return path_open_parent(root, path, false, name, size);
}

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
	made = build_make_folder(root, to, own);
	folder = made < 0 ? made : openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = folder < 0 ? err_sys(e, made < 0 ? made : errno, "%s: cannot make the folder", to)
		       : img.driver->unpack(&img, folder, e);
	image_close(&img);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "%s", name);
	return r;
}
