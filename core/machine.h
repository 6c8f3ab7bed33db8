/* SPDX-License-Identifier: MIT */
/*
 * What a manifest says of the device's own mounts, device nodes and consoles: [mount PATH], [device PATTERN],
 * [console TTY]. Tables of fields like those of networks; init/ does what they say.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "core/network.h"

enum mount_fallback { MOUNT_NONE, MOUNT_READ_ONLY, MOUNT_TMPFS };

/* Named by its path. */
struct mount_spec {
	struct section section;
	const char *device;		/* NULL: [system] data = says it */
	const char *type;		/* file system; NULL as above */
	const char *options;		/* comma separated, as of mount(8); NULL: none */
	uint64_t wait;			/* ms for the device to appear */
	uint64_t fallback;		/* enum mount_fallback */
	uint64_t patience;		/* ms that a helper may take */
	struct strv fsck, format, grow; /* helpers: argv without the device; empty: none */
};

/* Named by a pattern of its name below /dev. */
struct node_spec {
	struct section section;
	const char *mode;  /* octal; NULL: as the kernel has it */
	const char *owner; /* number; NULL */
	const char *group;
	const char *link; /* further name below /dev; NULL */
};

/* Named by its terminal: ttyS0, console. */
struct console_spec {
	struct section section;
	struct strv command; /* empty: the prompt of this program */
	const char *term;    /* TERM; NULL: by the kind of terminal */
	bool respawn;	     /* default yes */
	bool askfirst;	     /* waits for Enter */
};

/* Rows of the three tables, for section_tables[]. */
enum { MOUNT_FIELDS = 9, NODE_FIELDS = 4, CONSOLE_FIELDS = 4 };
#define MOUNT_HAS_FALLBACK (UINT64_C(1) << 4) /* its bit in section.set: row 5 */
extern const struct spec_field mount_fields[MOUNT_FIELDS];
extern const struct spec_field node_fields[NODE_FIELDS];
extern const struct spec_field console_fields[CONSOLE_FIELDS];

/* Can this be the name of such a section? */
bool mount_is_path(const char *name);	    /* absolute, without .. */
bool node_is_pattern(const char *name);	    /* ttyUSB*, snd/pcm*: no slash in front, no .. */
bool console_is_terminal(const char *name); /* ttyS0, console */

/* Defaults of an empty section of kind. */
void machine_defaults(struct section *s, enum section_kind kind);

/* Checks one section of these kinds across its fields, and that this build can do it. */
int machine_finish(struct section *s, enum section_kind kind, struct err *e);

#endif
