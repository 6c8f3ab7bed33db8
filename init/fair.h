/* SPDX-License-Identifier: MIT */
/*
 * Who gives way in a table that is full: of the group that has most rows the one that has most of these, so that
 * nobody keeps others out by asking often, nor by asking under many names. Knows no table: rows are copied
 * into seats.
 */
#ifndef INIT_FAIR_H
#define INIT_FAIR_H

#include "core/lib/addr.h"

/* A row that is taken. */
struct fair_seat {
	const void *group; /* a network; NULL where there are none */
	struct addr who;   /* .len 0: all those nobody knows, as one */
	uint64_t since;	   /* of two rows of one the older one goes */
};

/*
 * The one of n seats, all taken, that has to make room for one more of who in group; -1 when there is none because
 * nobody has two more than it has itself.
 */
int fair_choose(const struct fair_seat *v, unsigned int n, const void *group,
		const struct addr *who);

#endif
