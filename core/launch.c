/* SPDX-License-Identifier: MIT */
/*
 * The launch of a container, read top to bottom: the table below, then spawn.c, then child.c.
 *
 * Runs in a launcher (a short-lived child of the supervisor) or in the CLI process of `myctr run`, so it
 * may block. It must leave nothing behind when it fails: what is done is undone in reverse order, and
 * every undo works from names alone.
 */
#include "core/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cgroup.h"
#include "core/image.h"
#include "core/image_config.h"
#include "core/lib/config.h"
#include "core/lib/event.h"
#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/sys.h"
#include "core/log.h"
#include "core/net.h"
#include "core/paths.h"
#include "core/rootless.h"
#include "core/spawn.h"
#include "core/signature.h"
#include "core/spec_store.h"
#include "core/store.h"
#include "core/sysctl.h"
#include "core/trash.h"

#define LAUNCH_RESOLV_MAX 4096 /* bytes of the host's resolv.conf that are read */

/* Does the manifest in force want every image to be verified? Also asked where no supervisor runs. */
static int launch_wants_verified(const struct launch *l, struct err *e)
{
	AUTO_FREE struct manifest *own = NULL;
	int r;

	if (l->manifest)
		return l->manifest->system.require_verified;
	if (!IS_ENABLED(CONFIG_IMAGE_VERITY) && !IS_ENABLED(CONFIG_SIGNATURES))
		return 0;
	own = calloc(1, sizeof(*own));
	if (!own)
		return err_set(e, ENOMEM, "out of memory");
	own->brief = true;
	r = manifest_load(own, e);
	if (r >= 0)
		r = own->system.require_verified;
	manifest_free(own);
	if (r != -ENOENT)
		return r < 0 ? err_wrap(e, "require-verified") : r;
	if (e)
		*e = (struct err){ 0 };
	return 0;
}

/* The signature that lies beside an image, or came with it into the store. */
static int launch_signature(const struct image *img, char **text, size_t *len, struct err *e)
{
	struct store s;
	int r;

	if (!IS_ENABLED(CONFIG_IMAGE_STORE) || !img->id[0])
		return signature_beside(img->path, text, len, e);
	r = store_open(&s, e);
	if (r < 0)
		return r;
	r = store_signature(&s, img->id, text, len, e);
	store_close(&s);
	if (r == 0 && !*text)
		return err_set(e, ENOENT,
			       "its signature is not in the store; load it again with that");
	return r;
}

static int launch_check_signature(const struct launch *l, struct err *e)
{
	const struct image *img = &l->image;
	AUTO_FREE char *text = NULL;
	char by[48];
	size_t len;
	int r;

	if (!IS_ENABLED(CONFIG_SIGNATURES))
		return err_set(e, EPERM, "has no verity = ROOTHASH, which require-verified wants");
	if (!img->driver->in_place || !S_ISREG(img->st.st_mode))
		return err_set(
			e, EPERM,
			"require-verified takes signed squashfs and EROFS files, and verity");
	r = launch_signature(img, &text, &len, e);
	if (r == 0)
		r = signature_check_fd(img->fd, text, len, by, e);
	return r < 0 ? err_wrap(e, "has no verity, and require-verified wants it signed") : 0;
}

/* What is to be verified is, or does not start; also where everything has to be. */
static int launch_check_verified(struct launch *l, struct err *e)
{
	int r = l->spec->verity ? 0 : launch_wants_verified(l, e);

	if (r > 0 && launch_check_signature(l, e) < 0)
		return err_wrap(e, l->spec->image);
	if (r < 0)
		return r;
	if (l->spec->verity && !l->image.driver->verity)
		return err_set(e, ENOTSUP,
			       "%s: verity is for squashfs files, in a build with IMAGE_VERITY",
			       l->spec->image);
	l->image.verity = l->spec->verity;
	return 0;
}

static int launch_check_id(const struct launch *l, struct err *e)
{
	if (!l->image.id[0])
		return err_set(e, EINVAL, "%s: image-id is for images in the store",
			       l->spec->image);
	if (strcmp(l->image.id, l->spec->image_id) == 0)
		return 0;
	return err_set(e, ESTALE, "%s: has the content %.12s, not %.12s as image-id wants",
		       l->spec->image, l->image.id, l->spec->image_id);
}

/* A copy of what was written, over what the image says. The steps after this one go by it. */
static int launch_merge(struct launch *l, struct spec *config, struct err *e)
{
	struct spec *s = l->merged = spec_new();
	int r;

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->name = l->spec->name;
	s->origin = l->spec->origin;
	r = spec_inherit(s, l->spec, e);
	if (r == 0 && config)
		r = image_config_apply(s, config, e);
	if (r == 0 && l->image.id[0])
		r = spec_set(s, spec_field("image-id"), l->image.id, e);
	if (r == 0)
		r = spec_finish(s, e);
	l->spec = s;
	return r;
}

