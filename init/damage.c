// SPDX-License-Identifier: MIT
/*
 * Verified images that turn out to be damaged: the kernel gives the reader an I/O error and tells us by a uevent of
 * the dm-verity device (drivers/md/dm-verity-target.c). Every container of that file is marked until its next
 * start, and it is said once each. Nobody is stopped: what to do is for the health check and the restarts.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/dm-ioctl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "init/sup.h"

#define DAMAGE_OURS \
	"myctr-" /* names as drivers/image/verity.c makes them: loop device, root hash */

/* The root hash of the device, "" when it is none of ours; is is the file below it, if that can be told. */
static const char *damage_root(const char *devname, char name[DM_NAME_LEN], struct stat *is)
{
	char path[64 + 200], file[PATH_MAX];
	char *root, *minor;

	str_format(path, sizeof(path), "/sys/class/block/%s/dm/name", path_base(devname));
	if (fd_read_text(AT_FDCWD, path, name, DM_NAME_LEN) <= 0 ||
	    strncmp(name, DAMAGE_OURS, strlen(DAMAGE_OURS)) != 0)
		return "";
	root = strrchr(name, '-');
	*root++ = '\0';
	minor = strrchr(name, '-');
	if (minor)
		*minor = ':';
	str_format(path, sizeof(path), "/sys/dev/block/%s/loop/backing_file",
		   name + strlen(DAMAGE_OURS));
	if (fd_read_text(AT_FDCWD, path, file, sizeof(file)) <= 0 || stat(file, is) < 0)
		is->st_ino = 0;
	return root;
}

/* Copies have one root hash. What is not known to be another file is the damaged one. */
static bool damage_is_of(const struct ctr *c, const struct stat *is)
{
	struct stat st;

	return !is->st_ino || stat(c->spec->image, &st) < 0 ||
	       (st.st_ino == is->st_ino && st.st_dev == is->st_dev);
}

void damage_note(struct sup *s, const char *devname, const char *block)
{
	char name[DM_NAME_LEN];
	struct stat is;
	const char *root = damage_root(devname, name, &is), *number = strchr(block, ',');

	for (struct ctr *c = s->ctrs; c && *root; c = c->next) {
		if (!c->spec->verity || strcmp(c->spec->verity, root) != 0 ||
		    c->rec.phase < STATE_STARTING || c->rec.phase >= STATE_WAITING ||
		    c->rec.flags & STATE_FLAG_DAMAGED || !damage_is_of(c, &is))
			continue;
		c->rec.flags |= STATE_FLAG_DAMAGED;
		/* A launcher at work writes the record, too; what it is when that has ended is written then. */
		if (c->rec.phase != STATE_STARTING)
			records_put(c, c->rec.phase);
		sup_say(c->spec->name, "image %s is damaged: block %.20s is not what verity says",
			c->spec->image, number ? number + 1 : block);
	}
}
