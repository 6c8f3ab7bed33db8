/* SPDX-License-Identifier: MIT */
/*
 * Docker archives and OCI image layouts into a folder: one layer over the other, and the configuration in the place
 * where images of ours have it. Runs in the CLI, on archives that nobody vouches for; everything is written below
 * the work folder, and worth nothing until all digests were seen to be right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "drivers/image/oci.h"
#include "drivers/image/tar.h"

static int oci_match(const struct import_args *a, struct err *e)
{
	struct oci o;
	int r = oci_open(&o, a, false, e);

	oci_close(&o);
	return r;
}

/* The digest of what layer i unpacks to. */
static int oci_diff_id(const struct json *config, unsigned int i, uint8_t sum[32], struct err *e)
{
	int ids = json_member(config, json_member(config, 0, "rootfs"), "diff_ids");
	char digest[128];
	struct oci_ref ref;
	int k = json_first(config, ids), r;

	for (; i && k >= 0; i--)
		k = json_after(config, ids, k);
	if (!json_word(config, k, JSMN_STRING, digest, sizeof(digest)))
		return err_set(e, EINVAL, "its configuration lacks the digest of a layer");
	r = oci_ref_of_digest(&ref, digest, e);
	memcpy(sum, ref.sum, sizeof(ref.sum));
	return r;
}

static int oci_layer(struct oci *o, const struct oci_image *image, unsigned int i,
		     const struct json *config, struct tar_limits *limits,
		     struct tar_report *report, struct err *e)
{
	char which[40];
	struct stream *in;
	uint8_t sum[32];
	uint64_t size;
	int r = oci_diff_id(config, i, sum, e);

	if (r == 0) {
		in = oci_stream(o, &image->layers[i], sum, &size, e);
		r = in ? tar_unpack_layer(in, o->a->tree, limits, report, e) : -EIO;
	}
	if (r == 0)
		return 0;
	str_format(which, sizeof(which), "layer %u of %u", i + 1, image->n_layers);
	return err_wrap(e, which);
}

/* Unpacked they are larger, mostly; that shows while unpacking. */
static int oci_check_space(const struct oci *o, struct err *e)
{
	char need[16], have[16];
	struct statvfs fs;
	uint64_t room;

	if (fstatvfs(o->a->work, &fs) < 0)
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room >= o->total)
		return 0;
	return err_set(e, ENOSPC, "unpacking needs more than %s, where %s are free",
		       str_of_size(o->total, need, sizeof(need)),
		       str_of_size(room, have, sizeof(have)));
}

/* All layers are there and there is room, before anything is written. */
static int oci_measure(struct oci *o, const struct oci_image *image, struct err *e)
{
	for (unsigned int i = 0; i < image->n_layers; i++) {
		uint64_t size;
		int r = oci_size(o, &image->layers[i], &size, e);

		if (r < 0)
			return r;
		o->total += size;
	}
	return oci_check_space(o, e);
}

static int oci_layers(struct oci *o, struct import_args *a, const struct oci_image *image,
		      const struct json *config, struct tar_report *report, struct err *e)
{
	struct tar_limits limits = {
		.entries = CONFIG_IMAGE_TAR_MAX_ENTRIES,
		.depth = CONFIG_IMAGE_TAR_MAX_DEPTH,
		.bytes = (uint64_t)CONFIG_IMAGE_TAR_MAX_MIB << 20,
	};
	uint64_t most;
	int r = oci_measure(o, image, e);

	most = limits.bytes = min_u64(limits.bytes, o->total * CONFIG_IMAGE_TAR_MAX_RATIO);
	for (unsigned int i = 0; i < image->n_layers && r == 0; i++)
		r = oci_layer(o, image, i, config, &limits, report, e);
	a->bytes = most - limits.bytes;
	return r;
}

/* In place of one that the layers may have brought. */
static int oci_write_config(struct import_args *a, const struct json *config, unsigned int *lost,
			    struct err *e)
{
	AUTO_FD int dir = -1, file = -1;
	struct timespec times[2] = { 0 };
	int r = path_remove(a->tree, ".myctr");

