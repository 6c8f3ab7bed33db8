// SPDX-License-Identifier: MIT
/*
 * Verified images that turn out to be damaged: the kernel gives the reader an I/O error and tells us by a uevent of
 * the dm-verity device (drivers/md/dm-verity-target.c). Every container of that image is marked until its next
 * start, and it is said once each. Nobody is stopped: what to do is for the health check and the restarts.
 */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "init/sup.h"

#define DAMAGE_OURS "myctr-" /* names as drivers/image/verity.c makes them, the root hash last */

/* The root hash of the device, "" when it is none of ours. */
static const char *damage_root(const char *devname, char name[DM_NAME_LEN])
{
	char path[64 + 200];
	const char *root;

	str_format(path, sizeof(path), "/sys/class/block/%s/dm/name", path_base(devname));
	if (fd_read_text(AT_FDCWD, path, name, DM_NAME_LEN) <= 0 ||
	    strncmp(name, DAMAGE_OURS, strlen(DAMAGE_OURS)) != 0)
		return "";
	root = strrchr(name, '-');
	return root + 1;
}

void damage_note(struct sup *s, const char *devname, const char *block)
{
	char name[DM_NAME_LEN];
	const char *root = damage_root(devname, name), *number = strchr(block, ',');

	for (struct ctr *c = s->ctrs; c && *root; c = c->next) {
		if (!c->spec->verity || strcmp(c->spec->verity, root) != 0 ||
		    c->rec.phase < STATE_STARTING || c->rec.phase >= STATE_WAITING ||
		    c->rec.flags & STATE_FLAG_DAMAGED)
			continue;
		c->rec.flags |= STATE_FLAG_DAMAGED;
		/* A launcher at work writes the record, too; what it is when that has ended is written then. */
		if (c->rec.phase != STATE_STARTING)
			records_put(c, c->rec.phase);
		sup_say(c->spec->name, "image %s is damaged: block %.20s is not what verity says",
			c->spec->image, number ? number + 1 : block);
	}
}
