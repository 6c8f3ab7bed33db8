/* SPDX-License-Identifier: MIT */
/*
 * The mounts of a container, made by its own first process in its own mount namespace, so that the
 * kernel takes them away with its last process. See child.h for why the order is what it is.
 * Sources: pivot_root(2) ("pivot_root(".", ".")"), mount_namespaces(7), OCI runtime-spec config-linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/paths.h"
#include "core/rootless.h"
#include "core/userns.h"

/* Hidden and read-only paths of procfs and sysfs, as in the OCI defaults. */
static const char *const child_masked_files[] = {
	"/proc/kcore",	    "/proc/keys",	 "/proc/latency_stats",
	"/proc/timer_list", "/proc/sched_debug", "/proc/interrupts",
};
static const char *const child_masked_dirs[] = {
	"/proc/asound",
	"/proc/acpi",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
};
static const char *const child_readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool child_wants_propagation(const struct spec *s)
{
	struct spec_mount m;

	for (unsigned int i = 0; IS_ENABLED(CONFIG_MOUNTS) && i < s->mount.n; i++)
		if (spec_mount(s->mount.v[i], &m, NULL) == 0 &&
		    (m.propagation & (MS_SLAVE | MS_SHARED)))
			return true;
	return false;
}

/* From here on no mount of ours is seen by the host. */
int child_own_mounts(struct child *c, struct err *e)
{
	unsigned long how = child_wants_propagation(c->l->spec) ? MS_SLAVE : MS_PRIVATE;
	const char *knob;

	if (IS_ENABLED(CONFIG_KEEP_MOUNTS) && c->l->keep.ns >= 0)
		return keep_enter(c->l, e);
	if (mount(NULL, "/", NULL, MS_REC | how, NULL) == 0)
		return 0;
	knob = rootless_active() ? rootless_knob(errno) : NULL;
	return knob ? err_set(e, errno, "leaving the host's mounts: %s; %s", err_text(errno), knob)
		    : err_sys(e, errno, "leaving the host's mounts");
}

/* The container's files with its ids, whatever those are on the disk: nothing is chowned. */
static int child_map_ids(const char *path, int userns, struct err *e)
{
	int r = userns < 0 ? 0 : sys_mount_idmap(path, userns);

	if (r == 0)
		return 0;
	return err_set(
		e, -r,
		"userns = auto: showing %s with other ids: %s; that needs Linux 5.12, 5.19 for an "
		"overlay, 6.2 for squashfs; or use userns = yes",
		path, err_text(r));
}

/* An overlay works in its upper layer as who has mounted it, and our 0 is not among the ids shown there. */
static int child_storage(struct launch *l, int userns, struct err *e)
{
	int r = 0;

	if (!l->storage_driver->direct && l->storage_driver->prepare)
		r = child_map_ids(l->storage.dir, userns, e);
	if (r == 0 && userns >= 0)
		sys_files_as(l->uids.r[0].outside, l->gids.r[0].outside);
	if (r == 0)
		r = l->storage_driver->attach(&l->storage, e);
	if (userns >= 0)
		sys_files_as(0, 0);
	return r;
}

int child_root(struct launch *l, struct err *e)
{
	static const char wrap_image[] = "image", wrap_storage[] = "storage";
	char lower[PATHS_MAX], root[PATHS_MAX];
	AUTO_FD int userns = -1;
	bool direct = l->storage_driver->direct;
	int r;

	paths_of(lower, paths.run, "mnt", "lower");
	paths_of(root, paths.run, "mnt", "root");
	if (IS_ENABLED(CONFIG_USERNS) && l->mounts_outside &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "leaving the host's mounts");
	userns = IS_ENABLED(CONFIG_USERNS) && l->mounts_outside ? userns_of_mounts(l, e) : -1;
	if (userns < -1)
		return userns;
	r = l->image.driver->attach(&l->image, direct ? root : lower, e);
	if (r == 0)
		r = child_map_ids(direct ? root : lower, userns, e);
	if (r < 0) {
		err_wrap(e, wrap_image);
		return r;
	}
	l->storage.lower = direct ? NULL : lower;
	l->storage.root = root;
	r = child_storage(l, userns, e);
	if (r < 0)
		err_wrap(e, wrap_storage);
	return r;
}

