/* SPDX-License-Identifier: MIT */
/*
 * Two systems on one device, and a boot loader that chooses: [system] boot-slots. The variables are U-Boot's where
 * U-Boot has some, and the same everywhere:
 *
 *	slot               the system that is known to do: "a" or "b"
 *	try                the one that is being tried; absent or empty: none
 *	upgrade_available  1 while something is being tried, else 0
 *	bootcount          how often it was booted; the boot loader counts
 *	bootlimit          how often it may be
 *
 * What a boot loader does: with upgrade_available=1 and bootcount below bootlimit it adds 1 to bootcount, saves, and
 * boots `try`; else it boots `slot`. The kernel command line says which with myctr.slot=NAME.
 *
 * They are kept in one of
 *
 *	file PATH      lines NAME=VALUE; replaced as a whole
 *	grub PATH      a GRUB environment block (1024 bytes); replaced as a whole
 *	uboot          U-Boot's environment, by the programs fw_printenv and fw_setenv (of libubootenv, or of
 *	               U-Boot), one variable after the other
 *	hook PROG...   a program: `PROG get NAME` prints the value, `PROG set` reads lines "NAME VALUE" and makes all
 *	               of them so at once; an empty value removes. Exit code 0 is success. MYCTR_SLOT in its
 *	               environment is the system that runs.
 */
#ifndef CORE_SLOTS_H
#define CORE_SLOTS_H

#include "core/lib/config.h"
#include "core/lib/err.h"
#include "core/lib/str.h"
#include "core/spec.h"

#define SLOTS_VALUE 64	 /* bytes of a value, with the NUL */
#define SLOTS_BLOCK 1024 /* bytes of a GRUB environment block */

struct slots {
	char good[SLOTS_VALUE], trying[SLOTS_VALUE]; /* "" for none */
	char running[SLOTS_VALUE];		     /* of this boot */
	unsigned int count, limit;
};

/* Checks the words of boot-slots. */
int slots_check(const struct strv *how, struct err *e);

int slots_read(const struct strv *how, struct slots *s, struct err *e);

/* The next boots try slot name. */
int slots_try(const struct strv *how, const char *name, struct err *e);

/* What runs is what is booted from now on. */
int slots_good(const struct strv *how, struct err *e);

/* Nothing is tried any more: what was good is booted next. */
int slots_bad(const struct strv *how, struct err *e);

/* What runs does not do: what is tried no more, or else the other of "a" and "b" is tried next. */
int slots_other(const struct strv *how, struct err *e);

/* A line of `myctr check`: state is "found", "MISSING" or "note". */
typedef void slots_row_fn(const char *state, const char *name, const char *text, void *arg);

/* Says what there is to say about boot-slots; returns how many lines say MISSING. */
#if IS_ENABLED(CONFIG_SLOTS_DOCTOR)
unsigned int slots_doctor(const struct strv *how, slots_row_fn *row, void *arg);
#else
static inline unsigned int slots_doctor(const struct strv *how UNUSED, slots_row_fn *row UNUSED,
					void *arg UNUSED)
{
	return 0;
}
#endif

/* ---- the texts, for tests ------------------------------------------------------------------------ */

/* The value of name among the lines of text (len bytes); false when it is not there. block: with GRUB's escapes. */
bool slots_text_get(const char *text, size_t len, const char *name, char value[SLOTS_VALUE]);

/*
 * Text with name set to value in out of size bytes, removed when value is ""; what else it says stays. Returns
 * the length, or -ENOSPC.
 */
int slots_text_set(const char *text, size_t len, const char *name, const char *value, char *out,
		   size_t size);

#endif
