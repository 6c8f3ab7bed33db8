// SPDX-License-Identifier: MIT
/*
 * Who gives way in a table that is full: see fair.h. Runs in the loop, for each newcomer that finds no
 * room; changes nothing.
 */
#include "init/fair.h"

#include <stdbool.h>
#include <stddef.h>

struct fair {
	const struct fair_seat *v;
	unsigned int n;
};

static unsigned int fair_of_group(const struct fair *f, const void *group)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < f->n; i++)
		n += f->v[i].group == group;
	return n;
}

static unsigned int fair_of(const struct fair *f, const void *group, const struct addr *who)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < f->n; i++)
		n += f->v[i].group == group && addr_same(&f->v[i].who, who);
	return n;
}

/* The group that has most, if that is two more than the newcomer's; else the newcomer's own. */
static const void *fair_group(const struct fair *f, const void *group)
{
	unsigned int most = fair_of_group(f, group) + 1;

	for (unsigned int i = 0; i < f->n; i++) {
		unsigned int n = fair_of_group(f, f->v[i].group);

		if (n <= most)
			continue;
		most = n;
		group = f->v[i].group;
	}
	return group;
}

int fair_choose(const struct fair_seat *v, unsigned int n, const void *group,
		const struct addr *who)
{
	struct fair f = { .v = v, .n = n };
	const void *from = fair_group(&f, group);
	unsigned int most = from == group ? fair_of(&f, group, who) + 1 : 0;
	int found = -1;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int has;

		if (v[i].group != from)
			continue;
		has = fair_of(&f, from, &v[i].who);
		if (has < most || (found < 0 && has == most) ||
		    (found >= 0 && has == most && v[i].since >= v[found].since))
			continue;
		most = has;
		found = (int)i;
	}
	return found;
}
