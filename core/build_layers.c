// SPDX-License-Identifier: MIT
/*
 * Layers on disk. See build_layers.h. Runs in the building process, which is root (or root in a user
 * namespace). A layer gets its name only when it is whole and on the device.
 */
#include "core/build_layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/build_walk.h"
#include "core/image.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/rootless.h"

#define LAYERS_WORK "w-"
#define LAYERS_OPTIONS 4000 /* mount(2) takes a page */

/* ---- keys ---------------------------------------------------------------------------------------- */

void build_layers_key_begin(struct hash_sha256 *h, const char *key)
{
	hash_sha256_init(h);
	/* What a key is made of, and how a layer is kept: another number when either changes. */
	build_layers_key_add(h, "myctr 3");
	build_layers_key_add(h, key);
}

void build_layers_key_add(struct hash_sha256 *h, const char *text)
{
	/* With its NUL, so that "ab" "c" is not "a" "bc". */
	hash_sha256_add(h, text, strlen(text) + 1);
}

void build_layers_key_end(struct hash_sha256 *h, char key[BUILD_KEY])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[32];

	hash_sha256_end(h, sum);
	for (size_t i = 0; i < BUILD_KEY / 2; i++) {
		key[2 * i] = digits[sum[i] >> 4];
		key[2 * i + 1] = digits[sum[i] & 15];
	}
	key[BUILD_KEY - 1] = '\0';
}

/* ---- the folder ------------------------------------------------------------------------------------ */

/* Removes the work folders whose builds are dead: nobody holds their locks. */
static void layers_collect(int dir)
{
	AUTO_FD int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d)
		return;
	copy = -1;
	while ((entry = readdir(d)) != NULL) {
		AUTO_FD int fd = -1;

		if (strncmp(entry->d_name, LAYERS_WORK, strlen(LAYERS_WORK)) != 0)
			continue;
		fd = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			path_remove(dir, entry->d_name);
	}
}

static int layers_make_work(struct build_layers *l, struct err *e)
{
	uint64_t r;

	if (sys_random(&r, sizeof(r)) < 0)
		return err_set(e, EIO, "%s: no random numbers for a name", l->path);
	str_format(l->name, sizeof(l->name), LAYERS_WORK "%016llx", (unsigned long long)r);
	if (mkdirat(l->dir, l->name, 0700) < 0)
		return err_sys(e, errno, "%s/%s: cannot make the folder", l->path, l->name);
	l->work = openat(l->dir, l->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->work < 0 || flock(l->work, LOCK_EX | LOCK_NB) < 0)
		return err_sys(e, errno, "%s/%s: cannot lock", l->path, l->name);
	if (mkdirat(l->work, "none", 0755) < 0)
		return err_sys(e, errno, "%s/%s: cannot make a folder", l->path, l->name);
	return 0;
}

int build_layers_enter(struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, errno, "a mount namespace for the build");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "mounts of the build: cannot keep them to itself");
	return 0;
}

int build_layers_open(struct build_layers *l, struct err *e)
{
	int r;

	*l = (struct build_layers){ .dir = -1, .work = -1, .home = -1 };
	r = paths_join(l->path, paths.data, "build", NULL);
	if (r >= 0)
		r = path_mkdirs(l->path, 0700);
	if (r < 0)
		return err_sys(e, r, "%s/build: cannot make the folder", paths.data);
	l->home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->dir = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Layers hold set-user-id programs: nobody else may reach them. */
	if (l->home < 0 || l->dir < 0 || fchmod(l->dir, 0700) < 0)
		return err_sys(e, errno, "%s: cannot open", l->path);
	/* Nobody may collect a work folder between its making and its lock. */
	if (flock(l->dir, LOCK_EX) < 0 || (mkdirat(l->dir, "l", 0700) < 0 && errno != EEXIST))
		return err_sys(e, errno, "%s: cannot lock", l->path);
	layers_collect(l->dir);
	r = layers_make_work(l, e);
	flock(l->dir, LOCK_UN);
	return r;
}

/* Where a name of the work folder is, for calls that take paths. */
static const char *layers_path(const struct build_layers *l, const char *name, const char *more,
			       char buf[PATHS_MAX])
{
	str_format(buf, PATHS_MAX, "%s/%s/%s%s", l->path, l->name, name, more);
	return buf;
}

