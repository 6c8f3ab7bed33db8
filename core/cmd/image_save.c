/* SPDX-License-Identifier: MIT */
/*
 * `myctr image save`: the file of an image, as it was loaded, for another device's `image load`. Equal content
 * gives equal bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

enum { SAVE_OUTPUT };

static const struct cmd_option save_options[] = {
	[SAVE_OUTPUT] = { 'o', "output", "FILE", "where to; else standard output" },
};

static int save_copy(int in, int out, const struct store_item *item, struct err *e)
{
	struct image_progress p;
	int r;

	image_progress_begin(&p, "saving", item->size);
	r = image_copy(in, out, &p, e);
	image_progress_end(&p);
	return r;
}

/* Beside its place first: a name that is there is a whole file. */
static int save_to_file(int in, const char *path, const struct store_item *item, struct err *e)
{
	char temp[512];
	AUTO_FD int out = -1;
	int r;

	if (str_format(temp, sizeof(temp), "%s.%ld~", path, (long)getpid()) >= sizeof(temp) - 1)
		return err_set(e, ENAMETOOLONG, "%.60s...: too long", path);
	out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(e, errno, "%s: cannot make", temp);
	r = save_copy(in, out, item, e);
	if (r == 0 && (fsync(out) < 0 || rename(temp, path) < 0))
		r = err_sys(e, errno, "%s: cannot write", path);
	if (r < 0)
		unlink(temp);
	return r;
}

static int save_image(struct cmd_line *line, struct store *s, struct err *e)
{
	const char *to = line->value[SAVE_OUTPUT];
	AUTO_FD int in = -1;
	struct store_item item;
	int r = store_find(s, line->args[0], &item, NULL, e);

	if (r < 0)
		return r;
	if (!to && isatty(STDOUT_FILENO))
		return err_set(e, EINVAL, "standard output is a terminal; use -o FILE");
	in = store_open_image(s, item.id, e);
	if (in < 0)
		return in;
	return to ? save_to_file(in, to, &item, e) : save_copy(in, STDOUT_FILENO, &item, e);
}

static int save_run(struct cmd_line *line)
{
	struct err e = { 0 };
	struct store s;
	int r = store_open(&s, &e);

	if (r < 0)
		return cmd_fail(&e);
	r = save_image(line, &s, &e);
	store_close(&s);
	return r < 0 ? cmd_fail(&e) : 0;
}

COMMAND(image_save) = {
	.name = "image save",
	.group = CMD_IMAGE,
	.args = "[-o FILE] IMAGE",
	.about = "write the file of an image",
	.options = save_options,
	.n_options = ARRAY_SIZE(save_options),
	.min_args = 1,
	.max_args = 1,
	.run = save_run,
};