static int launch_config(struct launch *l, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct spec *config = NULL;
	size_t len;
	int r = image_config_read(l->image.tree, &text, &len, e);

	if (r == 0 && text)
		r = image_config_parse(text, len, &config, e);
	if (r < 0)
		return err_wrap(e, path_base(l->spec->image));
	if (config || l->image.id[0])
		r = launch_merge(l, config, e);
	spec_free(config);
	if (r == 0 && !l->spec->command.n)
		return err_set(e, EINVAL, "command: is missing, and the image names none");
	return r;
}

static int launch_names(struct launch *l, struct err *e);
static int launch_image(struct launch *l, struct err *e);
static int launch_storage(struct launch *l, struct err *e);
static int launch_cgroup(struct launch *l, struct err *e);
static int launch_record(struct launch *l, struct err *e);
static int launch_record_down(const char *name);
static int launch_cgroup_down(const char *name);

/* No logic here: what happens to a container outside its namespaces, in order, and how it is undone. */
static const struct launch_step {
	const char *name;
	int (*up)(struct launch *l, struct err *e);
	int (*down)(const char *name); /* idempotent, needs no memory of up */
} launch_steps[] = {
	{ "rights", launch_rights, NULL },
	{ "network", net_prepare, net_down },
	{ "names", launch_names, NULL },
	{ "image", launch_image, NULL },
	{ "storage", launch_storage, NULL },
	{ "cgroup", launch_cgroup, launch_cgroup_down },
	{ "record", launch_record, launch_record_down },
	{ "start", spawn_up, NULL },
};

void launch_init(struct launch *l, const struct spec *spec)
{
	*l = (struct launch){
		.spec = spec,
		.stdio = { -1, -1, -1 },
		.netns = -1,
		.keep = KEEP_NONE,
		.ignored = UINT64_MAX,
		.image = { .fd = -1, .tree = -1, .hold = -1 },
		.cgroup = -1,
		.pidfd = -1,
		.master = -1,
		.notify = -1,
		.dev_log = -1,
	};
}

void launch_free(struct launch *l)
{
	image_close(&l->image);
	fd_close(&l->cgroup);
	fd_close(&l->pidfd);
	fd_close(&l->master);
	if (IS_ENABLED(CONFIG_HEALTH))
		fd_close(&l->notify);
	if (IS_ENABLED(CONFIG_LOG_DEV))
		fd_close(&l->dev_log);
	net_free(l);
	arena_free(&l->arena);
	spec_free(l->merged);
	l->merged = NULL;
}

int launch_up(struct launch *l, struct err *e)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(launch_steps); i++) {
		int r = launch_steps[i].up(l, e);

		if (r >= 0)
			continue;
		err_wrap(e, launch_steps[i].name);
		launch_down_wait(l->spec->name, 2000, NULL);
		return r;
	}
	return 0;
}

