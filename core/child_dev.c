/* SPDX-License-Identifier: MIT */
/*
 * /dev of a container: a small tmpfs with the standard nodes, devpts, shm, mqueue and the devices the
 * spec names; and its terminal. Runs inside. Nodes are made by number, never copied from what an image
 * ships. In a user namespace, where nodes cannot be made, the host's are bound after a look at
 * their numbers. Sources: OCI runtime-spec config-linux "Default Devices", devpts in the kernel doc.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/child.h"
#include "core/lib/config.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/lib/plug.h"
#include "core/spawn.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

static const struct child_node {
	const char *name;
	unsigned int major, minor;
} child_nodes[] = {
	{ "null", 1, 3 },   { "zero", 1, 5 },	 { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct {
	const char *to, *name;
} child_links[] = {
	{ "/proc/self/fd", "fd" },	 { "/proc/self/fd/0", "stdin" },
	{ "/proc/self/fd/1", "stdout" }, { "/proc/self/fd/2", "stderr" },
	{ "pts/ptmx", "ptmx" },
};

static const char *const child_dirs[] = { "pts", "shm", "mqueue" };

/* Binds the host's node of that path, if it is the device it should be. */
static int child_bind_node(const struct child *c, const char *src, const char *dst, dev_t dev,
			   struct err *e)
{
	struct stat st;
	AUTO_FD int fd = open(dst, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, "%s: making a file to bind to", dst);
	if (fstatat(c->old_root, src + 1, &st, 0) < 0)
		return err_sys(e, errno, "%s on the host", src);
	if (st.st_rdev != dev)
		return err_set(e, ENODEV, "%s on the host is not device %u:%u", src, major(dev),
			       minor(dev));
	return child_bind(c, src, dst, false, e);
}

static int child_node(const struct child *c, const char *path, mode_t mode, dev_t dev,
		      struct err *e)
{
	if (c->l->in_userns)
		return child_bind_node(c, path, path, dev, e);
	return mknod(path, mode, dev) < 0 && errno != EEXIST
		       ? err_sys(e, errno, "%s: making the node", path)
		       : 0;
}

/* One device of the spec, as it is on the host: kind, numbers, mode and owner. */
static int child_device(const struct child *c, int root, const struct spec_device *d, struct err *e)
{
	char name[128];
	struct stat st;
	AUTO_FD int dir = -1;

	if (fstatat(c->old_root, d->host + strspn(d->host, "/"), &st, 0) < 0)
		return err_sys(e, errno, "%s on the host", d->host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ENODEV, "%s on the host is not a device", d->host);
	dir = path_open_parent(root, d->path, true, name, sizeof(name));
	if (dir < 0)
		return err_sys(e, dir, "%s", d->path);
	/* Without "m" the container's device filter lets nobody make the node, us neither. */
	if (c->l->in_userns || !d->m)
		return child_bind_node(c, d->host, d->path, st.st_rdev, e);
	unlinkat(dir, name, 0);
	if (mknodat(dir, name, st.st_mode & (S_IFMT | 0777), st.st_rdev) < 0 ||
	    fchownat(dir, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, name, st.st_mode & 0777, 0) < 0)
		return err_sys(e, errno, "%s: making the node", d->path);
	return 0;
}

struct child_plug {
	const struct child *c;
	const struct spec_device *d;
	int root;
	struct err *e;
};

static int child_plug(const char *path, const struct stat *st, void *arg)
{
	const struct child_plug *p = arg;
	struct spec_device d = *p->d;

	(void)st;
	str_copy(d.host, sizeof(d.host), path);
	str_copy(d.path, sizeof(d.path), path);
	return child_device(p->c, p->root, &d, p->e);
}

/* All that are there now; those that come later are made by the supervisor. */
static int child_pattern(const struct child *c, int root, const struct spec_device *d,
			 struct err *e)
{
	struct child_plug p = { .c = c, .d = d, .root = root, .e = e };

	return plug_each(c->old_root, d->host, child_plug, &p);
}

static int child_devices(const struct child *c, struct err *e)
{
	const struct strv *list = &c->l->spec->device;
	AUTO_FD int root = -1;
	struct spec_device d;

	if (!IS_ENABLED(CONFIG_DEVICES) || !list->n)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, errno, "/");
	for (unsigned int i = 0; i < list->n; i++) {
		int r = spec_device(list->v[i], &d, e);

		if (r >= 0)
			r = IS_ENABLED(CONFIG_UEVENT) && plug_is_pattern(d.host)
				    ? child_pattern(c, root, &d, e)
				    : child_device(c, root, &d, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool child_is_standard(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(child_nodes); i++)
		if (strcmp(child_nodes[i].name, name) == 0)
			return true;
	return strcmp(name, "ptmx") == 0;
}

/* A privileged container gets what is directly in the host's /dev, one level deep. */
static int child_all_devices(const struct child *c, struct err *e)
{
	int fd = openat(c->old_root, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	char path[300];
	int r = 0;

	if (!dir)
		return err_sys(e, errno, "/dev on the host");
	while (r >= 0 && (entry = readdir(dir)) != NULL) {
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) ||
		    (IS_ENABLED(CONFIG_USERNS) ? child_is_standard(entry->d_name)
					       : strcmp(entry->d_name, "ptmx") == 0))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		r = child_node(c, path, st.st_mode, st.st_rdev, e);
	}
	return r;
}

