/* SPDX-License-Identifier: MIT */
/*
 * A container's root kept for its next start: see keep.h. Runs in launchers, and inside for the copy. Must never
 * let anything of a run, of another container or of another image into what it keeps: nothing ever runs in it.
 * Sources: mount_namespaces(7), setns(2).
 */
#include "core/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/rootless.h"

static bool keep_serves(const struct launch *l)
{
	const struct spec *s = l->spec;

	return l->image.driver->in_place && !S_ISBLK(l->image.st.st_mode) &&
	       s->storage == SPEC_READ_ONLY && !spec_userns(s) && !rootless_active() &&
	       !child_needs_host(l);
}

/* FNV-1a. Who can choose what goes in owns the image anyway. */
static void keep_mix(uint64_t *h, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n--)
		*h = (*h ^ *b++) * UINT64_C(0x100000001b3);
}

/* Which file, which state of it, and how it is mounted. What is in a folder is seen as it is at any time. */
static uint64_t keep_key(const struct launch *l)
{
	const struct stat *st = &l->image.st;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	keep_mix(&h, &st->st_dev, sizeof(st->st_dev));
	keep_mix(&h, &st->st_ino, sizeof(st->st_ino));
	if (!S_ISDIR(st->st_mode)) {
		keep_mix(&h, &st->st_size, sizeof(st->st_size));
		keep_mix(&h, &st->st_mtim, sizeof(st->st_mtim));
		keep_mix(&h, &st->st_ctim, sizeof(st->st_ctim));
	}
	if (l->image.verity)
		keep_mix(&h, l->image.verity, strlen(l->image.verity));
	return h & ~(uint64_t)KEEP_DEV;
}

bool keep_fits(struct launch *l)
{
	struct keep *k = &l->keep;

	if (k->ns < 0)
		return false;
	if (k->tree < 0 || !keep_serves(l) || keep_key(l) != (k->key & ~(uint64_t)KEEP_DEV)) {
		keep_drop(k);
		return false;
	}
	l->image.tree = fd_take(&k->tree);
	return true;
}

/* What the first process of a container does elsewhere, here once for many. */
static int keep_mount(struct launch *l, struct err *e)
{
	struct child c = { .l = l, .sock = -1, .old_root = -1, .dev_tree = -1 };
	AUTO_FD int ns = -1;
	int r = child_own_mounts(&c, e);

	if (r < 0)
		return r;
	ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_sys(e, errno, "/proc/self/ns/mnt");
	r = child_root(l, e);
	if (r == 0)
		r = child_enter_root(&c, e);
	if (r == 0) {
		l->keep.key = keep_key(l) | (child_ready_dev(&c) ? KEEP_DEV : 0);
		l->keep.ns = fd_take(&ns);
	}
	fd_close(&c.dev_tree);
	return r;
}

static int keep_go_home(int ns, int root, int cwd)
{
	if (setns(ns, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
		return -errno;
	return 0;
}

int keep_make(struct launch *l, struct err *e)
{
	AUTO_FD int home = -1;
	AUTO_FD int root = -1;
	AUTO_FD int cwd = -1;
	int r, back;

	if (l->keep.ns >= 0 || !l->wants_keep || !keep_serves(l))
		return 0;
	home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (home < 0 || root < 0 || cwd < 0 || unshare(CLONE_NEWNS) < 0)
		return 0;
	r = keep_mount(l, e);
	back = keep_go_home(home, root, cwd);
	if (back < 0)
		return err_sys(e, back, "going back to the host's mounts");
	return r < 0 ? err_wrap(e, "root") : 0;
}

int keep_enter(const struct launch *l, struct err *e)
{
	if (setns(l->keep.ns, CLONE_NEWNS) < 0)
		return err_sys(e, errno, "entering the mounts that were kept");
	return unshare(CLONE_NEWNS) < 0 ? err_sys(e, errno, "making a mount namespace") : 0;
}
