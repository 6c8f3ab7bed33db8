// SPDX-License-Identifier: MIT
/*
 * Devices of running containers: when one comes or goes that device = of a container stands for, a short-lived child
 * sets the container's device filter anew, makes the nodes that are missing in its /dev and removes those whose
 * device is gone. It compares what is with what should be, so it may run at any time and any number of times.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/lib/plug.h"
#include "init/sup.h"

#define PLUG_MS 20	    /* many uevents belong together */
#define PLUG_MS_FOREIGN 500 /* beside udev, which has to give the node its owner and names */

bool plug_wants(const struct spec *spec)
{
	for (unsigned int i = 0; i < spec->device.n; i++)
		if (plug_is_pattern(spec->device.v[i]))
			return true;
	return false;
}

/* ---- the child ----------------------------------------------------------------------------------- */

struct plug_child {
	const char *name; /* of the container, for messages */
	int root;	  /* the container's */
	unsigned int pid; /* of its first process, where nodes have to be bound; else 0 */
};

static int plug_put(const struct plug_child *p, int dir, const char *name, const char *path,
		    const struct stat *st)
{
	if (IS_ENABLED(CONFIG_PLUG_USERNS) && p->pid)
		return plug_bind(p->pid, p->root, path);
	if (mknodat(dir, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0 ||
	    fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, name, st->st_mode & 0777, 0) < 0)
		return -errno;
	return 0;
}

static int plug_make(const char *path, const struct stat *st, void *arg)
{
	const struct plug_child *p = arg;
	char name[128];
	struct stat old;
	AUTO_FD int dir = path_open_parent(p->root, path, !p->pid, name, sizeof(name));
	int r;

	if (dir < 0 && !p->pid)
		return 0;
	if (dir >= 0 && fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
		if ((S_ISCHR(old.st_mode) || S_ISBLK(old.st_mode)) && old.st_rdev == st->st_rdev)
			return 0;
		unlinkat(dir, name, 0);
	}
	r = plug_put(p, dir, name, path, st);
	if (r < 0)
		sup_say(p->name, "%s: making the node: %s", path, err_text(r));
	else
		sup_say(p->name, "%s has come", path);
	return 0;
}

/* Is name in the container's folder dir a node whose device is not on the host any more? */
static bool plug_is_stale(int dir, const char *name, const char *host)
{
	struct stat st, now;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
	       (stat(host, &now) < 0 || now.st_rdev != st.st_rdev);
}

static void plug_take(const struct plug_child *p, const char *pattern)
{
	char base[128], host[300];
	AUTO_FD int parent = path_open_parent(p->root, pattern, false, base, sizeof(base));
	int fd = parent < 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (!plug_match(base, entry->d_name))
			continue;
		str_format(host, sizeof(host), "%.*s%s", (int)(path_base(pattern) - pattern),
			   pattern, entry->d_name);
		if (plug_is_stale(fd, entry->d_name, host) && unlinkat(fd, entry->d_name, 0) == 0)
			sup_say(p->name, "%s is gone", host);
	}
}

static void plug_filter(const struct spec *spec)
{
	const struct cgroup_driver *d = cgroup_driver();
	struct err e = { 0 };

	if (d && d->devices && d->devices(spec, spec->name, &e) < 0)
		sup_say(spec->name, "%s", e.msg);
}

static NORETURN void plug_main(const struct ctr *c)
{
	struct plug_child p = { .name = c->spec->name,
				.pid = IS_ENABLED(CONFIG_PLUG_USERNS) && spec_userns(c->spec)
					       ? c->rec.pid
					       : 0 };
	AUTO_FD int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct spec_device d;
	char path[40];

	umask(0);
	snprintf(path, sizeof(path), "/proc/%u/root", c->rec.pid);
	p.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	plug_filter(c->spec);
	for (unsigned int i = 0; p.root >= 0 && i < c->spec->device.n; i++) {
		if (spec_device(c->spec->device.v[i], &d, NULL) < 0 || !plug_is_pattern(d.host))
			continue;
		plug_take(&p, d.host);
		plug_each(host, d.host, plug_make, &p);
	}
	_exit(0);
}

/* ---- the loop ------------------------------------------------------------------------------------ */

/* Its child is reaped like any other that nobody waits for. */
static void plug_run(struct ctr *c)
{
	c->plug = false;
	if (c->state == SUP_RUNNING && c->rec.pid && fork() == 0)
		plug_main(c);
}

static void plug_expired(struct event_timer *t)
{
	struct sup *s = container_of(t, struct sup, uevent.timer);

	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->plug)
			plug_run(c);
}

static void plug_soon(struct sup *s)
{
	s->uevent.timer.expired = plug_expired;
	if (!s->uevent.timer.at)
		event_timer_set(&s->loop, &s->uevent.timer, s->is_init ? PLUG_MS : PLUG_MS_FOREIGN);
}

/* A name by id is not that of the uevent, so whoever wants one looks at every terminal. */
static bool plug_is_meant(const struct spec *spec, const char *devname)
{
	struct spec_device d;
	char path[220];

	str_format(path, sizeof(path), "/dev/%s", devname ? devname : "");
	for (unsigned int i = 0; i < spec->device.n; i++)
		if (spec_device(spec->device.v[i], &d, NULL) == 0 && plug_is_pattern(d.host) &&
		    (!devname || strstr(d.host, "/by-") || plug_match(d.host, path)))
			return true;
	return false;
}

void plug_note(struct sup *s, const char *devname)
{
	for (struct ctr *c = s->ctrs; c; c = c->next)
		if (c->spec->device.n && plug_is_meant(c->spec, devname)) {
			c->plug = true;
			plug_soon(s);
		}
}

void plug_started(struct ctr *c)
{
	if (!plug_wants(c->spec))
		return;
	c->plug = true;
	plug_soon(c->sup);
}
