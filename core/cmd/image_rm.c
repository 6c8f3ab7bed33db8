/* SPDX-License-Identifier: MIT */
/*
 * `myctr image rm`: takes names away, and with its last name the image. Must not pull an image from under a
 * container unless asked to.
 */
#include <errno.h>
#include <string.h>

#include "core/cmd.h"
#include "core/cmd/image.h"

enum { RM_FORCE };

static const struct cmd_option rm_options[] = {
	[RM_FORCE] = { 'f', "force", NULL, "also when a container uses it or it has more names" },
};

static unsigned int rm_names(struct store *s, const char *id)
{
	struct store_item item;
	unsigned int n = 0;

	for (uint32_t i = 0; store_next(s, &i, &item);)
		n += item.kind == STORE_TAG && strcmp(item.id, id) == 0;
	return n;
}

static int rm_one(struct store *s, const char *text, bool force, struct err *e)
{
	char who[SPEC_NAME_MAX + 1], name[STORE_KEY];
	struct store_item item;
	int r = store_find(s, text, &item, name, e);
	unsigned int names;
	bool only_name;

	if (r < 0)
		return r;
	names = rm_names(s, item.id);
	only_name = *name && names > 1;
	if (!*name && names > 1 && !force)
		return err_set(e, EBUSY, "%s: has %u names; remove those, or use -f", text, names);
	if (!force && image_user(s, item.id, only_name ? name : NULL, who))
		return err_set(e, EBUSY,
			       "%s: the container %s uses it; remove that first, or use -f", text,
			       who);
	return only_name ? store_untag(s, name, e) : store_remove(s, item.id, false, e);
}

static int rm_run(struct cmd_line *line)
{
	struct err e = { 0 };
	struct store s;
	int status = 0;

	if (store_open_writable(&s, &e) < 0)
		return cmd_fail(&e);
	for (int i = 0; i < line->n_args; i++)
		if (rm_one(&s, line->args[i], line->count[RM_FORCE], &e) < 0)
			status = cmd_fail(&e);
	store_close(&s);
	return status;
}

COMMAND(image_rm) = {
	.name = "image rm",
	.alias = "rmi",
	.group = CMD_IMAGE,
	.args = "[-f] IMAGE...",
	.about = "take a name away, and with the last one the image",
	.options = rm_options,
	.n_options = ARRAY_SIZE(rm_options),
	.min_args = 1,
	.max_args = -1,
	.own_ids = true,
	.run = rm_run,
};
