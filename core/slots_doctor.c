// SPDX-License-Identifier: MIT
/*
 * What `myctr check` says about [system] boot-slots: are the boot loader's variables where the manifest says, can they be
 * changed, do they name a system to fall back to, does anybody say which one runs? Changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/slots.h"

#define DOCTOR_TEXT 240

struct doctor {
	slots_row_fn *row;
	void *arg;
	unsigned int bad;
};

static void doctor_says(struct doctor *d, bool good, const char *text)
{
	d->row(good ? "found" : "MISSING", "boot-slots", text, d->arg);
	d->bad += !good;
}

/* A file is replaced, so it is its folder that counts. */
static bool doctor_may_write(const struct strv *how)
{
	const char *path = how->n > 1 ? how->v[1] : "", *slash = strrchr(path, '/');
	char dir[DOCTOR_TEXT];

	if (strcmp(how->v[0], "file") != 0 && strcmp(how->v[0], "grub") != 0)
		return true;
	if (!slash)
		return access(".", W_OK) == 0;
	str_format(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	return access(dir, W_OK) == 0;
}

/* Else it is taken to be the one that should. */
static bool doctor_is_told(void)
{
	char line[4096] = "";

	fd_read_text(AT_FDCWD, "/proc/cmdline", line, sizeof(line));
	return strstr(line, "myctr.slot=");
}

static void doctor_reads(struct doctor *d, const struct strv *how, const struct slots *s)
{
	char text[DOCTOR_TEXT];

	str_format(text, sizeof(text), "%s: slot %s is booted%s%s", how->v[0], s->good,
		   s->trying[0] ? ", tried is " : "", s->trying);
	if (s->good[0])
		doctor_says(d, true, text);
	else
		doctor_says(d, false,
			    "the boot loader has no variable slot, so nobody knows what to go back "
			    "to; set it to the system that runs: myctr slot good");
	if (s->good[0] && !doctor_is_told())
		d->row("note", "boot-slots",
		       "the kernel command line does not say which system runs; let the boot "
		       "loader add myctr.slot=NAME",
		       d->arg);
}

unsigned int slots_doctor(const struct strv *how, slots_row_fn *row, void *arg)
{
	struct doctor d = { row, arg, 0 };
	struct err e = { 0 };
	char text[DOCTOR_TEXT];
	struct slots s;

	if (!how->n)
		return 0;
	if (slots_check(how, &e) < 0 || slots_read(how, &s, &e) < 0)
		doctor_says(&d, false, e.msg);
	else
		doctor_reads(&d, how, &s);
	if (d.bad || doctor_may_write(how))
		return d.bad;
	str_format(text, sizeof(text),
		   "%s: its folder cannot be written, so no system can be tried or kept; mount "
		   "it writable",
		   how->v[1]);
	doctor_says(&d, false, text);
	return d.bad;
}
