/* SPDX-License-Identifier: MIT */
/*
 * `myctr image verify`: reads images again and compares them with what they are called. Changes nothing.
 */
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/out.h"

static int verify_one(const struct store *s, const struct store_item *item, const char *name)
{
	struct out o = OUT(STDOUT_FILENO);
	struct err e = { 0 };

	if (store_verify(s, item->id, &e) < 0)
		return cmd_fail(&e);
	out_printf(&o, "ok %.*s %s\n", IMAGE_SHORT, item->id, *name ? name : "-");
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

static int verify_all(struct store *s)
{
	struct store_item item;
	int status = 0, one;

	for (uint32_t i = 0; store_next(s, &i, &item);) {
		one = item.kind == STORE_IMAGE ? verify_one(s, &item, "") : 0;
		status = one ? one : status;
	}
	return status;
}

static int verify_run(struct cmd_line *line)
{
	struct store_item item;
	struct err e = { 0 };
	char name[STORE_KEY];
	struct store s;
	int status = 0, one;

	if (store_open(&s, &e) < 0)
		return cmd_fail(&e);
	if (!line->n_args)
		status = verify_all(&s);
	for (int i = 0; i < line->n_args; i++) {
		one = store_find(&s, line->args[i], &item, name, &e) < 0
			      ? cmd_fail(&e)
			      : verify_one(&s, &item, name);
		status = one ? one : status;
	}
	store_close(&s);
	return status;
}

COMMAND(image_verify) = {
	.name = "image verify",
	.group = CMD_IMAGE,
	.args = "[IMAGE...]",
	.about = "read images again and compare them with their SHA-256",
	.max_args = -1,
	.own_ids = true,
	.run = verify_run,
};