/* An initramfs cannot be pivoted away from: there the new root is moved over "/", which hides the old one. */
static int child_move_over(const char *root, struct err *e)
{
	if (chdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return err_sys(e, errno, "moving the root over an initramfs");
	return 0;
}

/*
 * root, "." or the path of a mount, becomes the root; after it nothing leads to the host's files. The old one
 * comes to lie on top of the new one, from where it is taken.
 */
static int child_swap_root(const char *root, struct err *e)
{
	int r = sys_pivot_root(root, root);

	if (r == 0)
		r = umount2(*root == '/' ? "/" : root, MNT_DETACH) < 0
			    ? err_sys(e, errno, "unmounting the old root")
			    : 0;
	else
		r = r == -EINVAL ? child_move_over(root, e) : err_sys(e, r, "pivot_root");
	if (r == 0 && chdir("/") < 0)
		r = err_sys(e, errno, "/");
	return r;
}

bool child_needs_host(const struct launch *l)
{
	const struct spec *s = l->spec;

	return l->in_userns || s->privileged || s->mount.n || s->device.n || s->ipc == SPEC_NS_HOST;
}

/*
 * Where the host is still needed, a chroot first: while the mounts are made, ".." ends at the new root. Had
 * pivot_root(".", ".") been done already, the old root would lie on top of the new one, and a ".." in a link
 * of the image would lead to it.
 */
int child_enter_root(struct child *c, struct err *e)
{
	char root[PATHS_MAX];

	if (IS_ENABLED(CONFIG_KEEP_MOUNTS) && c->l->keep.ns >= 0) {
		/* Where it does not serve any more, the container's own comes to lie over it. */
		c->dev_ready = c->l->keep.key & KEEP_DEV && child_ready_serves(c->l);
		return 0;
	}
	paths_of(root, paths.run, "mnt", "root");
	/* What a user namespace has inherited is locked in place; a bind of it is not. */
	if (IS_ENABLED(CONFIG_USERNS) && c->l->mounts_outside &&
	    mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, errno, "%s: binding it", root);
	child_ready_take(c);
	if (!child_needs_host(c->l))
		return child_swap_root(root, e);
	c->old_root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->old_root < 0 || chdir(root) < 0 || chroot(".") < 0)
		return err_sys(e, errno, "%s", root);
	return 0;
}

/* The folder of a fixed mount point; an image may lack it, but it may not be something else. */
static int child_make_dir(const char *dst, struct err *e)
{
	if (mkdir(dst, 0755) == 0 || errno == EEXIST)
		return 0;
	if (errno == EROFS)
		return err_set(
			e, EROFS,
			"the image has no folder %s and the root is read-only; add it, or use storage = overlay or tmpfs",
			dst);
	return err_sys(e, errno, "%s: making the folder", dst);
}

int child_mount(const char *type, const char *dst, unsigned long flags, const char *data,
		struct err *e)
{
	int r;

