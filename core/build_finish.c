// SPDX-License-Identifier: MIT
/*
 * The end of a build: the files and what the image says of itself become an image of the store, or a file. An image
 * that an earlier build made of the same is used again. See build.h.
 */
#include "core/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image_config.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/pack.h"
#include "core/store.h"

/* Of what the build itself makes: with times of now each build of the same would be another image. */
static const struct timespec build_epoch[2];

/* What the image says of itself, as the file that travels in it. */
static int build_write_config(const struct build_stage *s, int root, struct err *e)
{
	AUTO_FD int dir = -1, file = -1;
	struct out o;

	path_remove(root, IMAGE_CONFIG_DIR);
	if (mkdirat(root, IMAGE_CONFIG_DIR, 0755) < 0)
		return err_sys(e, errno, "/" IMAGE_CONFIG_DIR ": cannot make the folder");
	dir = openat(root, IMAGE_CONFIG_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	file = dir < 0 ? -1
		       : openat(dir, IMAGE_CONFIG_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				0644);
	if (file < 0)
		return err_sys(e, errno, "/" IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME);
	o = OUT(file);
	image_config_print(&o, s->config);
	if (out_flush(&o) < 0)
		return err_sys(e, o.error, "/" IMAGE_CONFIG_DIR "/" IMAGE_CONFIG_NAME);
	futimens(file, build_epoch);
	futimens(dir, build_epoch);
	return 0;
}

/* A read-only root needs them, and nobody thinks of them who begins at scratch. */
static int build_make_mount_points(int root, struct err *e)
{
	static const char *const folders[] = { "dev", "proc", "sys" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(root, folders[i], 0755) == 0)
			utimensat(root, folders[i], build_epoch, 0);
		else if (errno != EEXIST)
			return err_sys(e, errno, "/%s: cannot make the folder", folders[i]);
	futimens(root, build_epoch);
	return 0;
}

static int build_pack(struct build *b, int root, int fd, struct err *e)
{
	struct pack_args a = { .root = root, .name = "the image", .newest = PACK_TIMES_KEPT };

	build_said(b, "packing");
	out_flush(&b->out);
	return pack_write(&a, b->request->format, fd, e);
}

static void build_result(struct build *b, const char *what, const char *more, uint64_t bytes,
			 uint64_t began)
{
	uint64_t s = (event_now() - began) / 1000;
	char size[16];

	out_printf(&b->out, "%s%s %s, %s, %llu s\n", what, more, b->request->format,
		   str_of_size(bytes, size, sizeof(size)), (unsigned long long)s);
}

static int build_to_file(struct build *b, int root, int fd, uint64_t began, struct err *e)
{
	struct stat st;
	int r = build_pack(b, root, fd, e);

	if (r < 0)
		return r;
	if (fsync(fd) < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "%s: cannot write to the device", b->request->output);
	build_result(b, b->request->output, ":", (uint64_t)st.st_size, began);
	return 0;
}

/* Names what was made, and says so. */
static int build_made(struct build *b, struct store *store, const struct store_item *item,
		      unsigned int named, uint64_t began, struct err *e)
{
	int r = 0;

	for (unsigned int i = named; r >= 0 && i < b->request->tag.n; i++)
		r = store_tag(store, item->id, b->request->tag.v[i], e);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < b->request->tag.n; i++)
		out_printf(&b->out, "%s\n", b->request->tag.v[i]);
	build_result(b, "sha256:", item->id, item->size, began);
	return 0;
}

static int build_to_store(struct build *b, int root, const char *key, uint64_t began, struct err *e)
{
	struct store_item item;
	struct store_add add;
	struct store store;
	int r = store_open_writable(&store, e);

	if (r < 0)
		return r;
	r = store_add_begin(&add, &store, 0, e);
	if (r >= 0)
		r = build_pack(b, root, add.fd, e);
	if (r >= 0)
		r = store_add_commit(&add, b->request->tag.n ? b->request->tag.v[0] : NULL, &item,
				     e);
	else
		store_add_abort(&add);
	if (r >= 0)
		r = build_made(b, &store, &item, 1, began, e);
	if (r >= 0)
		build_layers_remember(&b->layers, key, item.id);
	store_close(&store);
	return r;
}

