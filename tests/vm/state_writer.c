// SPDX-License-Identifier: MIT
/*
 * Updates the first N records of a state file, COUNT times in all or for ever, durably, for the power-cut
 * test. After each record that is on the device it prints one line: "ack NAME NUMBER" (written with one write(2), so a
 * cut never shows half a number as a whole line). Run it again on the same file and it goes on where
 * the file is.
 * usage: state_writer FILE N [COUNT]
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/stamp.h"
#include "core/state.h"

static int writer_step(struct state *s, unsigned int i, struct err *e)
{
	struct state_record r;
	char name[16], line[48];
	int slot, len;

	snprintf(name, sizeof(name), "c%u", i);
	slot = state_claim(s, STATE_CONTAINER, name, &r, e);
	if (slot < 0)
		return slot;
	r.restarts++;
	r.ticks = (uint64_t)r.restarts << 32 | r.restarts;
	r.started = stamp_now();
	r.phase = r.restarts % 7;
	len = state_put(s, (uint32_t)slot, &r);
	if (len < 0)
		return err_sys(e, -len, "state: %s: cannot write", s->file.path);
	len = snprintf(line, sizeof(line), "ack %s %u\n", name, r.restarts);
	return fd_write(STDOUT_FILENO, line, (size_t)len);
}

int main(int argc, char **argv)
{
	unsigned int n = argc >= 3 ? (unsigned int)atoi(argv[2]) : 0;
	unsigned int left = argc == 4 ? (unsigned int)atoi(argv[3]) : UINT_MAX;
	struct err e = { 0 };
	struct state s;
	int rc;

	if (!n) {
		dprintf(2, "usage: state_writer FILE N [COUNT]\n");
		return 2;
	}
	rc = state_open(&s, argv[1], n, true, true, &e);
	for (unsigned int i = 0; rc >= 0 && left; i = (i + 1) % n, left--)
		rc = writer_step(&s, i, &e);
	if (rc >= 0)
		return 0;
	dprintf(2, "state_writer: %s\n", e.code ? e.msg : err_text(rc));
	return 1;
}
