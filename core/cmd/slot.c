/* SPDX-License-Identifier: MIT */
/*
 * `myctr slot`: which of two systems the boot loader boots. For people, and for the post-install handlers of
 * RAUC, SWUpdate and Mender.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/out.h"
#include "core/slots.h"
#include "core/system.h"

static int slot_say(const struct strv *how, struct err *e)
{
	struct out o = OUT(STDOUT_FILENO);
	struct slots s;
	int r = slots_read(how, &s, e);

	if (r < 0)
		return r;
	out_printf(&o, "running\t%s\ngood\t%s\ntrying\t%s\nboots\t%u of %u\n", s.running, s.good,
		   s.trying[0] ? s.trying : "-", s.count, s.limit);
	return out_flush(&o);
}

static int slot_do(const struct strv *how, const char *verb, const char *name, struct err *e)
{
	if (!how->n)
		return err_set(e, ENOENT, "the manifest has no [system] boot-slots");
	if (!name && strcmp(verb, "status") == 0)
		return slot_say(how, e);
	if (!name && strcmp(verb, "good") == 0)
		return slots_good(how, e);
	if (!name && strcmp(verb, "bad") == 0)
		return slots_bad(how, e);
	if (name && strcmp(verb, "try") == 0)
		return slots_try(how, name, e);
	return err_set(e, EINVAL, "slot: expected status, try SLOT, good or bad");
}

static int slot_run(struct cmd_line *line)
{
	struct manifest m = { 0 };
	struct err e = { 0 };
	int r = manifest_load(&m, &e);

	if (r >= 0)
		r = slot_do(&m.system.boot_slots, line->n_args ? line->args[0] : "status",
			    line->n_args > 1 ? line->args[1] : NULL, &e);
	manifest_free(&m);
	return r < 0 ? cmd_fail(&e) : 0;
}

COMMAND(slot) = {
	.name = "slot",
	.group = CMD_DEVICE,
	.args = "[status | try SLOT | good | bad]",
	.about = "which of two systems the boot loader boots next",
	.max_args = 2,
	.run = slot_run,
};