	if (r == 0 && mkdirat(a->tree, ".myctr", 0755) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(e, r, ".myctr: cannot make the folder");
	dir = openat(a->tree, ".myctr", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0)
		file = openat(dir, "image.conf", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return err_sys(e, errno, ".myctr/image.conf: cannot make");
	r = oci_config_write(config, file, lost, e);
	/* The same archive gives the same image, whenever it is loaded. */
	if (r == 0 && (fchmod(dir, 0755) < 0 || fchmod(file, 0644) < 0 ||
		       futimens(file, times) < 0 || futimens(dir, times) < 0))
		r = err_sys(e, errno, ".myctr/image.conf: cannot set its mode and time");
	return r;
}

static int oci_check_config(const struct oci *o, const struct oci_image *image,
			    const struct json *j, struct err *e)
{
	int ids = json_member(j, json_member(j, 0, "rootfs"), "diff_ids");
	char want[64], os[64] = "linux", arch[64], variant[64] = "", is[200], shown[200];

	if (json_count(j, ids) != (int)image->n_layers)
		return err_set(e, EINVAL, "its configuration has %d layers, its manifest %u",
			       json_count(j, ids), image->n_layers);
	if (!json_word(j, json_member(j, 0, "architecture"), JSMN_STRING, arch, sizeof(arch)))
		return 0;
	json_word(j, json_member(j, 0, "os"), JSMN_STRING, os, sizeof(os));
	json_word(j, json_member(j, 0, "variant"), JSMN_STRING, variant, sizeof(variant));
	if (o->a->platform)
		str_copy(want, sizeof(want), o->a->platform);
	else
		oci_own_platform(want, sizeof(want));
	if (oci_platform_fits(want, os, arch, variant))
		return 0;
	str_format(is, sizeof(is), "%s/%s%s%s", os, arch, variant[0] ? "/" : "", variant);
	return err_set(e, EINVAL, "is for %s, not for %s; --platform chooses",
		       str_escape(shown, sizeof(shown), is, strlen(is)), want);
}

/* The root, empty, and what images of nothing but files leave to whoever unpacks them. */
static int oci_make_tree(struct import_args *a, struct err *e)
{
	struct timespec times[2] = { 0 };

	if (mkdirat(a->work, "tree", 0755) < 0)
		return err_sys(e, errno, "cannot make a folder");
	a->tree = openat(a->work, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->tree < 0 || fchmod(a->tree, 0755) < 0 || futimens(a->tree, times) < 0)
		return err_sys(e, errno, "cannot make a folder");
	return 0;
}

/* Images of others leave them to whoever runs them, who cannot make them in a root that is read-only. */
static int oci_make_mount_points(int tree, struct err *e)
{
	static const char *const folders[] = { "dev", "proc", "sys" };
	static const struct timespec times[2];

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(tree, folders[i], 0755) == 0)
			utimensat(tree, folders[i], times, 0);
		else if (errno != EEXIST)
			return err_sys(e, errno, "/%s: cannot make the folder", folders[i]);
	return 0;
}

static void oci_note(struct import_args *a, const struct tar_report *report, unsigned int lost)
{
	if (geteuid() != 0)
		str_copy(a->note, sizeof(a->note), "owners and devices are lost without root");
	else if (report->owners)
		str_format(a->note, sizeof(a->note),
			   "%u files got the owner root, as you have too few ids; see myctr check",
			   report->owners);
	else if (report->devices || report->xattrs || lost)
		str_format(a->note, sizeof(a->note),
			   "left out %u device nodes, %u attributes and %u settings",
			   report->devices, report->xattrs, lost);
}

/* Layers and configuration come after one another, the root's own time is set last. */
static int oci_build(struct oci *o, struct import_args *a, const struct oci_image *image,
		     const struct json *config, struct err *e)
{
	struct tar_report report = { 0 };
	struct timespec times[2];
	unsigned int lost = 0;
	struct stat st;
	int r = oci_check_config(o, image, config, e);

	if (r == 0)
		r = oci_make_tree(a, e);
	if (r == 0)
		r = oci_layers(o, a, image, config, &report, e);
	if (r == 0 && fstat(a->tree, &st) < 0)
		r = err_sys(e, errno, "cannot look at");
	if (r == 0)
		r = oci_make_mount_points(a->tree, e);
	if (r == 0)
		r = oci_write_config(a, config, &lost, e);
	if (r < 0)
		return r;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	oci_note(a, &report, lost);
	return futimens(a->tree, times) < 0 ? err_sys(e, errno, "cannot set a time") : 0;
}

static int oci_load_from(struct oci *o, struct import_args *a, struct err *e)
{
	struct oci_image image;
	struct json config;
	int r = oci_find(o, &image, e);

	if (r < 0)
		return r;
	str_copy(a->ref, sizeof(a->ref), image.ref);
	r = oci_json(o, &image.config, &config, e);
	if (r == 0)
		r = oci_build(o, a, &image, &config, e);
	json_free(&config);
	return r;
}

static int oci_load(struct import_args *a, struct err *e)
{
	struct oci o;
	int r;

	a->tree = -1;
	a->ref[0] = a->note[0] = '\0';
	a->bytes = 0;
	r = oci_open(&o, a, true, e);
	if (r == 0)
		r = err_set(e, EINVAL, "neither a Docker archive nor an OCI layout");
	if (r > 0)
		r = oci_load_from(&o, a, e);
	oci_close(&o);
	if (r < 0)
		fd_close(&a->tree);
	return r < 0 ? r : 0;
}

DRIVER(import, oci) = {
	.name = "oci",
	.about = "Docker archives and OCI image layouts, with all their layers",
	.match = oci_match,
	.load = oci_load,
};
