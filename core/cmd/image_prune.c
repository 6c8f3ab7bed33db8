/* SPDX-License-Identifier: MIT */
/*
 * `myctr image prune`: frees what nothing needs: images without a name, trees unpacked of files that are not in
 * the store, and with -a every image that no container uses.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/out.h"

enum { PRUNE_ALL };

static const struct cmd_option prune_options[] = {
	[PRUNE_ALL] = { 'a', "all", NULL, "images with names, too, unless a container uses them" },
};

struct prune {
	struct store store;
	bool all;
	uint64_t bytes;
	unsigned int images, trees;
};

static bool prune_named(struct store *s, const char *id)
{
	struct store_item item;

	for (uint32_t i = 0; store_next(s, &i, &item);)
		if (item.kind == STORE_TAG && strcmp(item.id, id) == 0)
			return true;
	return false;
}

static int prune_images(struct prune *p, struct err *e)
{
	struct store_item item;
	int r;

	for (uint32_t i = 0; store_next(&p->store, &i, &item);) {
		if (item.kind != STORE_IMAGE || (!p->all && prune_named(&p->store, item.id)) ||
		    image_user(&p->store, item.id, NULL, NULL))
			continue;
		r = store_remove(&p->store, item.id, !p->all, e);
		if (r == -EBUSY) /* it has been named since */
			continue;
		if (r < 0)
			return r;
		p->bytes += item.size;
		p->images++;
	}
	return 0;
}

static int prune_run(struct cmd_line *line)
{
	struct prune p = { .all = line->count[PRUNE_ALL] };
	struct out o = OUT(STDOUT_FILENO);
	struct err e = { 0 };
	char size[16];
	int r = store_open_writable(&p.store, &e);

	if (r < 0)
		return cmd_fail(&e);
	r = prune_images(&p, &e);
	if (r == 0)
		store_prune_trees(&p.store, &p.bytes, &p.trees);
	store_close(&p.store);
	if (r < 0)
		return cmd_fail(&e);
	out_printf(&o, "removed %u image%s and %u unpacked tree%s: %s free\n", p.images,
		   p.images == 1 ? "" : "s", p.trees, p.trees == 1 ? "" : "s",
		   str_of_size(p.bytes, size, sizeof(size)));
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}

COMMAND(image_prune) = {
	.name = "image prune",
	.group = CMD_IMAGE,
	.args = "[-a]",
	.about = "remove images without a name, and unpacked trees that nothing runs on",
	.options = prune_options,
	.n_options = ARRAY_SIZE(prune_options),
	.own_ids = true,
	.run = prune_run,
};
