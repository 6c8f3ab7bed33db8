/* SPDX-License-Identifier: MIT */
/*
 * Images of ours as archives for docker, podman and skopeo: one layer and the configuration, in an OCI layout, for
 * Docker with a manifest.json beside it. Runs in the CLI. Contents are named by their digests, so they are
 * written to the work file first; equal images give equal bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/str.h"
#include "drivers/image/oci_save.h"
#include "drivers/image/tar_write.h"

struct save {
	const struct export_args *a;
	bool docker;
	struct oci_blob layer, config, manifest, index, list, layout;
	struct tar_entry entry;
	struct tar_records records;
	struct tar_writer out;
};

static int save_hash(struct save *s, struct oci_blob *b)
{
	static const char digits[] = "0123456789abcdef";
	struct hash_sha256 hash;
	uint8_t sum[32];

	hash_sha256_init(&hash);
	for (uint64_t at = 0; at < b->size;) {
		ssize_t n = pread(s->a->work, s->out.buf,
				  (size_t)min_u64(b->size - at, sizeof(s->out.buf)),
				  (off_t)(b->at + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		hash_sha256_add(&hash, s->out.buf, (size_t)n);
		at += (uint64_t)n;
	}
	hash_sha256_end(&hash, sum);
	for (int i = 0; i < 32; i++) {
		b->hex[2 * i] = digits[sum[i] >> 4];
		b->hex[2 * i + 1] = digits[sum[i] & 15];
	}
	return 0;
}

/* What was written to the work file since the last one; r is how that went. */
static int save_end(struct save *s, struct oci_blob *b, const struct oci_blob *last, int r,
		    struct err *e)
{
	off_t end = lseek(s->a->work, 0, SEEK_CUR);

	if (r == 0 && end < 0)
		r = -errno;
	b->at = last ? last->at + last->size : 0;
	b->size = (uint64_t)end - b->at;
	if (r == 0)
		r = save_hash(s, b);
	return r < 0 ? err_sys(e, r, "cannot write what is to be saved") : 0;
}

static int save_layer(struct save *s, struct err *e)
{
	struct pack_args pack = { .root = s->a->tree, .name = "image", .newest = PACK_TIMES_KEPT };
	int r = tar_pack(&pack, s->a->work, e);

	return r < 0 ? r : save_end(s, &s->layer, NULL, 0, e);
}

static int save_texts(struct save *s, struct err *e)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	const struct export_args *a = s->a;
	int fd = a->work, r;

	r = save_end(s, &s->config, &s->layer, oci_save_config(fd, a, &s->layer), e);
	if (r == 0)
		r = save_end(s, &s->manifest, &s->config,
			     oci_save_manifest(fd, &s->config, &s->layer), e);
	if (r == 0)
		r = save_end(s, &s->index, &s->manifest, oci_save_index(fd, a, &s->manifest), e);
	if (r == 0)
		r = save_end(s, &s->list, &s->index, oci_save_docker(fd, a, &s->config, &s->layer),
			     e);
	if (r == 0)
		r = save_end(s, &s->layout, &s->list, fd_write(fd, layout, sizeof(layout) - 1), e);
	return r;
}

static int save_entry(struct save *s, enum tar_type type, const char *name, uint64_t size,
		      struct err *e)
{
	struct tar_entry *t = &s->entry;

	t->type = type;
	t->mode = type == TAR_DIR ? 0755 : 0644;
	str_copy(t->path, sizeof(t->path), name);
	return tar_put_header(&s->out, t, size, &s->records, e);
}

static int save_file(struct save *s, const char *name, const struct oci_blob *b, struct err *e)
{
	char path[80] = "blobs/sha256/";
	int r;

	if (!name)
		str_copy(path + 13, sizeof(path) - 13, b->hex);
	r = save_entry(s, TAR_FILE, name ? name : path, b->size, e);
	if (r == 0 && lseek(s->a->work, (off_t)b->at, SEEK_SET) < 0)
		r = err_sys(e, errno, "cannot seek");
	if (r == 0)
		r = tar_put_bytes(&s->out, s->a->work, b->size, e);
	return r < 0 ? r : tar_put_padding(&s->out, b->size, e);
}

static int save_archive(struct save *s, struct err *e)
{
	int r = save_file(s, "oci-layout", &s->layout, e);

	if (r == 0)
		r = save_file(s, "index.json", &s->index, e);
	if (r == 0 && s->docker)
		r = save_file(s, "manifest.json", &s->list, e);
	if (r == 0)
		r = save_entry(s, TAR_DIR, "blobs/", 0, e);
	if (r == 0)
		r = save_entry(s, TAR_DIR, "blobs/sha256/", 0, e);
	if (r == 0)
		r = save_file(s, NULL, &s->manifest, e);
	if (r == 0)
		r = save_file(s, NULL, &s->config, e);
	if (r == 0)
		r = save_file(s, NULL, &s->layer, e);
	return r < 0 ? r : tar_put_end(&s->out, e);
}

static int save_image(const struct export_args *a, bool docker, int out, struct err *e)
{
	struct save *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->a = a;
	s->docker = docker;
	s->out.fd = out;
	r = save_layer(s, e);
	if (r == 0)
		r = save_texts(s, e);
	if (r == 0)
		r = save_archive(s, e);
	free(s->records.text);
	free(s);
	return r;
}

static int docker_save(const struct export_args *a, int out, struct err *e)
{
	return save_image(a, true, out, e);
}

static int oci_save(const struct export_args *a, int out, struct err *e)
{
	return save_image(a, false, out, e);
}

DRIVER(export, docker) = {
	.name = "docker",
	.about = "archives for docker load, podman load and skopeo",
	.save = docker_save,
};

DRIVER(export, oci) = {
	.name = "oci",
	.about = "OCI image layouts in a tar",
	.save = oci_save,
};
