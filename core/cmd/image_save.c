/* SPDX-License-Identifier: MIT */
/*
 * `myctr image save`: the file of an image, as it was loaded, for another device's `image load`. Equal content
 * gives equal bytes. Or an archive that other programs load.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/driver.h"
#include "core/image.h"
#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"

enum { SAVE_OUTPUT, SAVE_FORMAT, SAVE_PLATFORM };

static const struct cmd_option save_options[] = {
	[SAVE_OUTPUT] = { 'o', "output", "FILE", "where to; else standard output" },
	[SAVE_FORMAT] = { 0, "format", "FORMAT", "docker or oci; else as it is, for myctr" },
	[SAVE_PLATFORM] = { 0, "platform", "OS/ARCH",
			    "docker, oci: of the image; else this machine" },
};

struct save {
	struct store store;
	struct store_item item;
	char tag[STORE_KEY];
	const char *to;	      /* NULL: standard output */
	const char *format;   /* NULL: as it is */
	const char *platform; /* of the machine it is for, NULL for this one */
};

static int save_copy(const struct save *s, int out, struct err *e)
{
	AUTO_FD int in = store_open_image(&s->store, s->item.id, e);
	struct image_progress p;
	int r;

	if (in < 0)
		return in;
	image_progress_begin(&p, "saving", s->item.size);
	r = image_copy(in, out, &p, e);
	image_progress_end(&p);
	return r;
}

static const struct export_driver *save_driver(const char *format, struct err *e)
{
	char known[80] = "none";
	size_t used = 0;

	for (DRIVER_EACH(export, d)) {
		if (strcmp((*d)->name, format) == 0)
			return *d;
		used += str_format(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
				   (*d)->name);
	}
	err_set(e, ENOTSUP, "format '%s': not one this build saves (%s)", format, known);
	return NULL;
}

/* The tree of an image, and what its configuration says, for another program. */
static int save_tree(struct save *s, struct export_args *a, const struct export_driver *d, int out,
		     struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct spec *config = NULL;
	struct store_add work;
	size_t len;
	int r = image_config_read(a->tree, &text, &len, e);

	if (r == 0)
		r = image_config_parse(text ? text : "", len, &config, e);
	if (r == 0)
		r = store_add_begin(&work, &s->store, s->item.size, e);
	if (r == 0) {
		a->config = config;
		a->work = work.fd;
		r = d->save(a, out, e);
		store_add_abort(&work);
	}
	if (config)
		spec_free(config);
	return r;
}

static int save_foreign(struct save *s, int out, struct err *e)
{
	const struct export_driver *d = save_driver(s->format, e);
	struct export_args a = { .ref = s->tag[0] ? s->tag : NULL, .platform = s->platform };
	AUTO_FD int tree = -1;
	struct image img;
	int r = d ? image_open(&img, s->item.id, e) : -ENOTSUP;

	if (r < 0)
		return r;
	r = image_prepare(&img, e);
	if (r == 0) {
		a.tree = tree = openat(img.tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = tree < 0 ? err_sys(e, errno, "cannot open its tree") : 0;
	}
	if (r == 0)
		r = save_tree(s, &a, d, out, e);
	image_close(&img);
	return r;
}

static int save_write(struct save *s, int out, struct err *e)
{
	return s->format ? save_foreign(s, out, e) : save_copy(s, out, e);
}

/* Beside its place first: a name that is there is a whole file. */
static int save_to_file(struct save *s, struct err *e)
{
	char temp[512];
	AUTO_FD int out = -1;
	int r;

	if (str_format(temp, sizeof(temp), "%s.%ld~", s->to, (long)getpid()) >= sizeof(temp) - 1)
		return err_set(e, ENAMETOOLONG, "%.60s...: too long", s->to);
	out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(e, errno, "%s: cannot make", temp);
	r = save_write(s, out, e);
	if (r == 0 && (fsync(out) < 0 || rename(temp, s->to) < 0))
		r = err_sys(e, errno, "%s: cannot write", s->to);
	if (r < 0)
		unlink(temp);
	return r;
}

static int save_image(struct save *s, const char *name, struct err *e)
{
	int r = store_find(&s->store, name, &s->item, s->tag, e);

	if (r == 0 && !s->to && isatty(STDOUT_FILENO))
		r = err_set(e, EINVAL, "standard output is a terminal; use -o FILE");
	if (r < 0)
		return r;
	return s->to ? save_to_file(s, e) : save_write(s, STDOUT_FILENO, e);
}

static int save_run(struct cmd_line *line)
{
	struct save s = { .to = line->value[SAVE_OUTPUT],
			  .format = line->value[SAVE_FORMAT],
			  .platform = line->value[SAVE_PLATFORM] };
	struct err e = { 0 };
	int r;

	/* What is made for others goes to a file of the store's first. */
	r = s.format ? store_open_writable(&s.store, &e) : store_open(&s.store, &e);
	if (r < 0)
		return cmd_fail(&e);
	r = save_image(&s, line->args[0], &e);
	store_close(&s.store);
	if (r < 0)
		err_wrap(&e, line->args[0]);
	return r < 0 ? cmd_fail(&e) : 0;
}

COMMAND(image_save) = {
	.name = "image save",
	.group = CMD_IMAGE,
	.args = "[-o FILE] [--format docker|oci] IMAGE",
	.about = "write the file of an image, for myctr or for others",
	.options = save_options,
	.n_options = ARRAY_SIZE(save_options),
	.min_args = 1,
	.max_args = 1,
	.own_ids = true,
	.run = save_run,
};
