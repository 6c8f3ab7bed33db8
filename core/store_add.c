/* SPDX-License-Identifier: MIT */
/*
 * Adding images to the store and naming them; see store.h for the order of what is written. Runs in the CLI.
 * Must never give a file its name in the store before it is whole, checked and on the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/image.h"
#include "core/image_config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/stamp.h"
#include "core/lib/str.h"
#include "core/lib/sys.h"
#include "core/store_part.h"

static int add_make(struct store *s, struct err *e)
{
	int r = path_mkdirs(s->path, 0700);

	if (r < 0)
		return err_sys(e, r, "%s: cannot make the folder of images", s->path);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0 || (mkdirat(s->dir, STORE_FILES, 0700) < 0 && errno != EEXIST))
		return err_sys(e, errno, "%s: cannot make the folder of images", s->path);
	return 0;
}

int store_open_writable(struct store *s, struct err *e)
{
	int r = store_begin(s, e);

	if (r == 0)
		r = add_make(s, e);
	if (r == 0)
		r = store_rescue(s, e);
	if (r == 0)
		r = store_open_index(s, STORE_INDEX, true, e);
	if (r < 0)
		store_close(s);
	else
		store_collect(s);
	return r;
}

static int add_check_space(const struct store *s, uint64_t size, struct err *e)
{
	char need[16], have[16];
	struct statvfs fs;
	uint64_t room;

	if (!size || fstatvfs(s->dir, &fs) < 0)
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room >= size)
		return 0;
	return err_set(e, ENOSPC, "needs %s in %s, where %s are free; try myctr image prune",
		       str_of_size(size, need, sizeof(need)), s->path,
		       str_of_size(room, have, sizeof(have)));
}

/* A new locked file. 0, or -EAGAIN when somebody collected it before we had the lock. */
static int add_create(struct store_add *a)
{
	uint64_t random;
	struct stat st;
	int r = sys_random(&random, sizeof(random));

	if (r < 0)
		return r;
	str_format(a->temp, sizeof(a->temp), STORE_NEW "%016llx", (unsigned long long)random);
	a->fd = openat(a->store->dir, a->temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (a->fd < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	if (flock(a->fd, LOCK_EX | LOCK_NB) == 0 && fstat(a->fd, &st) == 0 && st.st_nlink)
		return 0;
	fd_close(&a->fd);
	return -EAGAIN;
}

int store_add_begin(struct store_add *a, struct store *s, uint64_t size, struct err *e)
{
	int r;

	*a = (struct store_add){ .store = s, .fd = -1 };
	if (add_check_space(s, size, e) < 0)
		return -ENOSPC;
	do {
		r = add_create(a);
	} while (r == -EAGAIN);
	if (r < 0)
		return err_sys(e, r, "%s: cannot make a new file", s->path);
	str_format(a->path, sizeof(a->path), "%s/%s", s->path, a->temp);
	return 0;
}

void store_add_abort(struct store_add *a)
{
	if (a->fd < 0)
		return;
	if (a->temp[0])
		unlinkat(a->store->dir, a->temp, 0);
	fd_close(&a->fd);
}

/* What a program wrote over the path must be in the file that we hold. */
static int add_check_same(const struct store_add *a, uint64_t *size, struct err *e)
{
	struct stat held, named;

	if (fstat(a->fd, &held) < 0 ||
	    fstatat(a->store->dir, a->temp, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, "cannot look at the new file");
	if (held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		return err_set(e, ESTALE, "the new file was replaced while it was written");
	if (!held.st_size)
		return err_set(e, EINVAL, "is empty");
	*size = (uint64_t)held.st_size;
	return 0;
}

/* Is it an image, whole, with a configuration that may be? Fills format; *text is the configuration. */
static int add_check_image(const struct store_add *a, struct store_item *item, char **text,
			   struct err *e)
{
	struct spec *config = NULL;
	struct image img;
	int fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 3);
	int r = fd < 0 ? err_sys(e, errno, "cannot look at it") : 0;

	if (r == 0)
		r = image_open_fd(&img, fd, "image", e);
	if (r < 0)
		return r;
	image_format(&img, item->format, sizeof(item->format));
	r = image_check(&img, text, e);
	image_close(&img);
	if (r < 0 || !*text)
		return r;
	r = image_config_parse(*text, strlen(*text), &config, e);
	spec_free(config);
	return r;
}

static int add_signature(struct store_add *a, const char *id, struct err *e)
{
	char name[STORE_ENTRY];
	int r = 0;

	str_format(name, sizeof(name), STORE_FILES "/%s" STORE_SIG, id);
	if (a->signature)
		r = fd_replace(a->store->dir, name, a->signature, strlen(a->signature), 0600, true);
	return r < 0 ? err_sys(e, r, "cannot put its signature into the store") : 0;
}

/* The file and its configuration get their names, which are on the device when this returns. */
static int add_place(struct store_add *a, const struct store_item *item, const char *text,
		     struct err *e)
{
	char name[STORE_ENTRY], conf[STORE_ENTRY];
	AUTO_FD int files = openat(a->store->dir, STORE_FILES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	str_format(name, sizeof(name), STORE_FILES "/%s", item->id);
	str_format(conf, sizeof(conf), STORE_FILES "/%s" STORE_CONF, item->id);
	if (text)
		r = fd_replace(a->store->dir, conf, text, strlen(text), 0600, true);
	if (r == 0 && renameat(a->store->dir, a->temp, a->store->dir, name) < 0)
		r = -errno;
	if (r == 0) {
		a->temp[0] = '\0';
		r = files < 0 || fsync(files) < 0 ? -errno : 0;
	}
	return r < 0 ? err_sys(e, r, "cannot put it into the store") : 0;
}

static int add_name(struct store *s, const char *id, const char *name, struct err *e)
{
	struct store_item tag = { .kind = STORE_TAG, .created = stamp_now() };

	memcpy(tag.id, id, sizeof(tag.id));
	str_copy(tag.name, sizeof(tag.name), name);
	return store_put(s, &tag, e);
}

/* Under the lock. */
static int add_list(struct store_add *a, const char *tag, const char *text, struct store_item *item,
		    struct err *e)
{
	struct store_item there;
	int r = add_signature(a, item->id, e);

	if (r < 0)
		return r;
	if (store_image(a->store, item->id, &there) == 0) {
		*item = there;
		return tag ? add_name(a->store, item->id, tag, e) : 0;
	}
	r = add_place(a, item, text, e);
	if (r < 0)
		return r;
	/* With a name to come it counts only when it has that. */
	item->flags = (text ? STORE_CONFIG : 0) | (tag ? STORE_LOADING : 0);
	r = store_put(a->store, item, e);
	if (r < 0 || !tag)
		return r;
	r = add_name(a->store, item->id, tag, e);
	if (r < 0)
		return r;
	item->flags &= ~(uint32_t)STORE_LOADING;
	return store_put(a->store, item, e);
}

static int add_commit(struct store_add *a, const char *tag, struct store_item *item, struct err *e)
{
	AUTO_FREE char *text = NULL;
	int r;

	*item = (struct store_item){ .kind = STORE_IMAGE, .created = stamp_now() };
	r = add_check_same(a, &item->size, e);
	if (r == 0)
		r = add_check_image(a, item, &text, e);
	if (r < 0)
		return r;
	r = fsync(a->fd) < 0 ? -errno : store_hash(a->fd, item->id);
	if (r == 0 && a->want && strcmp(a->want, item->id) != 0)
		return err_set(e, EILSEQ, "has the SHA-256 %s, not the one that was asked for",
			       item->id);
	if (r == 0)
		r = record_lock(&a->store->index);
	if (r < 0)
		return err_sys(e, r, "cannot write it to the device");
	r = add_list(a, tag, text, item, e);
	record_unlock(&a->store->index);
	return r;
}

int store_add_commit(struct store_add *a, const char *tag, struct store_item *item, struct err *e)
{
	int r = add_commit(a, tag, item, e);

	store_add_abort(a);
	return r;
}

int store_tag(struct store *s, const char *id, const char *name, struct err *e)
{
	struct store_item image;
	int r = record_lock(&s->index);

	if (r < 0)
		return err_sys(e, r, "%s: cannot lock", s->index.path);
	r = store_image(s, id, &image);
	r = r < 0 ? err_sys(e, r, "%.12s: no such image any more", id) : add_name(s, id, name, e);
	record_unlock(&s->index);
	return r;
}
