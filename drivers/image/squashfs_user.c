/* SPDX-License-Identifier: MIT */
/*
 * A squashfs image for a user, whom the kernel does not let mount one: squashfuse serves it as long as the
 * container lives, or unsquashfs unpacks it once into the store. Runs in the launcher, which gets a mount
 * namespace of its own for it. Source: squashfuse(1), unsquashfs(1).
 */
#include "drivers/image/squashfs_user.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/helper.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/trees.h"

/* Over the store's own folder, which nobody needs in this mount namespace. */
static int squashfs_serve(struct image *img, char *program, struct err *e)
{
	char *argv[] = { program,
			 (char[]){ "-f" },
			 (char[]){ "-o" },
			 (char[]){ "allow_other,ro,nodev" },
			 (char[]){ "/proc/self/fd/5" },
			 img->store,
			 NULL };
	const struct helper h = { .name = "squashfuse",
				  .argv = argv,
				  .pidfd = -1,
				  .given = img->fd,
				  .is_ready = helper_is_fuse,
				  .arg = img->store };
	int r = path_mkdirs(img->store, 0700);

	if (r < 0)
		return err_sys(e, r, "%s: cannot make the folder", img->store);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "making a mount namespace");
	r = helper_start(&h, e);
	if (r < 0)
		return r;
	img->tree = open(img->store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return img->tree < 0 ? err_sys(e, errno, "%s", img->store) : 0;
}

static int squashfs_key(int fd, char key[TREES_KEY])
{
	struct hash_sha256 s;
	uint8_t buf[16384], sum[32];
	off_t at = 0;
	ssize_t n;

	hash_sha256_init(&s);
	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		hash_sha256_add(&s, buf, (size_t)n);
		at += n;
	}
	if (n < 0)
		return -errno;
	hash_sha256_end(&s, sum);
	for (int i = 0; i < 32; i++)
		str_format(key + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

static int squashfs_unpack(struct image *img, struct trees *t, char *program, struct err *e)
{
	char *argv[] = { program,
			 (char[]){ "-n" },
			 (char[]){ "-q" },
			 (char[]){ "-f" },
			 (char[]){ "-no-exit-code" },
			 (char[]){ "-ig" },
			 (char[]){ "-d" },
			 (char[]){ "." },
			 (char[]){ "/proc/self/fd/5" },
			 NULL };
	AUTO_FD int tree = -1;
	AUTO_FD int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char key[TREES_KEY];
	int end, r = trees_begin(t, &tree, e);

	if (r)
		return r < 0 ? r : 0;
	/* It is told the folder by being in it. */
	r = fchdir(tree) < 0 ? err_sys(e, errno, "the store") : 0;
	if (r == 0)
		r = helper_run("unsquashfs", argv, img->fd, e);
	if (here >= 0 && fchdir(here) < 0 && r == 0)
		r = err_sys(e, errno, "going back");
	if (r == 0)
		r = squashfs_key(img->fd, key);
	end = trees_end(t, r < 0 ? NULL : key, e);
	str_copy(
		img->note, sizeof(img->note),
		"unpacked once into the store, as squashfuse is not installed or has no /dev/fuse");
	return r < 0 ? r : end;
}

static int squashfs_unpacked(struct image *img, struct err *e)
{
	char program[HELPER_PATH];
	struct trees t;
	int r = trees_open(&t, img->store, &img->st, e);

	if (r < 0)
		return r;
	img->tree = trees_find(&t);
	if (img->tree < 0 && !helper_find("unsquashfs", program))
		r = err_set(
			e, ENOENT,
			"a user's squashfs image needs squashfuse (and /dev/fuse) or unsquashfs: apt "
			"install squashfuse; or use a tar image");
	else if (img->tree < 0)
		r = squashfs_unpack(img, &t, program, e);
	if (r == 0 && img->tree < 0)
		img->tree = trees_find(&t);
	trees_close(&t);
	return r < 0 ? r : img->tree < 0 ? err_sys(e, img->tree, "finding the unpacked image") : 0;
}

int squashfs_user(struct image *img, struct err *e)
{
	char program[HELPER_PATH];
	int r;

	if (helper_avoided("fuse") || !helper_find("squashfuse", program) ||
	    access("/dev/fuse", R_OK | W_OK) < 0)
		r = squashfs_unpacked(img, e);
	else
		r = squashfs_serve(img, program, e);
	return r < 0 ? err_wrap(e, path_base(img->path)) : 0;
}
