/* SPDX-License-Identifier: MIT */
/*
 * Draws the start-to-exit rows as horizontal bars in SVG, for the README: one bar a runtime, its
 * median and its ratio to the floor written beside it, so that the picture can be read without
 * its axis. Colours work on light and on dark pages because the background is drawn too.
 */
#include <errno.h>
#include <string.h>

#include "tests/bench/bench.h"

enum { WIDTH = 760, LEFT = 190, BAR = 20, STEP = 30, TOP = 56, RIGHT = 150 };

static double longest(const struct bench *b)
{
	double max = 1;

	for (size_t i = 0; i < b->nrows; i++)
		if (!b->rows[i].failed && b->rows[i].us > max)
			max = b->rows[i].us;
	return max;
}

static const char *colour(const struct row *row)
{
	if (strncmp(row->name, "myctr", 5) == 0)
		return "#1a7f37";
	return strncmp(row->name, "floor", 5) == 0 ? "#8c959f" : "#9ec5fe";
}

static void bar(FILE *to, const struct row *row, int y, double scale)
{
	double width = row->us * scale;
	int middle = y + BAR / 2 + 4;

	fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 10, middle,
		row->name);
	fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n",
		LEFT, y, width < 1 ? 1 : width, BAR, colour(row));
	fprintf(to, "<text x=\"%.1f\" y=\"%d\" class=\"v\">%.2f ms (%.2f x floor)</text>\n",
		LEFT + width + 8, middle, row->us / 1000, row->ratio);
}

int chart_write(const struct bench *b, const char *path, const char *title)
{
	double scale = (WIDTH - LEFT - RIGHT) / longest(b);
	size_t bars = 0;
	int y = TOP;
	FILE *to = fopen(path, "we");

	if (!to)
		return -errno;
	for (size_t i = 0; i < b->nrows; i++)
		bars += !b->rows[i].failed;
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" width=\"%d\" "
		"font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1f2328\">\n"
		"<style>.v{fill:#57606a;font-size:12px}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
		"<text x=\"16\" y=\"30\" font-size=\"15\" font-weight=\"600\">%s</text>\n",
		WIDTH, TOP + bars * STEP + 8, WIDTH, title);
	for (size_t i = 0; i < b->nrows; i++) {
		if (b->rows[i].failed)
			continue;
		bar(to, &b->rows[i], y, scale);
		y += STEP;
	}
	fprintf(to, "</svg>\n");
	return fclose(to) == 0 ? 0 : -errno;
}
