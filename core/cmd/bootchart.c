// SPDX-License-Identifier: MIT
/*
 * `myctr bootchart`: what took how long from the kernel's hand-over to each container's first instruction and
 * readiness, as a table with bars or as an SVG drawing. Reads <run>/bootchart, which PID 1 has written; asks
 * nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/path.h"
#include "core/paths.h"

#define CHART_FILE (256 << 10)
#define CHART_BAR 34   /* columns */
#define CHART_SVG 700  /* units from left to right */
#define CHART_ROW 18   /* from a row to the next */
#define CHART_LEFT 190 /* where bars begin */

enum { CHART_AS_SVG, CHART_AS_TSV };

static const struct cmd_option chart_options[] = {
	[CHART_AS_SVG] = { 0, "svg", NULL, "a drawing, for a file" },
	[CHART_AS_TSV] = { 0, "format", "FORMAT",
			   "table, or tsv: NAME BEGIN RUN READY END; microseconds, 0 never" },
};

/* One bar: microseconds since the kernel began, 0 where it never was. */
struct chart_row {
	char name[64];
	bool container;
	uint64_t begin, run, ready, end;
};

struct chart {
	struct chart_row *row;
	unsigned int n, room;
	uint64_t last; /* the latest moment */
	uint64_t mark; /* where the stage at hand began */
};

static struct chart_row *chart_add(struct chart *c, const char *name, uint64_t begin)
{
	struct chart_row *r;

	if (c->n == c->room) {
		unsigned int room = c->room ? 2 * c->room : 32;

		r = realloc(c->row, room * sizeof(*r));
		if (!r)
			return NULL;
		c->row = r;
		c->room = room;
	}
	r = &c->row[c->n++];
	*r = (struct chart_row){ .begin = begin };
	str_copy(r->name, sizeof(r->name), name);
	return r;
}

static struct chart_row *chart_find(struct chart *c, const char *name)
{
	for (unsigned int i = 0; i < c->n; i++)
		if (c->row[i].container && strcmp(c->row[i].name, name) == 0)
			return &c->row[i];
	return NULL;
}

/* Something of the device itself: from the last such moment until now. */
static void chart_stage(struct chart *c, const char *name, uint64_t at)
{
	struct chart_row *r = chart_add(c, name, c->mark);

	if (r)
		r->end = at;
	c->mark = at;
}

/* Of each container the first start counts. */
static void chart_container(struct chart *c, const char *what, const char *name, uint64_t at)
{
	struct chart_row *r = chart_find(c, name);

	if (!r && strcmp(what, "launch") == 0) {
		r = chart_add(c, name, at);
		if (r)
			r->container = true;
		return;
	}
	if (r && !r->run && strcmp(what, "run") == 0)
		r->run = at;
	else if (r && !r->ready && strcmp(what, "ready") == 0)
		r->ready = at;
	else if (r && !r->end && strcmp(what, "end") == 0)
		r->end = at;
}

static void chart_line(struct chart *c, char *line)
{
	char *what = strchr(line, ' '), *name = what ? strchr(what + 1, ' ') : NULL;
	uint64_t at;

	if (!name)
		return;
	*what++ = '\0';
	*name++ = '\0';
	if (str_u64(line, 1, UINT64_MAX / 1000, &at) < 0)
		return;
	c->last = at > c->last ? at : c->last;
	if (strcmp(what, "init") == 0)
		chart_stage(c, "(kernel)", at);
	else if (strcmp(what, "loop") == 0)
		chart_stage(c, "(supervisor)", at);
	else if (!path_is_name(name))
		return;
	else if (strcmp(what, "stage") == 0)
		chart_stage(c, name, at);
	else
		chart_container(c, what, name, at);
}

static uint64_t chart_done(const struct chart_row *r)
{
	return r->ready ? r->ready : r->run ? r->run : r->end ? r->end : r->begin;
}

/* ---- forms --------------------------------------------------------------------------------------- */

/* Milliseconds with three digits behind the point, right in width columns. */
static void chart_ms(struct out *o, uint64_t us)
{
	out_printf(o, "%6llu.%03llu ", (unsigned long long)(us / 1000),
		   (unsigned long long)(us % 1000));
}

static unsigned int chart_scale(const struct chart *c, uint64_t at, unsigned int width)
{
	return (unsigned int)(c->last ? at * width / c->last : 0);
}

