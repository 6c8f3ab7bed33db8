/* SPDX-License-Identifier: MIT */
/*
 * `myctr image load`: an image file or standard input into the store. Nothing is to be seen of it before it
 * was checked and is on the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/cmd/image.h"
#include "core/import.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/out.h"
#include "core/pack.h"
#include "core/signature.h"

enum { LOAD_TAG, LOAD_SHA256, LOAD_FORMAT, LOAD_PLATFORM, LOAD_IMAGE, LOAD_SIGNATURE };

static const struct cmd_option load_options[] = {
	[LOAD_TAG] = { 't', "tag", "NAME[:TAG]",
		       "what to call it; else as the file up to its first dot" },
	[LOAD_SHA256] = { 0, "sha256", "ID", "refuse any other content" },
	[LOAD_FORMAT] = { 0, "format", "FORMAT",
			  "Docker, OCI: what to make of it (squashfs if possible, tar.lz4)" },
	[LOAD_PLATFORM] = { 0, "platform", "OS/ARCH",
			    "Docker, OCI: for another machine than this" },
	[LOAD_IMAGE] = { 0, "image", "NAME", "Docker, OCI: which one, when there are several" },
	[LOAD_SIGNATURE] = { 0, "signature", "FILE",
			     "refuse what this is not of; else FILE.minisig, FILE.sig if there" },
};

struct load {
	const char *what; /* for messages */
	int in;
	uint64_t size; /* 0: not known */
	char name[STORE_KEY];
	bool named, tagged, folder;
	const char *want;   /* the id it must have, or NULL */
	const char *format; /* of what is made of an image of other programs */
	char *signature;    /* text of it, or NULL; owned */
	struct import_args import;
	struct image_progress progress;
};

/* What is asked for must be there; one that lies beside the file is taken as well. */
static int load_signature(struct load *l, const char *path, const char *asked, struct err *e)
{
	struct err none = { 0 };
	size_t len;
	int r;

	if (!IS_ENABLED(CONFIG_SIGNATURES))
		return asked ? err_set(e, ENOTSUP, "this build has no SIGNATURES") : 0;
	if (asked) {
		r = fd_slurp(AT_FDCWD, asked, SIGNATURE_MAX, &l->signature, &len);
		return r < 0 ? err_sys(e, r, "%s", asked) : 0;
	}
	r = path ? signature_beside(path, &l->signature, &len, &none) : -ENOENT;
	if (r < 0 && r != -ENOENT)
		return err_set(e, none.code, "%s", none.msg);
	return 0;
}

static int load_check(const struct load *l, int fd, struct err *e)
{
	char by[48];

	if (!IS_ENABLED(CONFIG_SIGNATURES) || !l->signature)
		return 0;
	return signature_check_fd(fd, l->signature, strlen(l->signature), by, e);
}