void build_layers_close(struct build_layers *l)
{
	char path[PATHS_MAX], name[16];

	if (l->work >= 0) {
		/* What is mounted below the work folder would not let it be removed. */
		for (unsigned int i = 0; i < l->n_bases; i++) {
			str_format(name, sizeof(name), "b%u", i);
			umount2(layers_path(l, name, "", path), MNT_DETACH);
		}
		fd_close(&l->work);
		path_remove(l->dir, l->name);
	}
	fd_close(&l->dir);
	fd_close(&l->home);
}

/* ---- trees --------------------------------------------------------------------------------------- */

static int layers_add(struct arena *a, struct build_tree *t, const char *path, struct err *e)
{
	if (t->lower.n >= BUILD_LAYERS_MAX)
		return err_set(
			e, E2BIG,
			"more than %d steps change files; join some with && or a here-document",
			BUILD_LAYERS_MAX);
	return strv_add(a, &t->lower, path) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

/* An image of the store by its name, a file by its bytes, a folder by what tells that something in it has changed. */
static int layers_image_key(const struct image *img, struct build_tree *t, struct err *e)
{
	uint8_t buf[16384];
	struct hash_sha256 h;
	off_t at = 0;
	ssize_t n;
	int r = 0;

	build_layers_key_begin(&h, "image");
	if (*img->id) {
		build_layers_key_add(&h, img->id);
	} else if (S_ISDIR(img->st.st_mode)) {
		r = build_walk_print(&h, img->fd, e);
	} else {
		while ((n = pread(img->fd, buf, sizeof(buf), at)) > 0) {
			hash_sha256_add(&h, buf, (size_t)n);
			at += n;
		}
		if (n < 0)
			r = err_sys(e, errno, "%s: cannot read", path_base(img->path));
	}
	build_layers_key_end(&h, t->key);
	return r;
}

int build_layers_from(struct build_layers *l, struct arena *a, struct image *img,
		      struct build_tree *t, struct err *e)
{
	char at[48], name[16], path[PATHS_MAX];
	int r;

	*t = (struct build_tree){ 0 };
	str_format(name, sizeof(name), "b%u", l->n_bases);
	str_format(at, sizeof(at), "%s/%s", l->name, name);
	layers_path(l, name, "", path);
	r = layers_image_key(img, t, e);
	if (r >= 0)
		r = image_prepare(img, e);
	if (r >= 0 && mkdirat(l->work, name, 0755) < 0)
		r = err_sys(e, errno, "%s: cannot make a mount point", at);
	if (r >= 0) {
		l->n_bases++;
		r = img->driver->attach(img, path, e);
	}
	image_close(img);
	return r < 0 ? r : layers_add(a, t, at, e);
}

int build_layers_scratch(struct build_layers *l, struct arena *a, struct build_tree *t,
			 struct err *e)
{
	struct hash_sha256 h;

	(void)l;
	(void)a;
	(void)e;
	*t = (struct build_tree){ 0 };
	build_layers_key_begin(&h, "scratch");
	build_layers_key_end(&h, t->key);
	return 0;
}

int build_layers_copy(struct arena *a, struct build_tree *to, const struct build_tree *from,
		      struct err *e)
{
	int r = 0;

	*to = (struct build_tree){ 0 };
	memcpy(to->key, from->key, BUILD_KEY);
	for (unsigned int i = 0; r >= 0 && i < from->lower.n; i++)
		r = layers_add(a, to, from->lower.v[i], e);
	return r;
}

int build_layers_reuse(struct build_layers *l, struct arena *a, struct build_tree *t,
		       const char key[BUILD_KEY], struct err *e)
{
	char path[40];
	int r;

	str_format(path, sizeof(path), "l/%s", key);
	if (faccessat(l->dir, path, F_OK, 0) < 0)
		return 0;
	r = layers_add(a, t, path, e);
	if (r < 0)
		return r;
	memcpy(t->key, key, BUILD_KEY);
	return 1;
}

/* "lowerdir=TOP:...:BOTTOM": overlayfs wants the highest first, and two where nothing can be written. */
static int layers_options(const struct build_layers *l, const struct build_tree *t,
			  const char *name, bool writable, char *out, size_t size)
{
	size_t n = str_format(out, size, "%s,index=off,metacopy=off,lowerdir=",
			      rootless_active() ? "userxattr" : "redirect_dir=off");

	for (unsigned int i = t->lower.n; i-- > 0;)
		n += str_format(out + n, size - n, "%s:", t->lower.v[i]);
	n += str_format(out + n, size - n, "%s/none", l->name);
	if (!writable && t->lower.n == 0)
		n += str_format(out + n, size - n, ":%s/none2", l->name);
	if (writable)
		n += str_format(out + n, size - n, ",upperdir=%s/%s/u,workdir=%s/%s/w", l->name,
				name, l->name, name);
	return n + 1 >= size ? -E2BIG : 0;
}

static int layers_make_folders(struct build_layers *l, const char *name, struct err *e)
{
	static const char *const folders[] = { "", "/m", "/u", "/w" };
	char path[64];

	if (mkdirat(l->work, "none2", 0755) < 0 && errno != EEXIST)
		return err_sys(e, errno, "%s: cannot make a folder", l->path);
	path_remove(l->work, name);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		str_format(path, sizeof(path), "%s%s", name, folders[i]);
		if (mkdirat(l->work, path, 0755) < 0)
			return err_sys(e, errno, "%s/%s: cannot make the folder", l->path, path);
	}
	return 0;
}

