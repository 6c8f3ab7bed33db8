/* SPDX-License-Identifier: MIT */
/*
 * `myctr image load`: an image file or standard input into the store. Nothing is to be seen of it before it
 * was checked and is on the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"

enum { LOAD_TAG, LOAD_SHA256 };

static const struct cmd_option load_options[] = {
	[LOAD_TAG] = { 't', "tag", "NAME[:TAG]",
		       "what to call it; else as the file up to its first dot" },
	[LOAD_SHA256] = { 0, "sha256", "ID", "refuse any other content" },
};

struct load {
	const char *what; /* for messages */
	int in;
	uint64_t size; /* 0: not known */
	char name[STORE_KEY];
	bool named;
};

static int load_open(struct load *l, const char *path, struct err *e)
{
	struct stat st;

	l->in = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
		     : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (l->in < 0 || fstat(l->in, &st) < 0)
		return err_sys(e, errno, "cannot open");
	if (!path && isatty(l->in))
		return err_set(e, EINVAL, "is a terminal; give a FILE or `< FILE`");
	if (S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "a folder; make an image of it with myctr image import");
	if (S_ISREG(st.st_mode))
		l->size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(l->in, BLKGETSIZE64, &l->size) < 0)
		return err_sys(e, errno, "cannot look at");
	return 0;
}

static int load_copy(struct load *l, struct store_add *a, struct err *e)
{
	struct image_progress p;
	int r;

	image_progress_begin(&p, l->what, l->size);
	r = image_copy(l->in, a->fd, &p, e);
	image_progress_end(&p);
	return r;
}

static int load_into(struct load *l, struct store *s, const char *want, struct store_item *item,
		     struct err *e)
{
	struct store_add a;
	int r = store_add_begin(&a, s, l->size, e);

	if (r < 0)
		return r;
	a.want = want;
	r = load_copy(l, &a, e);
	if (r == 0)
		r = store_add_commit(&a, l->named ? l->name : NULL, item, e);
	store_add_abort(&a);
	return r;
}

static int load_run(struct cmd_line *line)
{
	const char *path = line->n_args && strcmp(line->args[0], "-") != 0 ? line->args[0] : NULL;
	struct load l = { .what = path ? path_base(path) : "standard input", .in = -1 };
	struct store_item item;
	struct err e = { 0 };
	struct store s;
	int r;

	if (line->value[LOAD_TAG] && store_name(line->value[LOAD_TAG], l.name, &e) < 0)
		return cmd_usage(line->cmd, "%s", e.msg);
	l.named = line->value[LOAD_TAG] || (path && image_name_of_file(path, l.name));
	r = load_open(&l, path, &e);
	if (r == 0)
		r = store_open_writable(&s, &e);
	if (r == 0) {
		r = load_into(&l, &s, line->value[LOAD_SHA256], &item, &e);
		store_close(&s);
	}
	fd_close(&l.in);
	if (r < 0) {
		err_wrap(&e, l.what);
		return cmd_fail(&e);
	}
	return image_say(&item, l.named ? l.name : NULL);
}

COMMAND(image_load) = {
	.name = "image load",
	.group = CMD_IMAGE,
	.args = "[-t NAME[:TAG]] [--sha256 ID] [FILE|-]",
	.about = "put an image into the store: a FILE, or standard input",
	.options = load_options,
	.n_options = ARRAY_SIZE(load_options),
	.max_args = 1,
	.run = load_run,
};