static int load_open(struct load *l, const char *path, struct err *e)
{
	struct stat st;

	l->in = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
		     : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (l->in < 0 || fstat(l->in, &st) < 0)
		return err_sys(e, errno, "cannot open");
	if (!path && isatty(l->in))
		return err_set(e, EINVAL, "is a terminal; give a FILE or `< FILE`");
	l->folder = S_ISDIR(st.st_mode);
	if (S_ISCHR(st.st_mode))
		return err_set(e, EINVAL, "neither a file nor a stream");
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

static int load_own(struct load *l, struct store_add *a, struct store_item *item, struct err *e)
{
	int r = load_check(l, a->fd, e);

	if (r < 0)
		return r;
	a->want = l->want;
	a->signature = l->signature;
	return store_add_commit(a, l->named ? l->name : NULL, item, e);
}

static void load_progress(void *arg, uint64_t done, uint64_t total)
{
	struct load *l = arg;

	l->progress.total = total;
	image_progress_add(&l->progress, done - l->progress.done);
}

/* An archive of another program in fd becomes an image of ours. */
static int load_foreign(struct load *l, struct store *s, int fd, const struct import_driver *driver,
			struct store_item *item, struct err *e)
{
	struct store_add a;
	int r = l->signature ? err_set(e, ENOTSUP,
				       "signatures are for images of ours; this one is another "
				       "program's")
			     : store_add_begin(&a, s, l->size, e);

	if (r < 0)
		return r;
	l->import.fd = fd;
	l->import.progress = load_progress;
	l->import.arg = l;
	image_progress_begin(&l->progress, l->what, 0);
	r = import_write(&l->import, driver, s->dir, l->format, a.fd, e);
	image_progress_end(&l->progress);
	if (r == 0 && !l->tagged)
		l->named |= store_name(l->import.ref, l->name, NULL) == 0;
	if (r == 0)
		r = load_own(l, &a, item, e);
	store_add_abort(&a);
	return r;
}

/* What cannot be read twice, and what is ours, goes into the store's own file first. */
static int load_copied(struct load *l, struct store *s, struct store_item *item, struct err *e)
{
	const struct import_driver *driver;
	struct store_add a;
	int r = store_add_begin(&a, s, l->size, e);

	if (r < 0)
		return r;
	r = load_copy(l, &a, e);
	l->import.fd = a.fd;
	if (r == 0 && !l->size)
		r = import_find(&l->import, &driver, e);
	if (r > 0)
		r = load_foreign(l, s, a.fd, driver, item, e);
	else if (r == 0)
		r = load_own(l, &a, item, e);
	store_add_abort(&a);
	return r;
}

static int load_into(struct load *l, struct store *s, struct store_item *item, struct err *e)
{
	const struct import_driver *driver;
	int r = 0;

	l->import.fd = l->in;
	l->import.name = l->what;
	if (l->size || l->folder)
		r = import_find(&l->import, &driver, e);
	if (r > 0)
		return load_foreign(l, s, l->in, driver, item, e);
	if (r == 0 && l->size && lseek(l->in, 0, SEEK_SET) < 0)
		r = err_sys(e, errno, "cannot rewind");
	if (r == 0 && l->folder)
		r = err_set(e, EISDIR, "a folder; make an image of it with myctr image import");
	return r < 0 ? r : load_copied(l, s, item, e);
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
	l.tagged = line->value[LOAD_TAG];
	l.want = line->value[LOAD_SHA256];
	l.format = line->value[LOAD_FORMAT] ? line->value[LOAD_FORMAT] : pack_default();
	l.import.platform = line->value[LOAD_PLATFORM];
	l.import.choose = line->value[LOAD_IMAGE];
	l.named = line->value[LOAD_TAG] || (path && image_name_of_file(path, l.name));
	r = load_open(&l, path, &e);
	if (r == 0)
		r = load_signature(&l, path, line->value[LOAD_SIGNATURE], &e);
	if (r == 0)
		r = store_open_writable(&s, &e);
	if (r == 0) {
		r = load_into(&l, &s, &item, &e);
		store_close(&s);
	}
	fd_close(&l.in);
	free(l.signature);
	if (r < 0) {
		err_wrap(&e, l.what);
		return cmd_fail(&e);
	}
	if (l.import.note[0]) {
		struct out o = OUT(STDERR_FILENO);

		out_printf(&o, "myctr: %s: %s\n", l.what, l.import.note);
		out_flush(&o);
	}
	return image_say(&item, l.named ? l.name : NULL);
}

COMMAND(image_load) = {
	.name = "image load",
	.group = CMD_IMAGE,
	.args = "[-t NAME[:TAG]] [--sha256 ID] [FILE|FOLDER|-]",
	.about = "put an image into the store: ours, Docker's or OCI's",
	.options = load_options,
	.n_options = ARRAY_SIZE(load_options),
	.max_args = 1,
	.own_ids = true,
	.run = load_run,
};
