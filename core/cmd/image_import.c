/* SPDX-License-Identifier: MIT */
/*
 * `myctr image import`: makes an image of a folder that holds a root file system, and puts it into the store.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/pack.h"

enum { IMPORT_TAG, IMPORT_FORMAT };

static const struct cmd_option import_options[] = {
	[IMPORT_TAG] = { 't', "tag", "NAME[:TAG]", "what to call it; else as the folder" },
	[IMPORT_FORMAT] = { 0, "format", "FORMAT", "squashfs, tar or tar.lz4 (default squashfs)" },
};

static int import_pack(struct pack_args *p, const char *format, struct store *s, const char *name,
		       struct store_item *item, struct err *e)
{
	struct store_add a;
	int r = store_add_begin(&a, s, 0, e);

	if (r < 0)
		return r;
	r = pack_write(p, format, a.fd, e);
	if (r == 0)
		r = store_add_commit(&a, name, item, e);
	store_add_abort(&a);
	return r;
}

static int import_folder(const char *path, const char *format, const char *name,
			 struct store_item *item, struct err *e)
{
	struct pack_args p = { .name = path_base(path), .newest = PACK_TIMES_KEPT };
	const struct pack_driver *driver;
	const struct codec_driver *codec;
	AUTO_FD int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct store s;
	int r;

	if (root < 0)
		return err_sys(e, errno, "cannot open the folder");
	p.root = root;
	r = pack_find(format, &driver, &codec, e);
	if (r == 0)
		r = store_open_writable(&s, e);
	if (r < 0)
		return r;
	r = import_pack(&p, format, &s, name, item, e);
	store_close(&s);
	return r;
}

static int import_run(struct cmd_line *line)
{
	const char *format = line->value[IMPORT_FORMAT], *path = line->args[0];
	struct store_item item;
	struct err e = { 0 };
	char name[STORE_KEY];

	if (line->value[IMPORT_TAG] && store_name(line->value[IMPORT_TAG], name, &e) < 0)
		return cmd_usage(line->cmd, "%s", e.msg);
	if (!line->value[IMPORT_TAG] && !image_name_of_file(path, name))
		return cmd_usage(line->cmd, "%s cannot name an image; use -t NAME", path);
	if (import_folder(path, format ? format : "squashfs", name, &item, &e) < 0) {
		err_wrap(&e, path);
		return cmd_fail(&e);
	}
	return image_say(&item, name);
}

COMMAND(image_import) = {
	.name = "image import",
	.group = CMD_IMAGE,
	.args = "[-t NAME[:TAG]] [--format FORMAT] FOLDER",
	.about = "make an image of a folder with a root file system",
	.options = import_options,
	.n_options = ARRAY_SIZE(import_options),
	.min_args = 1,
	.max_args = 1,
	.own_ids = true,
	.run = import_run,
};
