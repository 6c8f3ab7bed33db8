// SPDX-License-Identifier: MIT
/*
 * What follows when restarts do not help (restart-then = escalate, and critical ones that name nothing else): past
 * its limit a container is started anew together with those that need it, past it again the device reboots, and
 * when it was that container's fault already that it had rebooted, into the other slot. Runs in the
 * supervisor's loop; each step is said and, where it ends the boot, recorded first.
 */
#include <errno.h>
#include <string.h>

#include "core/ctl.h"
#include "init/device.h"

static bool ladder_names(const struct strv *names, const char *name)
{
	for (unsigned int i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	return false;
}

/* They start in order again, once what they wait for is up. */
static void ladder_dependants(struct ctr *c)
{
	for (struct ctr *d = c->sup->ctrs; d; d = d->next) {
		if (d == c || (!ladder_names(&d->spec->after, c->spec->name) &&
			       !ladder_names(&d->spec->requires, c->spec->name)))
			continue;
		if (d->spec->task || (d->state != SUP_RUNNING && d->state != SUP_WAITING))
			continue;
		sup_say(d->spec->name, "restarted together with %s", c->spec->name);
		sup_event(d, SUP_STOP);
		d->rec.flags &= ~(uint32_t)STATE_FLAG_STOPPED;
		d->later = d->state != SUP_IDLE;
		d->wanted = d->state == SUP_IDLE;
	}
}

static void ladder_reboot(struct ctr *c)
{
	struct sup *s = c->sup;
	struct err e = { 0 };
	bool again = s->device.reset == DEVICE_RESET_CRASH_LOOP &&
		     strncmp(s->device.image, c->spec->name, sizeof(s->device.image) - 1) == 0;

	sup_say(c->spec->name, "restarts do not help; rebooting%s",
		again ? " once more, into the other slot if there is one" : "");
	resets_coming(s, DEVICE_RESET_CRASH_LOOP, c->spec->name);
	if (again && slots_previous(s, &e) < 0)
		sup_say(c->spec->name, "%s", e.msg);
	sup_go_down(s, CTL_REBOOT);
}

bool ladder_applies(const struct ctr *c)
{
	return c->spec->restart_then == SPEC_THEN_ESCALATE ||
	       (c->spec->critical && !spec_is_set(c->spec, spec_field("restart-then")));
}

bool ladder_climb(struct ctr *c)
{
	if (c->rung++ == 0) {
		sup_say(c->spec->name, "past its limit of restarts; once more, with who needs it");
		c->rec.failures = 0;
		c->ticking = false;
		ladder_dependants(c);
		return true;
	}
	if (c->sup->is_init)
		ladder_reboot(c);
	return false;
}
