/* SPDX-License-Identifier: MIT */
/*
 * Puts /etc/hosts, /etc/hostname and /etc/resolv.conf into the container. Runs inside, before its mounts
 * are made, when everything below the root is the container's own: a link of the image can lead to
 * nothing else. Where the root cannot or must not be written to, a file of its own is bound over each, later.
 * Nothing is ever written through a link, to a second name of a file, or to what is not a plain file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/names.h"
#include "core/network.h"

enum { NAMES_HOSTS, NAMES_HOSTNAME, NAMES_RESOLV, NAMES_FILES };

static const char *const child_names_files[NAMES_FILES] = { "hosts", "hostname", "resolv.conf" };

/* Which files are wanted, and whether somebody asked for what is in them. */
struct child_names {
	struct names names;
	bool none; /* no network: the image's own hosts is as good as ours */
	bool bind; /* over the file, instead of into it */
	bool asked[NAMES_FILES];
	bool wanted[NAMES_FILES];
};

/* Own addresses, and who answers on the other side of a bridge. Without a supervisor nobody does. */
static bool child_names_link(const struct launch *l, unsigned int i, struct names *n)
{
	const struct net_spec *net = l->links ? l->nets[i] : NULL;
	const struct addr *own[2], *gw[2];
	bool answers;

	if (!net)
		return false;
	own[0] = &l->links[i].ip;
	own[1] = &l->links[i].ip6;
	gw[0] = &l->links[i].names;
	gw[1] = &net->gw6;
	answers = IS_ENABLED(CONFIG_DNS) && l->as_sibling && net_answers(net);
	for (unsigned int f = 0; f < 2; f++) {
		if (own[f]->len && n->n_addrs < NAMES_ADDRS)
			n->addrs[n->n_addrs++] = *own[f];
		if (answers && gw[f]->len && own[f]->len && n->n_servers < NAMES_SERVERS)
			n->servers[n->n_servers++] = *gw[f];
	}
	return net->dhcp;
}

static void child_names_plan(const struct child *c, struct child_names *p)
{
	const struct launch *l = c->l;
	const struct spec *s = l->spec;
	bool dhcp = false;

	*p = (struct child_names){ .none = true };
	p->names.spec = s;
	p->names.host_resolv = l->resolv ? l->resolv : "";
	for (unsigned int i = 0; i < l->n_net; i++) {
		p->names.host |= l->net[i]->host;
		p->none &= strcmp(l->net[i]->name, "none") == 0;
		dhcp |= child_names_link(l, i, &p->names);
	}
	p->bind = s->storage != SPEC_OVERLAY && s->storage != SPEC_TMPFS;
	/* Without root also an image's folder may be somebody else's. */
	if (l->in_userns && faccessat(AT_FDCWD, "/etc", W_OK, AT_EACCESS) < 0 && errno == EACCES)
		p->bind = true;
	p->asked[NAMES_HOSTS] = s->add_host.n > 0;
	p->asked[NAMES_RESOLV] = s->dns.n || s->dns_search.n || s->dns_option.n;
	p->wanted[NAMES_HOSTS] = !p->none || p->asked[NAMES_HOSTS];
	p->wanted[NAMES_HOSTNAME] = !p->none && s->uts != SPEC_NS_HOST;
	/* A DHCP client inside writes its own. */
	p->wanted[NAMES_RESOLV] = (!p->none && (!dhcp || p->names.n_servers)) ||
				  p->asked[NAMES_RESOLV];
}

/*
 * With no network there is one thing to see to: that localhost is known, where there is an /etc at all, and in a
 * root that cannot be written to the file as well.
 */
static bool child_names_nothing(struct child_names *p)
{
	struct stat st;

	if (!p->none || p->asked[NAMES_HOSTS] || p->asked[NAMES_RESOLV])
		return false;
	if (lstat("/etc/hosts", &st) < 0 ? p->bind : st.st_size > 0 || !S_ISREG(st.st_mode))
		return true;
	if (lstat("/etc", &st) < 0 || !S_ISDIR(st.st_mode))
		return true;
	p->wanted[NAMES_HOSTS] = true;
	return false;
}

static int child_names_text(const struct child_names *p, int which, char *buf)
{
	switch (which) {
	case NAMES_HOSTS:
		return names_hosts(&p->names, buf);
	case NAMES_HOSTNAME:
		return (int)str_format(buf, NAMES_TEXT, "%s\n", p->names.spec->hostname);
	default:
		return names_resolv(&p->names, buf);
	}
}

/* ---- a root that can be written to ----------------------------------------------------------------- */

