// SPDX-License-Identifier: MIT
/*
 * The clock of the device: from the RTC as it boots, and never earlier than the last time that is known: that of
 * the build, of our own files, or the one saved on the data partition now and then and at the end. Nothing here
 * waits. The RTC is taken to be UTC. Source: rtc(4), Documentation/admin-guide/rtc.rst, adjtimex(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "init/boot.h"
#include "init/sup.h"

#ifndef CLOCK_BUILD
#define CLOCK_BUILD 1767225600 /* 2026-01-01, where the build names no SOURCE_DATE_EPOCH */
#endif
#define CLOCK_END INT64_C(4102444800) /* 2100-01-01: an RTC that says more than this is wrong */
#define CLOCK_SAVE_MS 3600000
#define CLOCK_RECORD "clock" /* its STATE_SYSTEM record: ended is the time */

/* Both by way of a stamp, "2031-05-06T07:08:09.000Z", which somebody else can read and write already. */
int64_t clock_of_rtc(const struct rtc_time *t)
{
	char text[STAMP_LEN + 40];
	uint64_t ms;

	str_format(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.000Z", t->tm_year + 1900,
		   t->tm_mon + 1, t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec);
	return stamp_parse(text, &ms) ? (int64_t)(ms / 1000) : -1;
}

void clock_rtc_of(uint64_t ms, struct rtc_time *t)
{
	char text[STAMP_LEN + 1];
	int *const to[] = { &t->tm_year, &t->tm_mon, &t->tm_mday,
			    &t->tm_hour, &t->tm_min, &t->tm_sec };
	const char *p = stamp_format(ms, text);

	*t = (struct rtc_time){ 0 };
	for (unsigned int i = 0; i < ARRAY_SIZE(to); i++, p++)
		for (; *p >= '0' && *p <= '9'; p++)
			*to[i] = *to[i] * 10 + *p - '0';
	t->tm_year -= 1900;
	t->tm_mon -= 1;
}

static int clock_open_rtc(void)
{
	int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? open("/dev/rtc", O_RDONLY | O_CLOEXEC) : fd;
}

/* Seconds since 1970, or -1 without one that can be read. */
static int64_t clock_rtc(void)
{
	AUTO_FD int fd = clock_open_rtc();
	struct rtc_time t = { 0 };

	return fd < 0 || ioctl(fd, RTC_RD_TIME, &t) < 0 ? -1 : clock_of_rtc(&t);
}

static int64_t clock_of_files(void)
{
	static const char *const files[] = { "/sbin/init", "/init", "/usr/bin/myctr",
					     CONFIG_ETC_DIR "/manifest" };
	int64_t latest = 0;
	struct stat st;

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		if (stat(files[i], &st) == 0 && st.st_mtime > latest && st.st_mtime < CLOCK_END)
			latest = st.st_mtime;
	return latest;
}

static int64_t clock_saved(struct sup *s)
{
	struct state_record r;

	if (s->disk.file.fd < 0 || state_find(&s->disk, STATE_SYSTEM, CLOCK_RECORD, &r) < 0)
		return 0;
	return (int64_t)(r.ended / 1000);
}

static void clock_set(int64_t to, const char *why)
{
	struct timespec ts = { .tv_sec = (time_t)to };
	char text[STAMP_LEN + 1];

	if (clock_settime(CLOCK_REALTIME, &ts) < 0)
		sup_say("clock", "cannot be set: %s", err_text(errno));
	else
		sup_say("clock", "set to %s, %s", stamp_format((uint64_t)to * 1000, text), why);
}

/* One write of the state file; a disk that is full or read-only has been complained of already. */
static void clock_save(struct sup *s)
{
	struct state_record r;
	int slot;

	if (s->disk.file.fd < 0)
		return;
	slot = state_claim(&s->disk, STATE_SYSTEM, CLOCK_RECORD, &r, NULL);
	r.ended = stamp_now();
	if (slot >= 0)
		state_put(&s->disk, (uint32_t)slot, &r);
}

static void clock_expired(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, clock_timer);

	clock_save(s);
	event_timer_set(&s->loop, t, CLOCK_SAVE_MS);
}

void clock_boot(struct sup *s)
{
	int64_t floor = CLOCK_BUILD, now = (int64_t)(stamp_now() / 1000), rtc = clock_rtc();
	int64_t files = clock_of_files(), saved = clock_saved(s);

	floor = files > floor ? files : floor;
	floor = saved > floor ? saved : floor;
	s->when.time_good = rtc >= floor && rtc < CLOCK_END;
	/* The binary before us has set it, and somebody else perhaps better since. */
	if (s->when.time_good && !sup_resumed(s) && (now < rtc - 2 || now > rtc + 2))
		clock_set(rtc, "as the RTC says");
	else if (!s->when.time_good && (now < floor || now >= CLOCK_END))
		clock_set(floor, rtc < 0 ? "the last that is known; there is no RTC"
					 : "the last that is known; the RTC is wrong");
	clock_save(s);
	s->clock_timer.expired = clock_expired;
	event_timer_set(&s->loop, &s->clock_timer, CLOCK_SAVE_MS);
}

/* Only a time that somebody vouches for goes to the RTC. */
static void clock_to_rtc(void)
{
	struct timex x = { .modes = 0 };
	AUTO_FD int fd = -1;
	struct rtc_time t;

	if (adjtimex(&x) == TIME_ERROR || x.status & STA_UNSYNC)
		return;
	clock_rtc_of(stamp_now(), &t);
	fd = clock_open_rtc();
	if (fd >= 0 && ioctl(fd, RTC_SET_TIME, &t) < 0)
		sup_say("clock", "the RTC cannot be set: %s", err_text(errno));
}

void clock_end(struct sup *s)
{
	clock_save(s);
	clock_to_rtc();
}
