/* SPDX-License-Identifier: MIT */
/*
 * What the image commands share: who uses an image, progress of something long, copying with it.
 */
#ifndef CORE_CMD_IMAGE_H
#define CORE_CMD_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/spec.h"
#include "core/store.h"

#define IMAGE_SHORT 12 /* digits of an id that people get to see */

/*
 * The name of a container that uses the image, running, kept, or in the manifest, in who (may be NULL). With
 * a full name, only those that would not start without that name. False when there is none.
 */
bool image_user(struct store *s, const char *id, const char *name, char who[SPEC_NAME_MAX + 1]);

/* A line on standard error that is written again and again; nothing unless that is a terminal. */
struct image_progress {
	const char *what;
	uint64_t total; /* bytes; 0: not known */
	uint64_t done;
	uint64_t began, shown; /* ms */
	bool terminal;
};

void image_progress_begin(struct image_progress *p, const char *what, uint64_t total);
void image_progress_add(struct image_progress *p, uint64_t bytes);
/* Takes the line away. Repeatable. */
void image_progress_end(struct image_progress *p);

/* Copies from in to out until the end of in. Returns 0; errors say which of the two. */
int image_copy(int in, int out, struct image_progress *p, struct err *e);

/*
 * "web" of "/tmp/web-1.2.tar.lz4" is not guessed at: the name of the file up to its first dot, as NAME:latest
 * in buf of STORE_KEY bytes. False when that cannot name an image.
 */
bool image_name_of_file(const char *path, char *buf);

/* "ID NAME" on standard output, for scripts and people. The exit status. */
int image_say(const struct store_item *item, const char *name);

#endif
