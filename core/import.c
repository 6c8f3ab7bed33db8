/* SPDX-License-Identifier: MIT */
/*
 * Image archives of other programs; see import.h. Runs in the CLI and in the converter of the build machine. What
 * is unpacked on the way has a name of its own and is gone afterwards, also when it fails.
 */
#include "core/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "core/pack.h"

int import_find(const struct import_args *a, const struct import_driver **driver, struct err *e)
{
	*driver = NULL;
	for (DRIVER_EACH(import, d)) {
		int r = (*d)->match(a, e);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		*driver = *d;
		return 1;
	}
	return 0;
}

static int import_pack(struct import_args *a, const char *format, int out, struct err *e)
{
	struct pack_args pack = { .root = a->tree,
				  .name = "what was unpacked",
				  .newest = PACK_TIMES_KEPT };

	return pack_write(&pack, format, out, e);
}

/* Locked while we live. -EAGAIN when a collector had it before the lock was ours. */
static int import_work(int dir, char *name, size_t size)
{
	uint64_t random;
	struct stat st;
	int fd = sys_random(&random, sizeof(random));

	if (fd < 0)
		return fd;
	str_format(name, size, ".new-%016" PRIx64, random);
	if (mkdirat(dir, name, 0700) < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink)
		return fd;
	fd_close(&fd);
	return -EAGAIN;
}

int import_write(struct import_args *a, const struct import_driver *driver, int dir,
		 const char *format, int out, struct err *e)
{
	const struct pack_driver *pack;
	const struct codec_driver *codec;
	char name[40];
	int r = pack_find(format, &pack, &codec, e);

	if (r < 0)
		return r;
	do {
		a->work = import_work(dir, name, sizeof(name));
	} while (a->work == -EAGAIN);
	if (a->work < 0)
		return err_sys(e, a->work, "%s: cannot make a folder to unpack in", a->name);
	a->tree = -1;
	r = driver->load(a, e);
	if (r == 0)
		r = import_pack(a, format, out, e);
	fd_close(&a->tree);
	path_remove(dir, name);
	fd_close(&a->work);
	return r;
}
