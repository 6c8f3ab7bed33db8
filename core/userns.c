/* SPDX-License-Identifier: MIT */
/*
 * Maps of a container's own user namespace; see userns.h. Runs in the launcher or the CLI, which is root in the
 * namespace around it. Must never give an id that is not in that one.
 */
#include "core/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/arena.h"
#include "core/lib/fd.h"
#include "core/lib/str.h"

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

static int userns_keep(struct launch *l, const struct idmap *uids, const struct idmap *gids,
		       struct err *e)
{
	int64_t uid = idmap_outside(uids, 0), gid = idmap_outside(gids, 0);
	char user[32];

	if (uid < 0 || gid < 0 || idmap_keep(uids, (uint32_t)uid, &l->uids) < 0 ||
	    idmap_keep(gids, (uint32_t)gid, &l->gids) < 0)
		return err_set(e, EINVAL, "userns = keep-id: we have no id to keep");
	str_format(user, sizeof(user), "%u:%u", (unsigned int)uid, (unsigned int)gid);
	l->default_user = arena_str(&l->arena, user);
	return l->default_user ? 0 : err_set(e, ENOMEM, "out of memory");
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
		return err_set(e, ENOTSUP, "userns = auto: not in this build");
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