static void chart_table(const struct chart *c, struct out *o)
{
	out_printf(o, "%-20s %10s %10s  %s\n", "WHAT", "FROM ms", "TOOK ms",
		   "= until it runs, - until it is ready");
	for (unsigned int i = 0; i < c->n; i++) {
		const struct chart_row *r = &c->row[i];
		unsigned int from = chart_scale(c, r->begin, CHART_BAR);
		unsigned int run = chart_scale(c, r->run ? r->run : chart_done(r), CHART_BAR);
		unsigned int to = chart_scale(c, chart_done(r), CHART_BAR);

		out_printf(o, "%-20.20s ", r->name);
		chart_ms(o, r->begin);
		chart_ms(o, chart_done(r) - r->begin);
		out_pad(o, (int)from + 1);
		out_text(o, from == run ? "|" : "");
		for (unsigned int x = from; x < run; x++)
			out_text(o, "=");
		for (unsigned int x = run; x < to; x++)
			out_text(o, "-");
		out_text(o, "\n");
	}
}

static void chart_box(const struct chart *c, struct out *o, unsigned int row, uint64_t from,
		      uint64_t to, const char *colour)
{
	unsigned int a = chart_scale(c, from, CHART_SVG), b = chart_scale(c, to, CHART_SVG);

	out_printf(o, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"/>\n",
		   CHART_LEFT + a, row * CHART_ROW + 4, b > a ? b - a : 1, CHART_ROW - 4, colour);
}

static void chart_svg(const struct chart *c, struct out *o)
{
	out_printf(o,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		   "font-family=\"sans-serif\" font-size=\"12\">\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		   CHART_LEFT + CHART_SVG + 90, (c->n + 1) * CHART_ROW + 8);
	for (unsigned int i = 0; i < c->n; i++) {
		const struct chart_row *r = &c->row[i];
		uint64_t took = chart_done(r) - r->begin;

		out_printf(o, "<text x=\"4\" y=\"%u\">%s</text>\n", (i + 1) * CHART_ROW - 2,
			   r->name);
		chart_box(c, o, i, r->begin, r->run ? r->run : chart_done(r),
			  r->container ? "#4878a8" : "#a0a0a0");
		if (r->ready > r->run)
			chart_box(c, o, i, r->run, r->ready, "#88c088");
		out_printf(o, "<text x=\"%u\" y=\"%u\">%llu.%03llu ms</text>\n",
			   CHART_LEFT + chart_scale(c, chart_done(r), CHART_SVG) + 6,
			   (i + 1) * CHART_ROW - 2, (unsigned long long)(took / 1000),
			   (unsigned long long)(took % 1000));
	}
	out_printf(o,
		   "<text x=\"4\" y=\"%u\">grey: the device; blue: until a container runs; green: "
		   "until it is ready; %llu ms in all</text>\n</svg>\n",
		   (c->n + 1) * CHART_ROW, (unsigned long long)(c->last / 1000));
}

static void chart_tsv(const struct chart *c, struct out *o)
{
	for (unsigned int i = 0; i < c->n; i++) {
		const struct chart_row *r = &c->row[i];

		out_printf(o, "%s\t%llu\t%llu\t%llu\t%llu\n", r->name, (unsigned long long)r->begin,
			   (unsigned long long)r->run, (unsigned long long)r->ready,
			   (unsigned long long)r->end);
	}
}

static int chart_read(struct chart *c, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char path[PATHS_MAX], *save = NULL;
	size_t len;
	int r = paths_join(path, paths.run, "bootchart", NULL);

	if (r >= 0)
		r = fd_slurp(AT_FDCWD, path, CHART_FILE, &text, &len);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "bootchart: this device was not booted by myctr");
	if (r < 0)
		return err_sys(e, r, "bootchart: %s", path);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		chart_line(c, line);
	return 0;
}

static int chart_run(struct cmd_line *line)
{
	const char *form = line->value[CHART_AS_TSV];
	struct out o = OUT(STDOUT_FILENO);
	struct chart c = { .row = NULL };
	struct err e = { 0 };
	int r;

	if (form && strcmp(form, "tsv") != 0 && strcmp(form, "table") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; table or tsv", form);
	if (chart_read(&c, &e) < 0)
		return cmd_fail(&e);
	if (line->value[CHART_AS_SVG])
		chart_svg(&c, &o);
	else if (form && strcmp(form, "tsv") == 0)
		chart_tsv(&c, &o);
	else
		chart_table(&c, &o);
	free(c.row);
	r = out_flush(&o);
	return r < 0 && r != -EPIPE ? cmd_fail((err_sys(&e, r, "bootchart: writing"), &e)) : 0;
}

COMMAND(bootchart) = {
	.name = "bootchart",
	.group = CMD_DEVICE,
	.args = "[--svg] [--format table|tsv]",
	.about = "show what took how long as the device booted",
	.options = chart_options,
	.n_options = ARRAY_SIZE(chart_options),
	.max_args = 0,
	.run = chart_run,
};
