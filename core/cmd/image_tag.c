/* SPDX-License-Identifier: MIT */
/*
 * `myctr image tag`: another name for an image.
 */
#include "core/cmd.h"
#include "core/cmd/image.h"

static int tag_run(struct cmd_line *line)
{
	struct store_item item;
	struct err e = { 0 };
	char name[STORE_KEY];
	struct store s;
	int r;

	if (store_name(line->args[1], name, &e) < 0)
		return cmd_usage(line->cmd, "%s", e.msg);
	r = store_open_writable(&s, &e);
	if (r < 0)
		return cmd_fail(&e);
	r = store_find(&s, line->args[0], &item, NULL, &e);
	if (r == 0)
		r = store_tag(&s, item.id, name, &e);
	store_close(&s);
	return r < 0 ? cmd_fail(&e) : image_say(&item, name);
}

COMMAND(image_tag) = {
	.name = "image tag",
	.group = CMD_IMAGE,
	.args = "IMAGE NAME[:TAG]",
	.about = "give an image another name, which moves from one that had it",
	.min_args = 2,
	.max_args = 2,
	.run = tag_run,
};
