/* SPDX-License-Identifier: MIT */
/*
 * The trial of a system that was booted for the first time: [system] boot-slots and boot-trial. When its time has
 * passed and every critical container is up and healthy, the boot loader is told that it is good; else that
 * it is not, and the device boots what was good before. Whoever hangs or crashes earlier is counted out by the boot loader. A child
 * does it, as programs may be called for it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/slots.h"
#include "init/health.h"
#include "init/sup.h"

#define SLOTS_TRIAL_MS 60000 /* unless boot-trial says otherwise */

/* Those that count: the critical ones, or where nobody is, all that start with the device. */
static bool slots_counts(const struct ctr *c, bool critical)
{
	return c->rec.flags & STATE_FLAG_MANIFEST && !c->spec->task &&
	       (critical ? c->spec->critical : c->spec->autostart);
}

static bool slots_is_well(const struct sup *s)
{
	bool critical = false;

	for (const struct ctr *c = s->ctrs; c; c = c->next)
		critical |= c->spec->critical;
	for (const struct ctr *c = s->ctrs; c; c = c->next)
		if (slots_counts(c, critical) && !(c->state == SUP_RUNNING && health_is_good(c)))
			return false;
	return true;
}

/* What is tried runs. */
static void slots_judge(const struct strv *how, const struct slots *now, bool well, struct err *e)
{
	if ((well ? slots_good(how, e) : slots_bad(how, e)) < 0)
		return;
	sup_say(NULL, "slot %s: %s", now->running,
		well ? "is good from now on" : "is not well; the one before is booted");
	/* As reboot(8) asks for it. */
	if (!well)
		kill(getppid(), SIGTERM);
}

static NORETURN void slots_decide(const struct strv *how, bool well)
{
	struct err e = { 0 };
	struct slots now;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (slots_read(how, &now, &e) == 0 && now.trying[0]) {
		if (strcmp(now.trying, now.running) == 0)
			slots_judge(how, &now, well, &e);
		else if (now.count && now.count >= now.limit && slots_bad(how, &e) == 0)
			/* the boot loader has counted it out, and would go on counting */
			sup_say(NULL, "slot %s: was tried %u times in vain; %s is booted",
				now.trying, now.count, now.good);
	}
	if (e.code)
		sup_say(NULL, "boot-slots: %s", e.msg);
	_exit(0);
}

static void slots_time_is_up(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, slots_timer);
	bool well = slots_is_well(s);

	if (!s->going_down && fork() == 0)
		slots_decide(&s->manifest.system.boot_slots, well);
}

void slots_open(struct sup *s)
{
	const struct system_spec *y = &s->manifest.system;

	struct err e = { 0 };

	if (!y->boot_slots.n || !s->is_init)
		return;
	if (slots_check(&y->boot_slots, &e) < 0) {
		sup_say(NULL, "%s", e.msg);
		return;
	}
	s->slots_timer.expired = slots_time_is_up;
	event_timer_set(&s->loop, &s->slots_timer, y->boot_trial ? y->boot_trial : SLOTS_TRIAL_MS);
}

/* Signals stay blocked, as the shutdown that is about to come sends some; what it kills is late anyway. */
int slots_previous(struct sup *s, struct err *e)
{
	struct err why = { 0 };
	pid_t pid;

	if (!s->manifest.system.boot_slots.n)
		return err_set(e, ENOTSUP, "this device has no other slot");
	pid = fork();
	if (pid == 0) {
		if (slots_other(&s->manifest.system.boot_slots, &why) < 0)
			sup_say(NULL, "boot-slots: %s", why.msg);
		_exit(0);
	}
	return pid < 0 ? err_sys(e, errno, "boot-slots: fork") : 0;
}
