/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with the device as a whole, so that nobody overlooks it: a data partition that could only be
 * mounted read-only, for one. One line each in <run>/marks, written by PID 1, shown under `ps` and in
 * `status`, gone with the next boot.
 */
#ifndef CORE_MARKS_H
#define CORE_MARKS_H

#include "core/lib/out.h"

/* Adds "what: text" (any bytes). A mark that cannot be written is lost: its writer has said it too. */
void marks_add(const char *what, const char *text);

/* Prints each as a line "! what: text", escaped. Returns how many there are. */
unsigned int marks_print(struct out *o);

#endif