/* The new layer's top is the tree's: it would hide the mode and owner of what is below. */
static int layers_like_base(struct build_layers *l, const struct build_tree *t, const char *name,
			    struct err *e)
{
	char upper[64];
	struct stat st;

	if (t->lower.n == 0)
		return 0;
	str_format(upper, sizeof(upper), "%s/u", name);
	if (fstatat(l->dir, t->lower.v[t->lower.n - 1], &st, 0) < 0 ||
	    ((st.st_uid != geteuid() || st.st_gid != getegid()) &&
	     fchownat(l->work, upper, st.st_uid, st.st_gid, 0) < 0) ||
	    fchmodat(l->work, upper, st.st_mode & 07777, 0) < 0)
		return err_sys(e, errno, "/: cannot keep its mode and owner");
	return 0;
}

static int layers_explain(int code, const char *path, struct err *e)
{
	if (code == ENODEV)
		return err_set(
			e, code,
			"the kernel has no overlay (CONFIG_OVERLAY_FS); try `modprobe overlay`");
	if (code == EINVAL)
		return err_set(e, code,
			       "overlay refuses %s; its file system must keep trusted.* attributes "
			       "(ext4, f2fs, ubifs, tmpfs with TMPFS_XATTR)",
			       path);
	return err_sys(e, code, "cannot mount the layers of the build in %s", path);
}

int build_layers_mount(struct build_layers *l, const struct build_tree *t, const char *name,
		       bool writable, char path[PATHS_MAX], struct err *e)
{
	char options[LAYERS_OPTIONS], at[64];
	int r = layers_make_folders(l, name, e), fd;

	if (r >= 0 && writable)
		r = layers_like_base(l, t, name, e);
	if (r < 0)
		return r;
	r = layers_options(l, t, name, writable, options, sizeof(options));
	if (r < 0)
		return err_set(e, E2BIG, "too many layers");
	str_format(at, sizeof(at), "%s/%s/m", l->name, name);
	if (str_format(path, PATHS_MAX, "%s/%s", l->path, at) + 1 >= PATHS_MAX)
		return err_set(e, ENAMETOOLONG, "%s: path too long", l->path);
	/* The options name layers from DATA/build on, so that many fit into a page. */
	if (fchdir(l->dir) < 0)
		return err_sys(e, errno, "%s: cannot enter", l->path);
	r = mount("overlay", at, "overlay", writable ? 0 : MS_RDONLY, options) < 0 ? -errno : 0;
	if (fchdir(l->home) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		return layers_explain(-r, l->path, e);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "%s: cannot open", at) : fd;
}

int build_layers_place(struct build_layers *l, int fd, const char *name, char path[PATHS_MAX],
		       struct err *e)
{
	char self[PATH_FD_SIZE];
	struct stat st;
	int r = fstat(fd, &st);

