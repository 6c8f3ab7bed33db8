/* SPDX-License-Identifier: MIT */
/*
 * The goals beside what was measured, met or missed. A missed goal is printed, never an error:
 * timings belong to the machine they were taken on.
 */
#include "tests/bench/bench.h"

static struct goal *new_goal(struct bench *b, const char *what, double limit)
{
	struct goal *g = &b->goals[b->ngoals];

	if (b->ngoals + 1 < MAX_GOALS)
		b->ngoals++;
	*g = (struct goal){ .what = what, .limit = limit, .unit = "" };
	return g;
}

void goal_add(struct bench *b, const char *what, double limit, double value, const char *unit)
{
	struct goal *g = new_goal(b, what, limit);

	g->value = value;
	g->unit = unit;
	g->measured = true;
}

void goal_missing(struct bench *b, const char *what, double limit, const char *why)
{
	new_goal(b, what, limit)->why_not = why;
}

static void goal_print(const struct goal *g, FILE *to)
{
	if (!g->measured) {
		fprintf(to, "  %-52s %8.4g            not measured: %s\n", g->what, g->limit,
			g->why_not);
		return;
	}
	fprintf(to, "  %-52s %8.4g %8.4g %-3s %s\n", g->what, g->limit, g->value, g->unit,
		g->value <= g->limit ? "met" : "MISSED");
}

void goals_print(const struct bench *b, FILE *to)
{
	fprintf(to, "\n  %-52s %8s %8s\n", "goal (at most)", "goal", "here");
	for (size_t i = 0; i < b->ngoals; i++)
		goal_print(&b->goals[i], to);
}
