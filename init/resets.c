// SPDX-License-Identifier: MIT
/*
 * Why the device was reset, and how often it has booted: one record in the state file on disk, written as it
 * comes up, as it goes down, and when somebody is about to reset it. A panic is what the kernel has left in
 * pstore; its text is kept in the data folder. Must never keep the device from booting. Sources:
 * Documentation/admin-guide/pstore-blk.rst, ramoops.rst.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "init/device.h"

#define RESETS_PSTORE "/sys/fs/pstore"
#define RESETS_PANIC_MAX (16U << 10) /* bytes kept of one */

/* ---- panics ------------------------------------------------------------------------------------------ */

/* What it said last is at the end of the part that is called the first. */
static void resets_keep_panic(const char *text, size_t len)
{
	char path[PATHS_MAX];

	if (len > RESETS_PANIC_MAX) {
		text += len - RESETS_PANIC_MAX;
		len = RESETS_PANIC_MAX;
	}
	if (paths_join(path, paths.data, "panic", NULL) >= 0 &&
	    fd_replace(AT_FDCWD, path, text, len, 0600, true) >= 0)
		sup_say(NULL, "the kernel had panicked; what it said is in %s", path);
}

/* Read once and then gone, so that it does not speak for the next reset, too. */
static bool resets_panic(void)
{
	AUTO_DIR DIR *d = NULL;
	struct dirent *entry;
	bool panic = false;

	mount("pstore", RESETS_PSTORE, "pstore", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	d = opendir(RESETS_PSTORE);
	while (d && (entry = readdir(d)) != NULL) {
		AUTO_FREE char *text = NULL;
		size_t len;

		if (strncmp(entry->d_name, "dmesg-", 6) != 0 ||
		    fd_slurp(dirfd(d), entry->d_name, 1 << 20, &text, &len) < 0)
			continue;
		if (!panic && strncmp(text, "Panic#", 6) == 0) {
			panic = true;
			resets_keep_panic(text, len);
		}
		unlinkat(dirfd(d), entry->d_name, 0);
	}
	return panic;
}

/* ---- the record -------------------------------------------------------------------------------------- */

static void resets_put(struct sup *s)
{
	if (s->disk.file.fd >= 0 && s->device_disk >= 0)
		state_put(&s->disk, (uint32_t)s->device_disk, &s->device);
	resets_show(s);
}

void resets_show(struct sup *s)
{
	struct state_record r;
	struct err e;
	int slot = state_claim(&s->state, STATE_SYSTEM, DEVICE_NAME, &r, &e);

	if (slot >= 0)
		state_put(&s->state, (uint32_t)slot, &s->device);
}

/* Another binary has begun this boot. */
static void resets_resume(struct sup *s)
{
	struct state_record now = s->device, r;

	if (state_find(&s->state, STATE_SYSTEM, DEVICE_NAME, &r) < 0)
		return;
	s->device = r;
	s->device.exit = now.exit;
	s->device.log_day = now.log_day;
	s->device.log_bytes = now.log_bytes;
	memcpy(s->device.reason, now.reason, sizeof(now.reason));
	if (s->disk.file.fd >= 0)
		s->device_disk = state_find(&s->disk, STATE_SYSTEM, DEVICE_NAME, NULL);
	resets_show(s);
}

void resets_boot(struct sup *s)
{
	struct state_record before = { 0 };
	struct err e = { 0 };
	bool known, panic;

	s->device_disk = -1;
	if (sup_resumed(s)) {
		resets_resume(s);
		return;
	}
	if (s->disk.file.fd >= 0)
		s->device_disk = state_claim(&s->disk, STATE_SYSTEM, DEVICE_NAME, &before, &e);
	panic = resets_panic();
	known = s->device_disk >= 0 && before.restarts;
	s->device.kind = STATE_SYSTEM;
	str_copy(s->device.name, sizeof(s->device.name), DEVICE_NAME);
	s->device.reset = (uint8_t)device_judge(known ? &before : NULL, s->dog.reset, panic);
	/* Without the file nobody can say. */
	if (s->device_disk < 0 && s->device.reset == DEVICE_RESET_FIRST)
		s->device.reset = DEVICE_RESET_UNKNOWN;
	s->device.restarts = before.restarts + 1;
	s->device.phase = STATE_RUNNING;
	s->device.started = stamp_now();
	s->device.owner = (uint32_t)getpid();
	/* Whom the watchdog or the ladder had blamed. */
	if (s->device.reset == DEVICE_RESET_WATCHDOG || s->device.reset == DEVICE_RESET_CRASH_LOOP)
		str_copy(s->device.image, sizeof(s->device.image), before.image);
	resets_put(s);
	sup_say(NULL, "boot %u; last reset: %s%s%s", s->device.restarts,
		device_reset_name(s->device.reset), *s->device.image ? ", because of " : "",
		s->device.image);
}

void resets_coming(struct sup *s, enum device_reset why, const char *who)
{
	struct state_record r = s->device;

	s->device.cause = (uint8_t)why;
	/* For the next boot; those who look now are told of the last one. */
	r.cause = (uint8_t)why;
	str_copy(r.image, sizeof(r.image), who ? who : "");
	str_copy(s->device_who, sizeof(s->device_who), r.image);
	if (s->disk.file.fd >= 0 && s->device_disk >= 0)
		state_put(&s->disk, (uint32_t)s->device_disk, &r);
	resets_show(s);
}

/* The flag is in the file already when it is said the second time. */
void resets_refused(struct ctr *c, bool refused)
{
	uint32_t flags = c->rec.flags;

	if (!c->sup->going_down || !c->sup->is_init)
		return;
	c->rec.flags &= ~(uint32_t)STATE_FLAG_REFUSED;
	c->rec.flags |= refused ? STATE_FLAG_REFUSED : 0;
	if (c->rec.flags != flags)
		records_keep(c);
}

void resets_end(struct sup *s)
{
	if (!s->device.restarts)
		return;
	s->device.phase = STATE_EXITED;
	if (s->device.cause == DEVICE_RESET_CRASH_LOOP)
		resets_coming(s, DEVICE_RESET_CRASH_LOOP, s->device_who);
	else
		resets_coming(s, DEVICE_RESET_REQUESTED, NULL);
}