	if (r == 0 && S_ISDIR(st.st_mode))
		r = mkdirat(l->work, name, 0700);
	else if (r == 0)
		r = mknodat(l->work, name, S_IFREG | 0600, 0);
	layers_path(l, name, "", path);
	if (r < 0 || mount(path_of_fd(fd, self), path, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, errno, "%s: cannot bind to it", path);
	return 0;
}

void build_layers_unplace(struct build_layers *l, const char *name)
{
	char path[PATHS_MAX];

	umount2(layers_path(l, name, "", path), MNT_DETACH);
	path_remove(l->work, name);
}

int build_layers_unmount(struct build_layers *l, const char *name, struct err *e)
{
	char at[PATHS_MAX];

	if (umount2(layers_path(l, name, "/m", at), MNT_DETACH) < 0 && errno != EINVAL)
		return err_sys(e, errno, "%s: cannot unmount", at);
	path_remove(l->work, name);
	return 0;
}

int build_layers_keep(struct build_layers *l, struct arena *a, struct build_tree *t,
		      const char *name, const char key[BUILD_KEY], struct err *e)
{
	char upper[64], at[PATHS_MAX], layer[40];
	int r;

	layers_path(l, name, "/m", at);
	str_format(upper, sizeof(upper), "%s/%s/u", l->name, name);
	str_format(layer, sizeof(layer), "l/%s", key);
	if (umount2(at, 0) < 0 && umount2(at, MNT_DETACH) < 0)
		return err_sys(e, errno, "%s: cannot unmount", at);
	if (syncfs(l->dir) < 0)
		return err_sys(e, errno, "%s: cannot write to the device", l->path);
	/* Another build may have been first with the same step: either is as good. */
	if (renameat(l->dir, upper, l->dir, layer) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(e, errno, "%s/%s: cannot keep the layer", l->path, layer);
	path_remove(l->work, name);
	r = layers_add(a, t, layer, e);
	if (r >= 0)
		memcpy(t->key, key, BUILD_KEY);
	return r;
}

/* ---- images ---------------------------------------------------------------------------------------- */

/* The text of a link: it is there whole or not at all, and then the next build packs the image again. */
void build_layers_remember(struct build_layers *l, const char *key, const char *id)
{
	char name[40 + BUILD_KEY];

	str_format(name, sizeof(name), "i/%s", key);
	mkdirat(l->dir, "i", 0700);
	unlinkat(l->dir, name, 0);
	if (symlinkat(id, l->dir, name) < 0)
		return;
}

bool build_layers_recall(const struct build_layers *l, const char *key, char id[65])
{
	char name[40 + BUILD_KEY];
	ssize_t n;

	str_format(name, sizeof(name), "i/%s", key);
	n = readlinkat(l->dir, name, id, 65);
	if (n != 64)
		return false;
	id[64] = '\0';
	return true;
}

/* ---- forgetting ----------------------------------------------------------------------------------- */

/* A build that lives holds the lock of its work folder. */
static bool layers_in_use(int dir)
{
	AUTO_FD int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d)
		return true;
	copy = -1;
	while ((entry = readdir(d)) != NULL)
		if (strncmp(entry->d_name, LAYERS_WORK, strlen(LAYERS_WORK)) == 0)
			return true;
	return false;
}

int build_layers_prune(struct err *e)
{
	static const char *const names[] = { "l", "c", "i" };
	char path[PATHS_MAX];
	AUTO_FD int dir = -1;
	int r = paths_join(path, paths.data, "build", NULL);

	if (r < 0)
		return err_sys(e, r, "%s", paths.data);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s: cannot open", path);
	if (flock(dir, LOCK_EX) < 0)
		return err_sys(e, errno, "%s: cannot lock", path);
	layers_collect(dir);
	if (layers_in_use(dir))
		return err_set(e, EBUSY, "%s: a build is running; try again when it has ended",
			       path);
	/* Interrupted, it leaves what the next build collects, and no half of a layer under a good name. */
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++) {
		if (renameat(dir, names[i], dir, LAYERS_WORK "old") == 0)
			r = path_remove(dir, LAYERS_WORK "old");
		else
			r = errno == ENOENT ? 0 : -errno;
	}
	return r < 0 ? err_sys(e, r, "%s: cannot remove the layers", path) : 0;
}