int child_dev_nodes(int dir, struct err *e)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(child_nodes); i++)
		if (mknodat(dir, child_nodes[i].name, S_IFCHR | 0666,
			    makedev(child_nodes[i].major, child_nodes[i].minor)) < 0 &&
		    errno != EEXIST)
			return err_sys(e, errno, "/dev/%s: making the node", child_nodes[i].name);
	return 0;
}

int child_dev_names(int dir, struct err *e)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(child_links); i++)
		if (symlinkat(child_links[i].to, dir, child_links[i].name) < 0 && errno != EEXIST)
			return err_sys(e, errno, "/dev/%s", child_links[i].name);
	for (unsigned int i = 0; i < ARRAY_SIZE(child_dirs); i++)
		if (mkdirat(dir, child_dirs[i], 0755) < 0 && errno != EEXIST)
			return err_sys(e, errno, "/dev/%s: making the folder", child_dirs[i]);
	return 0;
}

static int child_bind_nodes(const struct child *c, struct err *e)
{
	char path[32];
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < ARRAY_SIZE(child_nodes); i++) {
		snprintf(path, sizeof(path), "/dev/%s", child_nodes[i].name);
		r = child_bind_node(c, path, path,
				    makedev(child_nodes[i].major, child_nodes[i].minor), e);
	}
	return r;
}

/*
 * Where only one group is known it is not tty: that is not tried first where it is known, as the kernel writes a
 * line to its log for each mount that it refuses.
 */
static int child_devpts(const struct launch *l, struct err *e)
{
	static const char plain[] = "newinstance,ptmxmode=0666,mode=0620";
	int r = -EINVAL;

	if (!IS_ENABLED(CONFIG_ROOTLESS) || !l->no_setgroups)
		r = child_mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
				"newinstance,ptmxmode=0666,mode=0620,gid=5", e);
	if (r == -EINVAL && l->in_userns)
		r = child_mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, plain, e);
	return r;
}

/* The file systems inside of /dev. */
static int child_dev_mounts(const struct child *c, struct err *e)
{
	const struct spec *s = c->l->spec;
	char size[48];
	int r;

	r = child_devpts(c->l, e);
	if (r < 0)
		return r;
	if (s->ipc == SPEC_NS_HOST) {
		r = child_bind(c, "/dev/shm", "/dev/shm", false, e);
		if (r == 0 && faccessat(c->old_root, "dev/mqueue", F_OK, 0) == 0)
			r = child_bind(c, "/dev/mqueue", "/dev/mqueue", false, e);
		return r;
	}
	snprintf(size, sizeof(size), "mode=1777,size=%llu", (unsigned long long)s->shm_size);
	r = child_mount("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, size, e);
	if (r < 0)
		return r;
	/* A kernel without POSIX message queues has nothing to show there. */
	if (mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 &&
	    errno != ENODEV)
		return err_sys(e, errno, "/dev/mqueue");
	return 0;
}

/* A /dev of its own, which can be written. */
static int child_dev_own(struct child *c, struct err *e)
{
	AUTO_FD int dir = -1;
	struct stat st;
	int r;

	if (lstat("/dev", &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "the image has something else than a folder at /dev");
	r = child_mount("tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k", e);
	if (r < 0)
		return r;
	dir = openat(AT_FDCWD, "/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, errno, "/dev");
	r = c->l->in_userns ? child_bind_nodes(c, e) : child_dev_nodes(dir, e);
	return r < 0 ? r : child_dev_names(dir, e);
}

int child_dev(struct child *c, struct err *e)
{
	int r;

	c->dev_ready = c->dev_ready || child_ready_dev(c);
	if (c->dev_ready)
		return child_dev_mounts(c, e);
	umask(0);
	r = child_dev_own(c, e);
	if (r >= 0)
		r = child_dev_mounts(c, e);
	if (r >= 0 && IS_ENABLED(CONFIG_DEVICES) && c->l->spec->privileged)
		r = child_all_devices(c, e);
	if (r >= 0)
		r = child_devices(c, e);
	if (r >= 0)
		r = child_notify(c, e);
	umask(022);
	return r;
}

/* The terminal belongs to the container's own devpts; the parent gets the other end. */
int child_terminal(struct child *c, struct err *e)
{
	struct spawn_msg m = { .phase = SPAWN_TTY };
	AUTO_FD int master = -1;
	AUTO_FD int slave = -1;
	char name[32];
	int unlock = 0, number = 0, console;

	if (!IS_ENABLED(CONFIG_TTY) || !c->l->spec->tty)
		return 0;
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(master, TIOCGPTN, &number) < 0)
		return err_sys(e, errno, "/dev/ptmx");
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0 || fchown(slave, c->ids.uid, (gid_t)-1) < 0)
		return err_sys(e, errno, "%s", name);
	/* One that joins leaves the console to the first process. */
	console = c->joins
			  ? -1
			  : open("/dev/console", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (console >= 0) {
		close(console);
		mount(name, "/dev/console", NULL, MS_BIND, NULL);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(slave, i) < 0)
			return err_sys(e, errno, "%s", name);
	return spawn_send(c->sock, &m, master) < 0 ? err_set(e, EPIPE, "the caller is gone") : 0;
}
