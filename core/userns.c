/* SPDX-License-Identifier: MIT */
/*
 * Maps of a container's own user namespace; see userns.h. Runs in the launcher or the CLI, which is root in the
 * namespace around it. Must never give an id that is not in that one.
 */
#include "core/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/lib/arena.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/rootless.h"
#include "core/state.h"

#define USERNS_POOL "myctr" /* whose ranges in /etc/subuid and /etc/subgid are for auto */

static int userns_own(const char *path, struct idmap *m, struct err *e)
{
	char text[IDMAP_TEXT];
	int r = fd_read_text(AT_FDCWD, path, text, sizeof(text));

	if (r >= 0)
		r = idmap_parse_proc(text, m);
	return r < 0 ? err_sys(e, r, "user namespace: %s", path) : 0;
}

/* A map's outside is inside of where we are. */
static int userns_check(const struct idmap *m, const struct idmap *own, struct err *e)
{
	for (unsigned int i = 0; i < m->n; i++) {
		uint64_t at = m->r[i].outside, end = at + m->r[i].count;

		while (at < end) {
			unsigned int j = 0;

			while (j < own->n &&
			       (at < own->r[j].inside || at - own->r[j].inside >= own->r[j].count))
				j++;
			if (j == own->n)
				return err_set(
					e, EPERM,
					"userns: %llu is not one of your ids, which are those of "
					"/etc/subuid and /etc/subgid as %u.. here; add some as "
					"root: usermod --add-subuids FIRST-LAST NAME",
					(unsigned long long)at, own->r[0].inside);
			at = (uint64_t)own->r[j].inside + own->r[j].count;
		}
	}
	return 0;
}

