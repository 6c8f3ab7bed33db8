// SPDX-License-Identifier: MIT
/*
 * Reads a log of disk writes, see writelog.h. Every length is checked against the file; allocates
 * nothing.
 */
#include "tools/vm/writelog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/le.h"

#define MAGIC 0x6a736677736872ULL
#define VERSION 1
#define HEADER 32 /* bytes of an entry's header that mean something */

static int check_super(struct writelog *w, const char *path, struct err *e)
{
	if (w->size < 512 || le_get64(w->map) != MAGIC)
		return err_set(e, EINVAL, "%s: not a log of writes (bad magic)", path);
	if (le_get64(w->map + 8) != VERSION)
		return err_set(e, EINVAL, "%s: log version %u, known is %u", path,
			       (unsigned int)le_get64(w->map + 8), VERSION);
	w->sector = le_get32(w->map + 24);
	if (w->sector < 512 || w->sector > 65536 || (w->sector & (w->sector - 1)))
		return err_set(e, EINVAL, "%s: sector size %u", path, w->sector);
	writelog_rewind(w);
	return 0;
}

int writelog_open(struct writelog *w, const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "%s", path);
	if (st.st_size == 0)
		return err_set(e, EINVAL, "%s: empty", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, errno, "%s: map", path);
	w->map = map;
	w->size = (size_t)st.st_size;
	if (check_super(w, path, e) < 0) {
		writelog_close(w);
		return -EINVAL;
	}
	return 0;
}

void writelog_close(struct writelog *w)
{
	munmap((void *)(uintptr_t)w->map, w->size);
}

void writelog_rewind(struct writelog *w)
{
	w->at = w->sector;
	w->left = le_get64(w->map + 16);
}

int writelog_next(struct writelog *w, struct writelog_entry *entry, struct err *e)
{
	const uint8_t *h = w->map + w->at;
	uint64_t sectors, bytes;

	if (!w->left)
		return 0;
	if (w->at > w->size || w->size - w->at < HEADER)
		return err_set(e, EINVAL, "log: cut short at byte %zu", w->at);
	sectors = le_get64(h + 8);
	bytes = sectors * w->sector;
	entry->flags = le_get64(h + 16);
	entry->offset = le_get64(h) * w->sector;
	entry->len = bytes;
	entry->data = NULL;
	w->at += w->sector;
	w->left--;
	if ((entry->flags & WRITELOG_DISCARD) || !sectors)
		return 1;
	if (sectors > w->size / w->sector || w->at > w->size || bytes > w->size - w->at)
		return err_set(e, EINVAL, "log: entry at byte %zu is longer than the file", w->at);
	entry->data = w->map + w->at;
	w->at += bytes;
	return 1;
}