/* What decides what the image will be: the files, what it says of itself, its format. */
static int build_image_key(struct build *b, const struct build_stage *s, char key[BUILD_KEY],
			   struct err *e)
{
	AUTO_FD int file = sys_memfd("config", false);
	struct hash_sha256 h;
	struct out o = OUT(file);
	char buf[4096];
	ssize_t n;

	image_config_print(&o, s->config);
	if (file < 0 || out_flush(&o) < 0 || lseek(file, 0, SEEK_SET) < 0)
		return err_sys(e, file < 0 ? file : EIO, "the configuration of the image");
	build_layers_key_begin(&h, s->tree.key);
	build_layers_key_add(&h, b->request->format);
	while ((n = fd_read(file, buf, sizeof(buf))) > 0)
		hash_sha256_add(&h, buf, (size_t)n);
	build_layers_key_end(&h, key);
	return n < 0 ? err_sys(e, (int)n, "the configuration of the image") : 0;
}

/* An earlier build has made this very image, and it is still there: names it, 1. */
static int build_as_before(struct build *b, const char *key, uint64_t began, struct err *e)
{
	struct store_item item;
	struct store store;
	char id[STORE_ID];
	int r;

	if (b->request->no_cache || !build_layers_recall(&b->layers, key, id))
		return 0;
	r = store_open_writable(&store, e);
	if (r < 0)
		return r;
	r = store_image(&store, id, &item) < 0 ? 0 : 1;
	if (r > 0) {
		build_said(b, "the image is there already");
		r = build_made(b, &store, &item, 0, began, e);
		r = r < 0 ? r : 1;
	}
	store_close(&store);
	return r;
}

/* Beside the file, so that a build that fails leaves the old one. */
static int build_open_output(const char *path, char *temp, size_t size, struct err *e)
{
	uint32_t r;
	int fd;

	if (sys_random(&r, sizeof(r)) < 0)
		return err_set(e, EIO, "%s: no random numbers for a name beside it", path);
	if (str_format(temp, size, "%s.%08x", path, r) + 1 >= size)
		return err_set(e, ENAMETOOLONG, "%s: path too long", path);
	fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? err_sys(e, errno, "%s", temp) : fd;
}

int build_try_output(const char *path, struct err *e)
{
	char temp[PATHS_MAX];
	AUTO_FD int fd = build_open_output(path, temp, sizeof(temp), e);

	if (fd < 0)
		return fd;
	unlink(temp);
	return 0;
}

static int build_output(struct build *b, int root, uint64_t began, struct err *e)
{
	const char *path = b->request->output;
	char temp[PATHS_MAX];
	AUTO_FD int fd = build_open_output(path, temp, sizeof(temp), e);
	int r = fd < 0 ? fd : build_to_file(b, root, fd, began, e);

	if (r >= 0 && rename(temp, path) < 0)
		r = err_sys(e, errno, "%s", path);
	if (fd >= 0 && r < 0)
		unlink(temp);
	return r;
}

int build_finish(struct build *b, struct build_stage *s, uint64_t began, struct err *e)
{
	char path[PATHS_MAX], key[BUILD_KEY] = "";
	int root, r = b->request->output ? 0 : build_image_key(b, s, key, e);

	if (r >= 0 && !b->request->output)
		r = build_as_before(b, key, began, e);
	if (r != 0)
		return r;
	root = build_layers_mount(&b->layers, &s->tree, "root", true, path, e);
	r = root < 0 ? root : build_write_config(s, root, e);
	if (r >= 0)
		r = build_make_mount_points(root, e);
	if (r >= 0)
		r = b->request->output ? build_output(b, root, began, e)
				       : build_to_store(b, root, key, began, e);
	fd_close(&root);
	build_layers_unmount(&b->layers, "root", NULL);
	return r;
}