/* What is there now: its length and buf, or -errno; -ELOOP when it is no plain file of one name. */
static int child_names_read(int etc, const char *name, char *buf)
{
	AUTO_FD int fd = -1;
	struct stat st;

	/* A look first: to open a device can be all that it takes to do harm. */
	if (fstatat(etc, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -ELOOP;
	fd = openat(etc, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : (int)fd_read(fd, buf, NAMES_TEXT);
}

/* What says the same already is left alone: a write would wear the flash at every start. */
static int child_names_write(int etc, const char *name, const char *text, size_t len)
{
	char old[NAMES_TEXT];
	int there = child_names_read(etc, name, old);
	AUTO_FD int fd = -1;

	if (there == (int)len && memcmp(old, text, len) == 0)
		return 0;
	if (there == -ELOOP && unlinkat(etc, name, 0) < 0)
		return -errno;
	fd = openat(etc, name,
		    O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (there < 0 ? O_CREAT | O_EXCL : O_TRUNC),
		    0644);
	return fd < 0 ? -errno : fd_write(fd, text, len);
}

static int child_names_all(const struct child_names *p, int etc, struct err *e)
{
	char text[NAMES_TEXT];

	for (int i = 0; i < NAMES_FILES; i++) {
		int r = p->wanted[i] ? child_names_text(p, i, text) : 0;

		if (r > 0)
			r = child_names_write(etc, child_names_files[i], text, (size_t)r);
		if (r < 0)
			return err_sys(e, r, "/etc/%s", child_names_files[i]);
	}
	return 0;
}

/* ---- one that cannot, or that is a folder of the user's -------------------------------------------- */

/* The files that are wanted and not there, made empty in dir. Returns how many. */
static int child_names_empty(const struct child_names *p, int etc, const char *dir)
{
	char path[32];
	struct stat st;
	int n = 0;

	for (int i = 0; i < NAMES_FILES; i++) {
		const char *name = child_names_files[i];

		if (!p->wanted[i] || fstatat(etc, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		n++;
		str_format(path, sizeof(path), "%s/%s", dir, name);
		if (dir[0])
			fd_end(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
	}
	return n;
}

/*
 * What the /etc of such a root lacks: an overlay of it and a tmpfs with the files, empty. Best effort: a
 * kernel that has no overlay, or none in a user namespace, leaves them out.
 */
static void child_names_grow(const struct child_names *p)
{
	AUTO_FD int etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (etc < 0 || child_names_empty(p, etc, "") == 0 || fchdir(etc) < 0)
		return;
	if (mount("names", "/etc", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755") == 0) {
		child_names_empty(p, etc, "/etc");
		/* the working directory is the image's, below the tmpfs */
		if (mount("names", "/etc", "overlay", MS_NOSUID | MS_NODEV | MS_RDONLY,
			  "lowerdir=/etc:.") < 0)
			umount2("/etc", MNT_DETACH);
	}
	if (chdir("/") < 0)
		return;
}

/* Before any other mount, so that it is made in the root and nowhere else. */
static void child_names_points(const struct child_names *p, int root)
{
	char path[32];

	for (int i = 0; i < NAMES_FILES; i++) {
		if (!p->wanted[i] || p->none)
			continue;
		str_format(path, sizeof(path), "/etc/%s", child_names_files[i]);
		fd_end(path_mount_point(root, path, true));
	}
	if (IS_ENABLED(CONFIG_STORAGE_OVERLAY))
		child_names_grow(p);
}

/*
 * The file own is made in a tmpfs of the container, and loses its name there once it is bound. A link is
 * followed as the container will follow it, inside: what it leads to is covered, not written to.
 */
static int child_names_bind(const char *own, const char *path, const char *text, size_t len)
{
	struct stat st;
	AUTO_FD int fd = -1;
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : fd_write(fd, text, len);
	if (r == 0 && mount(own, path, NULL, MS_BIND, NULL) < 0)
		r = -errno;
	if (fd >= 0)
		unlink(own);
	return r;
}

static int child_names_cover(const struct child_names *p, struct err *e)
{
	/* /dev/shm may be the host's. */
	const char *own = p->names.spec->ipc == SPEC_NS_HOST ? "/dev/.names" : "/dev/shm/.names";
	char text[NAMES_TEXT], path[32];

	for (int i = 0; i < NAMES_FILES; i++) {
		int r = p->wanted[i] ? child_names_text(p, i, text) : 0;

		str_format(path, sizeof(path), "/etc/%s", child_names_files[i]);
		if (r > 0)
			r = child_names_bind(own, path, text, (size_t)r);
		if ((r == -ENOENT || r == -EINVAL) && !p->asked[i])
			continue;
		if (r == -ENOENT)
			return err_set(
				e, ENOENT,
				"%s: not in the image, and the root is read-only; add an empty file there or use storage = tmpfs",
				path);
		if (r == -EINVAL)
			return err_set(e, EINVAL, "%s: the image has no plain file there", path);
		if (r < 0)
			return err_sys(e, r, "%s", path);
	}
	return 0;
}

/* ---- the two rows in the table of child.c ------------------------------------------------------------ */

int child_names_early(struct child *c, struct err *e)
{
	AUTO_FD int root = -1;
	AUTO_FD int etc = -1;
	struct child_names p;

	child_names_plan(c, &p);
	c->named = child_names_nothing(&p);
	if (c->named)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, errno, "/");
	if (p.bind) {
		child_names_points(&p, root);
		return 0;
	}
	etc = path_open_beneath(root, "etc", O_PATH | O_DIRECTORY, 0);
	if (etc == -ENOENT)
		etc = path_mkdirs_beneath(root, "etc", 0755);
	return etc < 0 ? err_sys(e, etc, "/etc") : child_names_all(&p, etc, e);
}

int child_names_late(struct child *c, struct err *e)
{
	struct child_names p;

	if (c->named)
		return 0;
	child_names_plan(c, &p);
	if (!p.bind || child_names_nothing(&p))
		return 0;
	return child_names_cover(&p, e);
}
