/* SPDX-License-Identifier: MIT */
/*
 * What the image commands share; see image.h. Runs in the CLI. Must never take an image for unused because a
 * record could not be read.
 */
#include "core/cmd/image.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cmd.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/out.h"
#include "core/lib/path.h"
#include "core/paths.h"
#include "core/spec_store.h"
#include "core/system.h"
#include "core/update.h"

/* ---- who uses an image ------------------------------------------------------------------------ */

struct user {
	struct store *store;
	const char *id, *name;
	char *who;
	bool found;
};

static void user_look(struct user *u, const struct spec *s)
{
	struct store_item item;
	char name[STORE_KEY];

	/* A path is no name. */
	if (u->found || !s->image || s->image[0] == '/' || s->image[0] == '.')
		return;
	u->found = store_find(u->store, s->image, &item, name, NULL) == 0 &&
		   strcmp(u->name ? name : item.id, u->name ? u->name : u->id) == 0;
	if (u->found && u->who && s->name)
		str_copy(u->who, SPEC_NAME_MAX + 1, s->name);
}

static void user_in_folder(struct user *u, const char *root, const char *sub, bool running)
{
	char path[PATHS_MAX];
	AUTO_DIR DIR *d = paths_join(path, root, sub, NULL) < 0 ? NULL : opendir(path);
	struct dirent *entry;

	while (d && !u->found && (entry = readdir(d)) != NULL) {
		struct spec *spec = NULL;
		int r;

		if (!path_is_name(entry->d_name))
			continue;
		r = running ? spec_load_running(entry->d_name, &spec, NULL)
			    : spec_load_kept(entry->d_name, &spec, NULL);
		if (r == 0 && running && spec->image_id)
			u->found = strcmp(spec->image_id, u->id) == 0;
		else if (r == 0)
			user_look(u, spec);
		else
			u->found = r != -ENOENT;
		if (u->found && u->who)
			str_copy(u->who, SPEC_NAME_MAX + 1, entry->d_name);
		spec_free(spec);
	}
}

static void user_in_manifest(struct user *u)
{
	struct manifest m = { 0 };

	/* One with errors starts nothing either. */
	if (!u->found && manifest_load(&m, NULL) >= 0)
		for (unsigned int i = 0; i < m.n; i++)
			user_look(u, m.containers[i]);
	manifest_free(&m);
}

bool image_user(struct store *s, const char *id, const char *name, char who[SPEC_NAME_MAX + 1])
{
	struct user u = { .store = s, .id = id, .name = name, .who = who };

	if (who)
		str_copy(who, SPEC_NAME_MAX + 1, "?");
	/* What runs goes by the content it has, whatever its name means now. */
	if (!name)
		user_in_folder(&u, paths.run, "specs", true);
	user_in_folder(&u, paths.data, "containers", false);
	user_in_manifest(&u);
	if (IS_ENABLED(CONFIG_UPDATE) && !u.found && !name)
		u.found = update_uses(id, who);
	return u.found;
}

/* ---- progress --------------------------------------------------------------------------------- */

#define PROGRESS_MS 200

void image_progress_begin(struct image_progress *p, const char *what, uint64_t total)
{
	*p = (struct image_progress){ .what = what,
				      .total = total,
				      .began = event_now(),
				      .terminal = isatty(STDERR_FILENO) };
}

static void progress_show(struct image_progress *p, uint64_t now)
{
	struct out o = OUT(STDERR_FILENO);
	uint64_t ms = now > p->began ? now - p->began : 1;
	char done[16], total[16], rate[16];

	out_printf(&o, "\r%s: %s", p->what, str_of_size(p->done, done, sizeof(done)));
	if (p->total)
		out_printf(&o, " of %s (%u%%)", str_of_size(p->total, total, sizeof(total)),
			   (unsigned int)(p->done / (p->total / 100 + 1)));
	out_printf(&o, ", %s/s\033[K", str_of_size(p->done / ms * 1000, rate, sizeof(rate)));
	out_flush(&o);
	p->shown = now;
}

void image_progress_add(struct image_progress *p, uint64_t bytes)
{
	uint64_t now;

	p->done += bytes;
	if (!p->terminal)
		return;
	now = event_now();
	if (now - (p->shown ? p->shown : p->began) >= PROGRESS_MS)
		progress_show(p, now);
}

void image_progress_end(struct image_progress *p)
{
	struct out o = OUT(STDERR_FILENO);

	if (p->shown)
		out_text(&o, "\r\033[K");
	out_flush(&o);
	p->shown = 0;
}

int image_copy(int in, int out, struct image_progress *p, struct err *e)
{
	enum { COPY_BUFFER = 128 << 10 };
	AUTO_FREE char *buf = malloc(COPY_BUFFER);
	ssize_t n;
	int r;

	if (!buf)
		return err_set(e, ENOMEM, "out of memory");
	while ((n = read(in, buf, COPY_BUFFER)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read");
		r = fd_write(out, buf, (size_t)n);
		if (r < 0)
			return err_sys(e, r, "cannot write");
		image_progress_add(p, (uint64_t)n);
	}
	return 0;
}

/* ---- names ------------------------------------------------------------------------------------ */

bool image_name_of_file(const char *path, char *buf)
{
	const char *base = path_base(path);
	char name[STORE_KEY];

	str_format(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	return store_name(name, buf, NULL) == 0;
}

int image_say(const struct store_item *item, const char *name)
{
	struct out o = OUT(STDOUT_FILENO);

	out_printf(&o, "%s %s\n", item->id, name ? name : "-");
	return out_flush(&o) < 0 ? CMD_FAILED : 0;
}
