// SPDX-License-Identifier: MIT
/*
 * The watchdog: fed from PID 1's loop, so only while that turns, and only while every critical container is well
 * or has not been unwell for too long. It is stopped (magic close) only where the device goes down in order; a
 * PID 1 that dies leaves it running. Source: Documentation/watchdog/watchdog-api.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/marks.h"
#include "init/boot.h"
#include "init/device.h"

#define WATCHDOG_DEVICE "/dev/watchdog"
#define WATCHDOG_UP_MS 10000 /* without a health key, one that is up this long is well */
#define WATCHDOG_LAST_S 60   /* for what is left of a shutdown */

static void watchdog_feed(const struct sup *s)
{
	if (write(s->dog.fd, "", 1) < 0)
		ioctl(s->dog.fd, WDIOC_KEEPALIVE, 0);
}

/* ---- are they well? --------------------------------------------------------------------------------- */

/* Down because somebody wants it so, or because its work is done. */
static bool watchdog_may_be_down(const struct ctr *c)
{
	if (c->wanted)
		return false;
	return c->rec.phase == STATE_CREATED || c->rec.flags & STATE_FLAG_STOPPED ||
	       (c->spec->task && c->rec.phase == STATE_EXITED && !c->rec.exit);
}

/* 1, 0, or -1: it is too early to say. */
static int watchdog_is_well(const struct ctr *c, uint64_t now)
{
	if (watchdog_may_be_down(c))
		return 1;
	if (c->state != SUP_RUNNING || c->rec.health == STATE_UNHEALTHY)
		return 0;
	if (c->rec.health == STATE_HEALTHY)
		return 1;
	return c->rec.health == STATE_HEALTH_NONE && now - c->started >= WATCHDOG_UP_MS ? 1 : -1;
}

/* A critical one whose patience is over, or NULL. */
static const struct ctr *watchdog_victim(struct sup *s)
{
	const struct ctr *victim = NULL;
	uint64_t now = event_now();

	for (struct ctr *c = s->ctrs; c; c = c->next) {
		int well = c->spec->critical ? watchdog_is_well(c, now) : 1;

		if (well > 0)
			c->unwell = 0;
		else if (well == 0 && !c->unwell)
			c->unwell = now;
		if (c->unwell && now - c->unwell >= c->spec->critical_timeout)
			victim = c;
	}
	return victim;
}

static void watchdog_tick(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, dog.timer);
	const struct ctr *c = s->going_down ? NULL : watchdog_victim(s);

	if (!c) {
		watchdog_feed(s);
	} else if (!s->dog.starves) {
		sup_say(c->spec->name, "critical and not well; the watchdog is not fed any more");
		resets_coming(s, DEVICE_RESET_WATCHDOG, c->spec->name);
	}
	if (s->dog.starves && !c) {
		sup_say(NULL, "the watchdog is fed again");
		resets_coming(s, DEVICE_RESET_UNKNOWN, NULL);
	}
	s->dog.starves = c != NULL;
	event_timer_set(&s->loop, t, s->dog.every);
}

/* ---- the device -------------------------------------------------------------------------------------- */

/* The kernel's own timer where the board has none. */
static int watchdog_find(enum device_watchdog *kind)
{
	int fd = open(WATCHDOG_DEVICE, O_WRONLY | O_CLOEXEC);
	struct err e = { 0 };

	*kind = DEVICE_DOG_HARDWARE;
	if (fd >= 0 || (errno != ENOENT && errno != ENODEV && errno != ENXIO))
		return fd < 0 ? -errno : fd;
	*kind = DEVICE_DOG_SOFTWARE;
	if (boot_module("softdog", &e) < 0)
		return -ENODEV;
	fd = open(WATCHDOG_DEVICE, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void watchdog_name(struct sup *s, enum device_watchdog *kind)
{
	struct watchdog_info info = { 0 };
	int seconds;

	if (ioctl(s->dog.fd, WDIOC_GETSUPPORT, &info) < 0)
		return;
	info.identity[sizeof(info.identity) - 1] = '\0';
	str_copy(s->device.reason, sizeof(s->device.reason), (const char *)info.identity);
	if (strcmp((const char *)info.identity, "Software Watchdog") == 0)
		*kind = DEVICE_DOG_SOFTWARE;
	seconds = (int)(s->device.log_day / 4);
	/* It tells the kernel, which can leave word, before it resets. */
	if (info.options & WDIOF_PRETIMEOUT && seconds > 0 &&
	    ioctl(s->dog.fd, WDIOC_SETPRETIMEOUT, &seconds) == 0 &&
	    ioctl(s->dog.fd, WDIOC_GETPRETIMEOUT, &seconds) == 0 && seconds > 0)
		s->device.log_bytes = (uint64_t)seconds;
}

/* What it really has, whatever was asked for. */
static int watchdog_set(int fd, int wanted)
{
	int seconds = wanted;

	ioctl(fd, WDIOC_SETTIMEOUT, &seconds);
	if (ioctl(fd, WDIOC_GETTIMEOUT, &seconds) < 0 || seconds < 1)
		seconds = wanted;
	return seconds;
}

static void watchdog_none(struct sup *s, int code)
{
	char text[96];

	str_format(text, sizeof(text), "none here (%s: %s), nor the module softdog",
		   WATCHDOG_DEVICE, err_text(-code));
	sup_say("watchdog", "%s", text);
	marks_add("watchdog", text);
	s->device.exit = DEVICE_DOG_NONE;
}

void watchdog_open(struct sup *s)
{
	uint64_t ms = s->manifest.system.watchdog;
	enum device_watchdog kind;
	int wanted = (int)((ms + 999) / 1000), status = 0;

	s->dog.fd = -1;
	if (!ms)
		return;
	s->dog.fd = watchdog_find(&kind);
	if (s->dog.fd < 0) {
		watchdog_none(s, s->dog.fd);
		return;
	}
	s->device.log_day = (uint32_t)watchdog_set(s->dog.fd, wanted);
	watchdog_feed(s);
	watchdog_name(s, &kind);
	s->device.exit = (uint8_t)kind;
	s->dog.reset = ioctl(s->dog.fd, WDIOC_GETBOOTSTATUS, &status) == 0 &&
		       (status & WDIOF_CARDRESET);
	if ((int)s->device.log_day != wanted)
		sup_say("watchdog", "%s takes %u s instead of %d", s->device.reason,
			s->device.log_day, wanted);
	if (kind == DEVICE_DOG_SOFTWARE)
		sup_say("watchdog", "only the kernel's own timer");
	s->dog.every = (uint64_t)s->device.log_day * 1000 / 4;
	s->dog.timer.expired = watchdog_tick;
	event_timer_set(&s->loop, &s->dog.timer, s->dog.every);
}

void watchdog_last(struct sup *s)
{
	if (s->dog.fd < 0)
		return;
	watchdog_set(s->dog.fd, WATCHDOG_LAST_S);
	watchdog_feed(s);
}

void watchdog_close(struct sup *s)
{
	if (s->dog.fd < 0)
		return;
	if (write(s->dog.fd, "V", 1) == 1)
		close(s->dog.fd);
	s->dog.fd = -1;
}
