/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's table as everybody else sees it: one record per container in the runtime state
 * file, and restarts, exits and OOMs in the one that outlives power. A disk that is full or read-only
 * never stops a container: it is said once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "init/sup.h"

int records_open(struct sup *s, struct err *e)
{
	char path[PATHS_MAX];
	struct err disk = { 0 };
	int r;

	paths_of(path, paths.run, "state", NULL);
	r = state_open(&s->state, path, CONFIG_STATE_RECORDS, true, false, e);
	if (r < 0)
		return r;
	paths_of(path, paths.data, "state", NULL);
	if (path_mkdirs(paths.data, 0755) < 0 ||
	    state_open(&s->disk, path, CONFIG_STATE_RECORDS, true, true, &disk) < 0) {
		s->disk.file.fd = -1;
		sup_say(NULL, "restarts and exits will not outlive power: %s",
			disk.code ? disk.msg : "the data folder cannot be made");
	}
	return 0;
}

int records_claim(struct ctr *c, struct err *e)
{
	struct state_record old;
	uint64_t ticks = 0;
	int slot = state_claim(&c->sup->state, STATE_CONTAINER, c->spec->name, &c->rec, e);

	if (slot < 0)
		return slot;
	c->slot = slot;
	sys_start_time(getpid(), &ticks);
	c->rec.owner = (uint32_t)getpid();
	c->rec.owner_ticks = ticks;
	if (!c->rec.created)
		c->rec.created = stamp_now();
	str_copy(c->rec.image, sizeof(c->rec.image), path_base(c->spec->image));
	if (c->sup->disk.file.fd >= 0 &&
	    state_find(&c->sup->disk, STATE_CONTAINER, c->spec->name, &old) >= 0 &&
	    !c->rec.restarts) {
		c->rec.restarts = old.restarts;
		c->rec.ooms = old.ooms;
		c->rec.log_bytes = old.log_bytes;
		c->rec.log_day = old.log_day;
		c->rec.flags |= old.flags & (STATE_FLAG_STOPPED | STATE_FLAG_REFUSED);
	}
	return 0;
}

void records_put(struct ctr *c, unsigned int phase)
{
	c->rec.phase = (uint8_t)phase;
	c->rec.flags &= ~(uint32_t)STATE_FLAG_WANTED;
	if (c->wanted && state_is_down(&c->rec))
		c->rec.flags |= STATE_FLAG_WANTED;
	else if (IS_ENABLED(CONFIG_WHEN))
		c->rec.reason[0] = '\0';
	if (c->slot >= 0)
		state_put(&c->sup->state, (uint32_t)c->slot, &c->rec);
}

void records_keep(struct ctr *c)
{
	struct state_record r;
	struct err e = { 0 };

	if (c->sup->disk.file.fd < 0 || (c->rec.flags & STATE_FLAG_RM))
		return;
	if (c->disk_slot < 0)
		c->disk_slot = state_claim(&c->sup->disk, STATE_CONTAINER, c->spec->name, &r, &e);
	if (c->disk_slot >= 0 && state_put(&c->sup->disk, (uint32_t)c->disk_slot, &c->rec) >= 0)
		return;
	sup_say(c->spec->name, "its restarts and exits cannot be kept on disk any more%s%s",
		e.code ? ": " : "", e.msg);
	state_close(&c->sup->disk);
	c->sup->disk.file.fd = -1;
}

void records_drop(struct ctr *c)
{
	int slot;

	if (c->slot >= 0)
		state_drop(&c->sup->state, (uint32_t)c->slot, c->spec->name);
	c->slot = -1;
	if (c->sup->disk.file.fd < 0)
		return;
	slot = state_find(&c->sup->disk, STATE_CONTAINER, c->spec->name, NULL);
	if (slot >= 0)
		state_drop(&c->sup->disk, (uint32_t)slot, c->spec->name);
}
