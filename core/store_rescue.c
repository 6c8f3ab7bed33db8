/* SPDX-License-Identifier: MIT */
/*
 * A new index for images that have none any more: see store.h. Runs when the store is opened for writing and
 * there is no index. Must never list a file that is not what its name says, and be of no effect until it is done.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "core/store_part.h"

#define RESCUE_INDEX "index.rescue"

/* A whole file becomes an image without a name. */
static int rescue_file(struct store *s, const char *id, struct err *e)
{
	struct store_item item = { .kind = STORE_IMAGE, .format = "?", .created = stamp_now() };
	AUTO_FD int fd = store_open_image(s, id, NULL);
	char conf[STORE_ENTRY], now[STORE_ID];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size ||
	    store_hash(fd, now) < 0 || strcmp(now, id) != 0)
		return 0;
	memcpy(item.id, id, sizeof(item.id));
	str_format(conf, sizeof(conf), STORE_FILES "/%s" STORE_CONF, id);
	item.size = (uint64_t)st.st_size;
	item.flags = faccessat(s->dir, conf, F_OK, 0) == 0 ? STORE_CONFIG : 0;
	return store_put(s, &item, e);
}

static int rescue_files(struct store *s, struct err *e)
{
	AUTO_FD int fd = openat(s->dir, STORE_FILES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return err_sys(e, errno, "%s: cannot read", s->path);
	fd = -1;
	while (r == 0 && (entry = readdir(d)) != NULL)
		if (store_is_id(entry->d_name))
			r = rescue_file(s, entry->d_name, e);
	return r;
}

/* Built under another name: one that a kill or a power cut left half is begun again. */
static int rescue_locked(struct store *s, struct err *e)
{
	int r;

	if (faccessat(s->dir, STORE_INDEX, F_OK, 0) == 0)
		return 0;
	unlinkat(s->dir, RESCUE_INDEX, 0);
	r = store_open_index(s, RESCUE_INDEX, true, e);
	if (r == 0)
		r = rescue_files(s, e);
	record_close(&s->index);
	if (r == 0 &&
	    (renameat(s->dir, RESCUE_INDEX, s->dir, STORE_INDEX) < 0 || fsync(s->dir) < 0))
		r = err_sys(e, errno, "%s: cannot make the index", s->path);
	return r;
}

int store_rescue(struct store *s, struct err *e)
{
	int r;

	if (faccessat(s->dir, STORE_INDEX, F_OK, 0) == 0)
		return 0;
	if (flock(s->dir, LOCK_EX) < 0)
		return err_sys(e, errno, "%s: cannot lock", s->path);
	r = rescue_locked(s, e);
	flock(s->dir, LOCK_UN);
	return r;
}
