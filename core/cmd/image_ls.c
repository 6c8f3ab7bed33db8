/* SPDX-License-Identifier: MIT */
/*
 * `myctr image ls`: what is in the store. Names come from people and other machines: they are printed escaped.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/out.h"
#include "core/lib/stamp.h"

enum { LS_QUIET, LS_FORMAT, LS_JSON };

static const struct cmd_option ls_options[] = {
	[LS_QUIET] = { 'q', "quiet", NULL, "ids only, one a line" },
	[LS_FORMAT] = { 0, "format", "FORMAT",
			"table, or tsv: NAME ID SIZE CREATED FORMAT; NAME is - without one, SIZE in bytes, "
			"CREATED in ms since 1970" },
	[LS_JSON] = { 0, "json", NULL, "an array of objects with the fields of tsv" },
};

struct ls {
	struct out out;
	struct store store;
	uint64_t now;
	unsigned int rows;
	int width;
};

enum { LS_WIDTH_MIN = 12, LS_WIDTH_MAX = 36 };

typedef void ls_row(struct ls *l, const struct store_item *item, const char *name);

static void ls_table_row(struct ls *l, const struct store_item *item, const char *name)
{
	uint64_t ago = l->now > item->created ? l->now - item->created : 0;
	char size[16], age[24];

	out_escaped(&l->out, name, strlen(name));
	out_pad(&l->out, l->width - (int)strlen(name));
	out_printf(&l->out, " %.*s %8s  %-9s %s ago\n", IMAGE_SHORT, item->id,
		   str_of_size(item->size, size, sizeof(size)), item->format,
		   str_of_time(ago / 1000 * 1000, age, sizeof(age)));
}

static void ls_tsv_row(struct ls *l, const struct store_item *item, const char *name)
{
	out_escaped(&l->out, name, strlen(name));
	out_printf(&l->out, "\t%s\t%llu\t%llu\t", item->id, (unsigned long long)item->size,
		   (unsigned long long)item->created);
	out_escaped(&l->out, item->format, strlen(item->format));
	out_text(&l->out, "\n");
}

static void ls_json_row(struct ls *l, const struct store_item *item, const char *name)
{
	out_text(&l->out, l->rows ? ",\n{\"name\":" : "\n{\"name\":");
	if (strcmp(name, "-") == 0)
		out_text(&l->out, "null");
	else
		out_json(&l->out, name);
	out_printf(&l->out, ",\"id\":\"%s\",\"size\":%llu,\"created\":%llu,\"format\":", item->id,
		   (unsigned long long)item->size, (unsigned long long)item->created);
	out_json(&l->out, item->format);
	out_text(&l->out, "}");
}

static void ls_id_row(struct ls *l, const struct store_item *item, const char *name)
{
	(void)name;
	out_printf(&l->out, "%s\n", item->id);
}

static bool ls_has_name(struct ls *l, const char *id)
{
	struct store_item item;

	for (uint32_t i = 0; store_next(&l->store, &i, &item);)
		if (item.kind == STORE_TAG && strcmp(item.id, id) == 0)
			return true;
	return false;
}

/* A row for each name, and one for each image without; with -q one for each image. */
static void ls_rows(struct ls *l, ls_row *row)
{
	struct store_item item, image;

	for (uint32_t i = 0; store_next(&l->store, &i, &item);) {
		if (row == ls_id_row ? item.kind != STORE_IMAGE
				     : item.kind == STORE_IMAGE && ls_has_name(l, item.id))
			continue;
		if (store_image(&l->store, item.id, &image) < 0)
			continue;
		row(l, &image, item.kind == STORE_TAG ? item.name : "-");
		l->rows++;
	}
}

static void ls_measure(struct ls *l, const struct store_item *item, const char *name)
{
	(void)item;
	l->width = (int)min_u64(LS_WIDTH_MAX, max_u64((uint64_t)l->width, strlen(name)));
}

static int ls_form(const struct cmd_line *line, ls_row **row)
{
	const char *word = line->value[LS_FORMAT];

	*row = ls_table_row;
	if (line->value[LS_QUIET])
		*row = ls_id_row;
	else if (line->value[LS_JSON] || (word && strcmp(word, "json") == 0))
		*row = ls_json_row;
	else if (word && strcmp(word, "tsv") == 0)
		*row = ls_tsv_row;
	else if (word && strcmp(word, "table") != 0)
		return cmd_usage(line->cmd, "unknown format '%s'; table, tsv or json", word);
	return 0;
}

static int ls_run(struct cmd_line *line)
{
	struct ls l = { .out = OUT(STDOUT_FILENO), .now = stamp_now(), .width = LS_WIDTH_MIN };
	struct err e = { 0 };
	ls_row *row;
	int r = ls_form(line, &row);

	if (r)
		return r;
	if (store_open(&l.store, &e) < 0)
		return cmd_fail(&e);
	if (row == ls_table_row) {
		ls_rows(&l, ls_measure);
		out_printf(&l.out, "%-*s %-*s %8s  %-9s %s\n", l.width, "NAME", IMAGE_SHORT, "ID",
			   "SIZE", "FORMAT", "LOADED");
	}
	l.rows = 0;
	out_text(&l.out, row == ls_json_row ? "[" : "");
	ls_rows(&l, row);
	out_text(&l.out, row == ls_json_row ? "\n]\n" : "");
	store_close(&l.store);
	r = out_flush(&l.out);
	return r && r != -EPIPE ? CMD_FAILED : 0;
}

COMMAND(image_ls) = {
	.name = "image ls",
	.alias = "images",
	.group = CMD_IMAGE,
	.args = "[-q] [--format table|tsv] [--json]",
	.about = "list the images in the store",
	.options = ls_options,
	.n_options = ARRAY_SIZE(ls_options),
	.run = ls_run,
};
