/* SPDX-License-Identifier: MIT */
/*
 * The parts of the device's boot, each called once by boot.c or init.c, in the order of the tables there. None
 * may fail for good: they say what goes wrong.
 */
#ifndef INIT_BOOT_H
#define INIT_BOOT_H

#include "core/lib/config.h"
#include "core/system.h"

struct sup;

#define BOOT_WAIT_MS 10000 /* for a device to appear */
#define HOSTNAME_MAX 256

/* Loads "NAME [PARAMETERS]", or the path of a .ko file. 0 also when it is there already. */
int boot_module(const char *text, struct err *e);

/* Waits until device is there, at most ms. 0 or -ENODEV. */
int boot_wait_for(const char *device, uint64_t ms, struct err *e);

/*
 * Mounts, without set-user-id and devices; options are those of mount(8), flags among them. Makes the
 * folder.
 */
int boot_mount_at(const char *device, const char *at, const char *type, const char *options,
		  struct err *e);

/* hostname.c: the name a template stands for, in buf; some name in any case. */
const char *hostname_of(const char *template, char buf[HOSTNAME_MAX]);

/* The number of the board, or -ENOENT and "". */
int device_serial(char *buf, size_t size);

/* Loads one .ko file; one that is there already is as good. */
int boot_module_file(const char *path, const char *params, struct err *e);

/*
 * module.c: loads the module called name (n bytes) after those it depends on. -ENOENT, with nothing in e, when
 * modules.dep has no such module.
 */
int module_with_deps(const char *name, size_t n, const char *params, struct err *e);

/* Its line of the text of modules.dep, which is changed, or NULL. */
char *module_line(char *text, const char *name, size_t n);

/* mounts.c: data, [system] mount and the [mount]s */
void mounts_all(const struct manifest *m);

/* clock.c: sets the clock, and saves it from now on; at the end, saves it once more and sets the RTC. */
void clock_boot(struct sup *s);
void clock_end(struct sup *s);

struct rtc_time;
/* Seconds since 1970, UTC, -1 for no date; and back. */
int64_t clock_of_rtc(const struct rtc_time *t);
void clock_rtc_of(uint64_t ms, struct rtc_time *t);

/* seed.c: uses the seed of the last boot and leaves one for the next; at the end, a better one. */
void seed_boot(const struct system_spec *y);
void seed_end(void);

/* What the next boot is to find, in a child of the shutdown. */
static inline void boot_keep(struct sup *s)
{
	if (IS_ENABLED(CONFIG_CLOCK))
		clock_end(s);
	if (IS_ENABLED(CONFIG_SEED))
		seed_end();
}

#endif