	if (mount(type, dst, type, flags, data) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(e, errno, "%s: mounting %s", dst, type);
	r = child_make_dir(dst, e);
	if (r < 0)
		return r;
	return mount(type, dst, type, flags, data) < 0
		       ? err_sys(e, errno, "%s: mounting %s", dst, type)
		       : 0;
}

/* Without open_tree(2) (before Linux 5.2) the source is named through the current folder. */
static int child_bind_old(const struct child *c, const char *src, const char *dst, bool recursive)
{
	char name[256];
	AUTO_FD int dir = openat(c->old_root, src, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	snprintf(name, sizeof(name), ".");
	if (dir < 0) {
		dir = path_open_parent(c->old_root, src, false, name, sizeof(name));
		if (dir < 0)
			return dir;
	}
	if (fchdir(dir) < 0 || mount(name, dst, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL) < 0)
		r = -errno;
	if (chdir("/") < 0 && r == 0)
		r = -errno;
	return r;
}

int child_bind(const struct child *c, const char *src, const char *dst, bool recursive,
	       struct err *e)
{
	AUTO_FD int tree = -1;
	int r;

	src += strspn(src, "/");
	if (!*src)
		src = ".";
	tree = sys_open_tree(c->old_root, src, recursive);
	r = tree < 0 ? tree : sys_move_mount(tree, dst);
	if (SYS_OLD_KERNELS && r == -ENOSYS)
		r = child_bind_old(c, src, dst, recursive);
	return r < 0 ? err_sys(e, r, "/%s: binding it to %s", src, dst) : 0;
}

/* The one around us, read-only. */
static int child_sys_bind(const struct child *c, struct err *e)
{
	int r = child_make_dir("/sys", e);

	if (r == 0)
		r = child_bind(c, "/sys", "/sys", true, e);
	return r < 0 ? r : sys_mount_restrict(c->old_root, "/sys", true, true, true, true, true);
}

/* A sysfs shows the network namespace it is mounted from, so one of our own only with a netns of our own. */
int child_sys(struct child *c, struct err *e)
{
	const struct launch *l = c->l;
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC |
			      (l->spec->privileged ? 0 : MS_RDONLY);
	int r;

	if (l->in_userns && !(l->clone_flags & CLONE_NEWNET))
		return child_sys_bind(c, e);
	r = child_mount("sysfs", "/sys", flags, NULL, e);
	/* In a container that hides parts of its own the kernel allows no other. */
	if (IS_ENABLED(CONFIG_ROOTLESS) && r == -EPERM && l->in_userns)
		return child_sys_bind(c, e);
	if (r < 0 || l->cgroup < 0)
		return r;
	return child_mount("cgroup2", "/sys/fs/cgroup", flags, NULL, e);
}

/* An O_PATH fd of it. */
static int child_mount_target(int root, const char *dst, bool is_file, struct err *e)
{
	int fd = path_mount_point(root, dst, is_file);

	if (fd == -EROFS)
		return err_set(
			e, EROFS,
			"%s: not in the image, and the root is read-only; add it to the image or use storage = tmpfs",
			dst);
	if (fd == -ENOTDIR || fd == -EISDIR)
		return err_set(e, -fd, "%s: the image has a %s there", dst,
			       is_file ? "folder" : "file");
	if (fd < 0)
		return err_sys(e, fd, "%s: making the mount point", dst);
	return fd;
}

/* Its options are set before anybody can reach it, and it lands where the mount point was checked to be. */
static int child_place(const struct child *c, const struct spec_mount *m, int target)
{
	const char *src = m->src + strspn(m->src, "/");
	AUTO_FD int tree = sys_open_tree(c->old_root, *src ? src : ".", m->rec);
	int r = tree < 0 ? tree : 0;

	if (r == 0)
		r = sys_tree_restrict(tree, m->rec, m->rdonly, m->nosuid, m->nodev, m->noexec);
	if (r == 0)
		r = sys_move_mount_to(tree, target);
	if (r == 0)
		r = sys_tree_propagate(tree, m->propagation & MS_REC,
				       m->propagation & ~(unsigned long)MS_REC);
	return r;
}

/* Before Linux 5.12: by path, one after the other. */
static int child_place_old(const struct child *c, const struct spec_mount *m, struct err *e)
{
	int r = child_bind(c, m->src, m->dst, m->rec, e);

	if (r < 0)
		return r;
	r = sys_mount_restrict(c->old_root, m->dst, m->rec, m->rdonly, m->nosuid, m->nodev,
			       m->noexec);
	if (r < 0)
		return err_sys(e, r, "%s: setting its options", m->dst);
	if (m->propagation && mount(NULL, m->dst, NULL, m->propagation, NULL) < 0)
		return err_sys(e, errno, "%s: setting its propagation", m->dst);
	return 0;
}

static int child_one_mount(struct child *c, int root, const struct spec_mount *m, struct err *e)
{
	AUTO_FD int target = -1;
	struct stat st;
	int r;

	if (fstatat(c->old_root, m->src + strspn(m->src, "/"), &st, m->src[1] ? 0 : AT_EMPTY_PATH) <
	    0) {
		if (m->optional && errno == ENOENT)
			return 0;
		return err_sys(e, errno, "%s", m->src);
	}
	target = child_mount_target(root, m->dst, !S_ISDIR(st.st_mode), e);
	if (target < 0)
		return target;
	r = child_place(c, m, target);
	if (SYS_OLD_KERNELS && r == -ENOSYS)
		return child_place_old(c, m, e);
	return r < 0 ? err_sys(e, r, "%s: binding it to %s", m->src, m->dst) : 0;
}

static int child_one_tmpfs(int root, const struct spec_mount *m, struct err *e)
{
	char data[64];
	AUTO_FD int target = child_mount_target(root, m->dst, false, e);

	if (target < 0)
		return target;
	snprintf(data, sizeof(data), "mode=%o,size=%llu", m->mode ? m->mode : 01777U,
		 (unsigned long long)m->size);
	if (!m->size)
		*strchr(data, ',') = '\0';
	return child_mount("tmpfs", m->dst,
			   MS_NOSUID | MS_NODEV | (m->noexec ? MS_NOEXEC : 0) |
				   (m->rdonly ? MS_RDONLY : 0),
			   data, e);
}

/* No procfs is mounted yet: a link in the image leads to a place inside, whatever it says. */
int child_user_mounts(struct child *c, struct err *e)
{
	const struct spec *s = c->l->spec;
	AUTO_FD int root = -1;
	struct spec_mount m;
	int r = 0;

	if (!IS_ENABLED(CONFIG_MOUNTS) || s->mount.n + s->tmpfs.n == 0)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, errno, "/");
	for (unsigned int i = 0; r >= 0 && i < s->tmpfs.n; i++) {
		r = spec_tmpfs(s->tmpfs.v[i], &m, e);
		if (r >= 0)
			r = child_one_tmpfs(root, &m, e);
	}
	for (unsigned int i = 0; r >= 0 && i < s->mount.n; i++) {
		r = spec_mount(s->mount.v[i], &m, e);
		if (r >= 0)
			r = child_one_mount(c, root, &m, e);
	}
	return r;
}

int child_proc(struct child *c, struct err *e)
{
	const struct launch *l = c->l;
	struct stat st;
	int r;

	/* A link here would put procfs, and with it every later check, somewhere else. */
	if (lstat("/proc", &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "the image has something else than a folder at /proc");
	/* Of processes that are not its own it may not mount one. */
	if (IS_ENABLED(CONFIG_ROOTLESS) && l->in_userns && l->spec->pid == SPEC_NS_HOST) {
		r = child_make_dir("/proc", e);
		if (r == 0)
			r = child_bind(c, "/proc", "/proc", true, e);
		return r < 0 ? r
			     : sys_mount_restrict(c->old_root, "/proc", true, false, true, true,
						  true);
	}
	r = child_mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, e);
	if (!IS_ENABLED(CONFIG_ROOTLESS) || r != -EPERM || !l->in_userns)
		return r;
	return err_set(
		e, EPERM,
		"/proc: the kernel allows no other in a container that hides parts of its own; start "
		"that one with --privileged (podman: --security-opt unmask=/proc/*), or share its "
		"processes with --pid host");
}

static int child_mask(const char *path, const char *with, struct err *e)
{
	if (mount(with, path, NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, errno, "%s: hiding it", path);
}

static int child_read_only(const char *path, bool is_so, struct err *e)
{
	int r;

	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s: making it read-only", path);
	r = is_so ? 0 : sys_mount_restrict(-1, path, true, true, false, false, false);
	return r < 0 ? err_sys(e, r, "%s: making it read-only", path) : 0;
}

/* A bind is as its source is: while /proc is read-only, one call for each of them is enough. */
static int child_read_only_paths(struct err *e)
{
	bool is_so = sys_mount_writable("/proc", false) == 0;
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < ARRAY_SIZE(child_readonly); i++)
		r = child_read_only(child_readonly[i], is_so, e);
	if (r < 0 || !is_so)
		return r;
	r = sys_mount_writable("/proc", true);
	return r < 0 ? err_sys(e, r, "/proc: making it writable") : 0;
}

/* Paths of the spec are checked to end inside without passing a link of procfs. */
static int child_hide_more(const struct spec *s, const char *empty, struct err *e)
{
	AUTO_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (root < 0)
		return err_sys(e, errno, "/");
	for (unsigned int i = 0; r >= 0 && i < s->masked.n + s->readonly.n; i++) {
		bool mask = i < s->masked.n;
		const char *path = mask ? s->masked.v[i] : s->readonly.v[i - s->masked.n];
		AUTO_FD int fd = path_open_beneath(root, path, O_PATH, 0);
		struct stat st;

		if (fd == -ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(e, fd < 0 ? fd : errno, "%s", path);
		r = mask ? child_mask(path, S_ISDIR(st.st_mode) ? empty : "/dev/null", e)
			 : child_read_only(path, false, e);
	}
	return r;
}

/* One removed folder serves for all masked ones: nothing can ever be made in it. */
int child_hide(struct child *c, struct err *e)
{
	const struct spec *s = c->l->spec;
	static const char empty[] = "/dev/" CHILD_READY_EMPTY; /* /dev/shm may be the host's */
	int r = 0;

	if (s->privileged && s->masked.n + s->readonly.n == 0)
		return 0;
	if (!c->dev_ready && mkdir(empty, 0555) < 0)
		return err_sys(e, errno, "%s", empty);
	if (!s->privileged) {
		for (unsigned int i = 0; r >= 0 && i < ARRAY_SIZE(child_masked_files); i++)
			r = child_mask(child_masked_files[i], "/dev/null", e);
		for (unsigned int i = 0; r >= 0 && i < ARRAY_SIZE(child_masked_dirs); i++)
			r = child_mask(child_masked_dirs[i], empty, e);
		if (r >= 0)
			r = child_read_only_paths(e);
	}
	if (r >= 0 && IS_ENABLED(CONFIG_MOUNTS) && s->masked.n + s->readonly.n)
		r = child_hide_more(s, empty, e);
	if (!c->dev_ready)
		rmdir(empty);
	return r;
}

/* Back out of the chroot, then for good. */
int child_leave_old_root(struct child *c, struct err *e)
{
	AUTO_FD int root = -1;

	if (c->old_root < 0)
		return 0;
	root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fchdir(c->old_root) < 0 || chroot(".") < 0 || fchdir(root) < 0)
		return err_sys(e, errno, "leaving the chroot");
	fd_close(&c->old_root);
	return child_swap_root(".", e);
}
