/* SPDX-License-Identifier: MIT */
/*
 * Writes records to a state file with the code of myctr itself, so that `ps` can be timed with as
 * many containers as wanted and the bytes of a durable change can be counted.
 * usage: fill FILE RECORDS          claims and writes that many
 *        fill FILE RECORDS CHANGES  then changes the first one that often, each to the device
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/state.h"

static struct state_record example(unsigned int i)
{
	struct state_record r = {
		.kind = STATE_CONTAINER,
		.phase = STATE_EXITED,
		.cause = STATE_CAUSE_EXIT,
		.restarts = i,
		.created = 1700000000000ULL,
		.started = 1700000001000ULL + i,
		.ended = 1700000002000ULL + i,
		.image = "bench.sqfs",
	};

	snprintf(r.name, sizeof(r.name), "bench%u", i);
	return r;
}

static int fill(struct state *s, unsigned int records, unsigned int changes, struct err *e)
{
	struct state_record now, r = example(0);
	int slot, err = 0;

	for (unsigned int i = 0; i < records && err >= 0; i++) {
		r = example(i);
		slot = state_claim(s, r.kind, r.name, &now, e);
		err = slot < 0 ? slot : state_put(s, (uint32_t)slot, &r);
	}
	slot = state_find(s, STATE_CONTAINER, "bench0", &r);
	for (unsigned int i = 0; i < changes && err >= 0 && slot >= 0; i++) {
		r.restarts++;
		err = state_put(s, (uint32_t)slot, &r);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct state s;
	struct err e = { 0 };
	unsigned int records, changes;
	int err;

	if (argc < 3)
		return 2;
	records = (unsigned int)strtoul(argv[2], NULL, 10);
	changes = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 0;
	err = state_open(&s, argv[1], records, true, changes > 0, &e);
	if (err >= 0)
		err = fill(&s, records, changes, &e);
	if (err < 0)
		fprintf(stderr, "fill: %s: error %d %s\n", argv[1], err, e.msg);
	return err < 0;
}