static int userns_set_user(struct launch *l, int64_t uid, int64_t gid, struct err *e)
{
	char user[32];

	str_format(user, sizeof(user), "%u:%u", (unsigned int)uid, (unsigned int)gid);
	l->default_user = arena_str(&l->arena, user);
	return l->default_user ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int userns_keep(struct launch *l, const struct idmap *uids, const struct idmap *gids,
		       struct err *e)
{
	int64_t uid = idmap_outside(uids, 0), gid = idmap_outside(gids, 0);

	if (uid < 0 || gid < 0 || idmap_keep(uids, (uint32_t)uid, &l->uids) < 0 ||
	    idmap_keep(gids, (uint32_t)gid, &l->gids) < 0)
		return err_set(e, EINVAL, "userns = keep-id: we have no id to keep");
	return userns_set_user(l, uid, gid, e);
}

int userns_kept_user(struct launch *l, pid_t pid, struct err *e)
{
	struct idmap uids, gids;
	int64_t uid, gid;
	char path[40];
	int r;

	if (!spec_userns(l->spec) || spec_userns_kind(l->spec->userns) != SPEC_USERNS_KEEP)
		return 0;
	str_format(path, sizeof(path), "/proc/%ld/uid_map", (long)pid);
	r = userns_own(path, &uids, e);
	str_format(path, sizeof(path), "/proc/%ld/gid_map", (long)pid);
	if (r == 0)
		r = userns_own(path, &gids, e);
	if (r < 0)
		return r;
	uid = idmap_inside(&uids, (uint32_t)getuid());
	gid = idmap_inside(&gids, (uint32_t)getgid());
	return uid < 0 || gid < 0 ? 0 : userns_set_user(l, uid, gid, e);
}

/* ---- auto ------------------------------------------------------------------------------------------ */

/* Number i of the pool's pieces. The first range of m is ourselves. */
static int userns_piece(const struct idmap *m, uint64_t i, struct idmap *out)
{
	for (unsigned int j = 1; j < m->n; j++) {
		uint64_t pieces = m->r[j].count / IDMAP_WANTED;

		out->n = 0;
		if (i < pieces)
			return idmap_add(out, 0, m->r[j].outside + i * IDMAP_WANTED, IDMAP_WANTED);
		i -= pieces;
	}
	return -ENOENT;
}

static int userns_pool(const char *file, uint64_t slot, struct idmap *out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct idmap pool;
	size_t len;
	int r = fd_slurp(AT_FDCWD, file, 1U << 20, &text, &len);

	r = idmap_subids(r < 0 ? "" : text, file, USERNS_POOL, UINT32_MAX, 0, &pool, e);
	if (r < 0)
		return r;
	if (userns_piece(&pool, slot, out) == 0)
		return 0;
	return err_set(
		e, ENOSPC,
		"userns = auto: %s has no %u ids for container number %llu; as root: echo " USERNS_POOL
		":%u:%u >>%s",
		file, IDMAP_WANTED, (unsigned long long)slot + 1,
		idmap_subids_free(r < 0 || !text ? "" : text), 256 * IDMAP_WANTED, file);
}

/* The container's place in the state file is its alone as long as it is there, and so is its piece of the pool. */
static int userns_slot(const struct launch *l, struct err *e)
{
	char path[PATHS_MAX];
	struct state s;
	int slot, r = paths_join(path, paths.run, "state", NULL);

	if (!IS_ENABLED(CONFIG_STATE))
		return err_set(e, ENOTSUP, "userns = auto: state files are not in this build");
	if (r == 0)
		r = state_open(&s, path, 0, false, false, e);
	if (r < 0)
		return r;
	slot = state_find(&s, STATE_CONTAINER, l->spec->name, NULL);
	state_close(&s);
	return slot < 0 ? err_sys(e, slot, "userns = auto: its record") : slot;
}

static int userns_auto(struct launch *l, struct err *e)
{
	int r, slot;

	if (rootless_active())
		return err_set(e, ENOTSUP,
			       "userns = auto: needs root, as the files of an image are shown with "
			       "other ids; use keep-id or a map");
	slot = userns_slot(l, e);
	if (slot < 0)
		return slot;
	r = userns_pool("/etc/subuid", (uint64_t)slot, &l->uids, e);
	return r < 0 ? r : userns_pool("/etc/subgid", (uint64_t)slot, &l->gids, e);
}

int userns_prepare(struct launch *l, struct err *e)
{
	struct idmap uids, gids;
	int r;

	if (!spec_userns(l->spec))
		return 0;
	r = userns_own("/proc/self/uid_map", &uids, e);
	if (r == 0)
		r = userns_own("/proc/self/gid_map", &gids, e);
	if (r < 0)
		return r;
	switch (spec_userns_kind(l->spec->userns)) {
	case SPEC_USERNS_KEEP:
		return userns_keep(l, &uids, &gids, e);
	case SPEC_USERNS_AUTO:
		return userns_auto(l, e);
	case SPEC_USERNS_MAP:
		r = idmap_parse(l->spec->userns, &l->uids, e);
		l->gids = l->uids;
		if (r == 0)
			r = userns_check(&l->uids, &uids, e);
		return r < 0 ? r : userns_check(&l->gids, &gids, e);
	default:
		idmap_same(&uids, &l->uids);
		idmap_same(&gids, &l->gids);
		return 0;
	}
}

static int userns_put(pid_t pid, const char *file, const struct idmap *m, struct err *e)
{
	char path[64], text[IDMAP_TEXT];
	int r;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	r = fd_write_text(AT_FDCWD, path, idmap_text(m, text));
	return r < 0 ? err_sys(e, r, "user namespace: writing %s", path) : 0;
}

int userns_write(const struct launch *l, pid_t pid, struct err *e)
{
	int r;

	if (!spec_userns(l->spec))
		return 0;
	r = userns_put(pid, "uid_map", &l->uids, e);
	return r < 0 ? r : userns_put(pid, "gid_map", &l->gids, e);
}

static NORETURN void userns_holder(int sock)
{
	char byte = 0;

	if (unshare(CLONE_NEWUSER) == 0)
		fd_write(sock, &byte, 1);
	/* Until the other end is closed. */
	fd_read(sock, &byte, 1);
	_exit(0);
}

int userns_of_mounts(const struct launch *l, struct err *e)
{
	AUTO_FD int mine = -1;
	int pair[2], r = -EPERM;
	char path[40], byte;
	pid_t pid;

	if (!spec_userns(l->spec) || spec_userns_kind(l->spec->userns) != SPEC_USERNS_AUTO)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "making a socket pair");
	mine = pair[0];
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		userns_holder(pair[1]);
	}
	close(pair[1]);
	if (pid > 0 && fd_read(mine, &byte, 1) == 1)
		r = userns_write(l, pid, e);
	str_format(path, sizeof(path), "/proc/%ld/ns/user", (long)pid);
	if (r == 0)
		r = open(path, O_RDONLY | O_CLOEXEC);
	r = r < 0 ? err_sys(e, errno, "making a user namespace") : r;
	fd_close(&mine);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
