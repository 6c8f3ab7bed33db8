/* SPDX-License-Identifier: MIT */
/*
 * The factory reset: see factory.h. Runs once at boot, before the state is opened. Must never remove anything
 * without a wish of an earlier boot, nor the wish before all is done.
 */
#include "core/factory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/boot_id.h"
#include "core/lib/fd.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "core/store.h"

static int factory_folder(struct err *e)
{
	int fd = open(paths.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, errno, "%s", paths.data) : fd;
}

int factory_mark(struct err *e)
{
	uint8_t boot[8];
	AUTO_FD int dir = -1;
	int r = path_mkdirs(paths.data, 0755);

	dir = r < 0 ? err_sys(e, r, "%s", paths.data) : factory_folder(e);
	if (dir < 0)
		return dir;
	le_put64(boot, boot_id());
	r = fd_replace(dir, FACTORY_MARK, boot, sizeof(boot), 0600, true);
	return r < 0 ? err_sys(e, r, "%s: cannot write the wish for a reset", paths.data) : 0;
}

static bool factory_is_due(int dir)
{
	AUTO_FD int fd = openat(dir, FACTORY_MARK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t boot[8] = { 0 };

	if (fd < 0)
		return false;
	return fd_read(fd, boot, sizeof(boot)) != sizeof(boot) || le_get64(boot) != boot_id() ||
	       !le_get64(boot);
}

static bool factory_keeps(const struct system_spec *y, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, FACTORY_DIR) == 0 ||
	    strcmp(name, FACTORY_MARK) == 0 || strcmp(name, "lost+found") == 0 ||
	    (!y->factory_keep.n && strcmp(name, "images") == 0))
		return true;
	for (unsigned int i = 0; i < y->factory_keep.n; i++)
		if (strcmp(y->factory_keep.v[i], name) == 0)
			return true;
	return false;
}

/* All but what y keeps; NULL: all. The first error. */
static int factory_empty(int dir, const struct system_spec *y, struct err *e)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3), r, result = 0;
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d)
		return err_sys(e, errno, "looking for what is to be removed");
	rewinddir(d);
	while ((entry = readdir(d)) != NULL) {
		if (y ? factory_keeps(y, entry->d_name)
		      : strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = path_remove(dir, entry->d_name);
		if (r < 0 && r != -ENOENT && result == 0)
			result = err_sys(e, r, "%s: cannot be removed", entry->d_name);
	}
	if (fsync(dir) < 0 && result == 0)
		result = err_sys(e, errno, "writing to the device");
	return result;
}

/* What updates have brought; their names begin so. */
static int factory_images(struct err *e)
{
	struct store_item item;
	struct store s;
	int r = store_is_there() ? store_open_writable(&s, e) : -ENOENT;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (uint32_t i = 0; store_next(&s, &i, &item);)
		if (item.kind == STORE_TAG && strncmp(item.name, "slots/", 6) == 0 &&
		    store_untag(&s, item.name, NULL) == 0)
			store_remove(&s, item.id, true, NULL);
	store_close(&s);
	return 0;
}

static int factory_wipe_one(const char *path, struct err *e)
{
	AUTO_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s", path);
	return factory_empty(dir, NULL, e);
}

int factory_wipe(const struct system_spec *y, struct err *e)
{
	AUTO_FD int dir = open(paths.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err more = { 0 };
	int r;

	if (dir < 0 || !factory_is_due(dir))
		return 0;
	r = factory_empty(dir, y, e);
	if (IS_ENABLED(CONFIG_IMAGE_STORE) && factory_images(r < 0 ? &more : e) < 0)
		r = r < 0 ? r : -e->code;
	for (unsigned int i = 0; i < y->factory_wipe.n; i++)
		if (factory_wipe_one(y->factory_wipe.v[i], r < 0 ? &more : e) < 0)
			r = r < 0 ? r : -e->code;
	if (r < 0)
		return r;
	sync();
	if (unlinkat(dir, FACTORY_MARK, 0) < 0 || fsync(dir) < 0)
		return err_sys(e, errno, "%s: cannot take the wish for a reset away", paths.data);
	return 1;
}