int launch_down(const char *name)
{
	int result = 0;

	for (unsigned int i = ARRAY_SIZE(launch_steps); i-- > 0;) {
		int r = launch_steps[i].down ? launch_steps[i].down(name) : 0;

		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}

int launch_down_wait(const char *name, uint64_t ms, struct err *e)
{
	useconds_t pause = 500;
	uint64_t end = 0;
	int r;

	while ((r = launch_down(name)) == -EBUSY && (!end || event_now() < end)) {
		if (!end)
			end = event_now() + ms;
		usleep(pause);
		pause = pause < 20000 ? pause * 2 : pause;
	}
	if (r < 0)
		err_sys(e, r, "cleaning up");
	return r;
}

int launch_forget_files(const char *name, struct err *e)
{
	int r;

	net_forget(name);
	r = trash_put(name, e);
	return r < 0 ? r : trash_empty(e);
}

int launch_forget_later(const char *name, struct err *e)
{
	int r = launch_down(name);

	if (r < 0)
		return err_sys(e, r, "cleaning up");
	log_remove(name);
	net_forget(name);
	return trash_put(name, e);
}

int launch_forget(const char *name, struct err *e)
{
	int r = launch_forget_later(name, e);

	return r < 0 ? r : trash_empty(e);
}

/* ---- rights: capabilities and the system call filter ------------------------------------------ */

static int launch_filter(struct launch *l, struct err *e)
{
	const char *profile = l->spec->seccomp;

	if (l->spec->privileged || strcmp(profile, "unconfined") == 0)
		return 0;
	for (DRIVER_EACH(seccomp, d))
		if ((*d)->match(profile))
			return (*d)->build(profile, l->caps.bounding, &l->arena, &l->filter, e);
	return err_set(e, ENOTSUP,
		       "seccomp profile %s: not supported by this build; use default or unconfined",
		       profile);
}

int launch_rights(struct launch *l, struct err *e)
{
	int r = cap_of_spec(l->spec, &l->caps, e);

	if (r == 0)
		r = sysctl_check(l->spec, e);
	return r < 0 ? r : launch_filter(l, e);
}

/* ---- names ------------------------------------------------------------------------------------ */

static ssize_t launch_slurp(const char *path, char text[LAUNCH_RESOLV_MAX])
{
	AUTO_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? fd : fd_read(fd, text, LAUNCH_RESOLV_MAX - 1);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* Whom the host asks; a container without a network asks nobody. */
static int launch_names(struct launch *l, struct err *e)
{
	char text[LAUNCH_RESOLV_MAX];
	ssize_t r;

	(void)e;
	if (!IS_ENABLED(CONFIG_NAMES) || !l->n_net ||
	    (l->n_net == 1 && strcmp(l->net[0]->name, "none") == 0))
		return 0;
	if (l->net[0]->dns) {
		str_format(text, sizeof(text), "nameserver %s\n", l->net[0]->dns);
		l->resolv = arena_str(&l->arena, text);
		return 0;
	}
	r = launch_slurp("/etc/resolv.conf", text);
	/* systemd-resolved answers on the host's loopback; whom it asks itself is written down here. */
	if (r > 0 && !l->net[0]->host && strstr(text, "\nnameserver 127.0.0.53"))
		r = launch_slurp("/run/systemd/resolve/resolv.conf", text);
	l->resolv = r > 0 ? arena_str(&l->arena, text) : NULL;
	return 0;
}

/* ---- image and storage ------------------------------------------------------------------------ */

static int launch_image(struct launch *l, struct err *e)
{
	int r = image_open(&l->image, l->spec->image, e);

	if (r == 0)
		r = launch_check_verified(l, e);
	l->image.holds = true;
	if (r == 0 && !keep_fits(l))
		r = image_prepare(&l->image, e);
	if (r == 0 && l->spec->image_id)
		r = launch_check_id(l, e);
	return r < 0 || !IS_ENABLED(CONFIG_IMAGE_CONFIG) ? r : launch_config(l, e);
}

static int launch_storage(struct launch *l, struct err *e)
{
	struct storage_args *a = &l->storage;

	_Static_assert(sizeof(a->dir) >= PATHS_MAX, "paths_of() fills PATHS_MAX bytes");
	for (DRIVER_EACH(storage, d))
		if ((*d)->kind == l->spec->storage)
			l->storage_driver = *d;
	if (!l->storage_driver)
		return err_set(e, ENOTSUP,
			       "this kind of storage is not in this build; see myctr features");
	a->spec = l->spec;
	a->in_userns = rootless_active();
	a->note = l->storage_note;
	a->writable = l->image.driver->writable;
	paths_of(a->dir, paths.data, "containers", l->spec->name);
	return l->storage_driver->prepare ? l->storage_driver->prepare(a, e) : 0;
}

/* ---- cgroup ----------------------------------------------------------------------------------- */

/* Device rules are the host's root's to make: without them a container may what the user may. */
static int launch_check_devices(const struct launch *l, struct err *e)
{
	struct spec_device d;

	if (!IS_ENABLED(CONFIG_DEVICES) || !rootless_active() ||
	    l->spec->limits == SPEC_LIMITS_BEST_EFFORT)
		return 0;
	for (unsigned int i = 0; i < l->spec->device.n; i++)
		if (spec_device(l->spec->device.v[i], &d, e) < 0)
			return -e->code;
		else if (!d.r || !d.w)
			return err_set(
				e, EPERM,
				"device %s: without root its use cannot be limited to reading "
				"or writing; leave that out or set limits = best-effort",
				d.host);
	return 0;
}

static int launch_cgroup(struct launch *l, struct err *e)
{
	if (launch_check_devices(l, e) < 0)
		return -e->code;
	l->cgroup_driver = cgroup_driver();
	if (!l->cgroup_driver)
		return cgroup_require_none(l->spec, &l->missing, e);
	l->cgroup = l->cgroup_driver->up(l->spec, l->spec->name, &l->missing, e);
	if (l->cgroup >= 0 || !rootless_active() ||
	    (l->cgroup != -EACCES && l->cgroup != -EPERM && l->cgroup != -EROFS))
		return l->cgroup < 0 ? l->cgroup : 0;
	/* Not given one by the administrator: fine for who wants no limits. */
	fd_close(&l->cgroup);
	l->cgroup_driver = NULL;
	if (cgroup_require_none(l->spec, &l->missing, NULL) == 0)
		return 0;
	return err_set(
		e, EACCES,
		"limits: no cgroup here is ours; start with `systemd-run --user --scope -p "
		"Delegate=yes`, name one that root gave you in MYCTR_CGROUP, or set limits = "
		"best-effort");
}

static int launch_cgroup_down(const char *name)
{
	const struct cgroup_driver *d = cgroup_driver();
	int r;

	if (!d)
		return 0;
	r = d->down(name);
	if (r != -EBUSY)
		return r;
	d->kill(name);
	return d->down(name);
}

/* ---- record: what exec, inspect and logs need while it runs ------------------------------------- */

static int launch_record(struct launch *l, struct err *e)
{
	int r = IS_ENABLED(CONFIG_STATE) ? spec_store_running(l->spec, e) : 0;

	/* From now on whoever prunes sees in the record what runs. */
	fd_close(&l->image.hold);
	return r;
}

static int launch_record_down(const char *name)
{
	return IS_ENABLED(CONFIG_STATE) ? spec_store_ended(name) : 0;
}
