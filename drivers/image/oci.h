/* SPDX-License-Identifier: MIT */
/*
 * What the files of the OCI importer share: Docker archives (`docker save`, old and new) and OCI image layouts, as
 * a folder or a tar. Nobody vouches for them: names are only looked up, never opened as paths of the host;
 * contents are checked against their digests. Sources: OCI image-spec 1.1 (image-layout, image-index,
 * manifest, config, layer), Docker image-spec v1.2 (manifest.json).
 */
#ifndef DRIVERS_IMAGE_OCI_H
#define DRIVERS_IMAGE_OCI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/driver.h"
#include "core/lib/arena.h"
#include "core/lib/json.h"

#define OCI_JSON_MAX (1U << 20)
#define OCI_FILES_MAX 16384 /* in an archive */
#define OCI_NAME_MAX 255    /* longer names are none that anything refers to */
#define OCI_LAYERS_MAX 512
#define OCI_INDEX_DEPTH 4

/* ---- where contents are found (oci_source.c) ---- */

struct oci_file {
	char *name; /* without leading "./" */
	char *link; /* a symbolic or hard link to this name, NULL for a file */
	uint64_t offset, size;
};

struct oci {
	const struct import_args *a;
	int fd;	    /* the archive, plain; or the folder */
	bool owned; /* fd is ours: an unpacked copy */
	bool folder;
	struct oci_file *files; /* of an archive */
	unsigned int n, room;
	struct arena arena;
	uint64_t done, total; /* bytes of layers, for progress */
};

/* Content that something refers to. */
struct oci_ref {
	char name[160]; /* of the file that holds it */
	bool summed;	/* sum and perhaps size are known */
	uint8_t sum[32];
	uint64_t size; /* UINT64_MAX: not known */
};

/*
 * Looks what is there: 1 when it is an archive of this kind (o is ready for use), 0 when not, -errno. An archive
 * under a codec is only looked through; with unpack set it is unpacked to a file in a->work first. oci_close()
 * in any case.
 */
int oci_open(struct oci *o, const struct import_args *a, bool unpack, struct err *e);
void oci_close(struct oci *o);

bool oci_has(const struct oci *o, const char *name);

/* "sha256:HEX" to a ref of the blob with that digest. -EINVAL, -ENOTSUP for other hashes. */
int oci_ref_of_digest(struct oci_ref *ref, const char *digest, struct err *e);

/* The whole of a JSON file, checked, parsed; text and *j belong to o until oci_close(), but for json_free(). */
int oci_json(struct oci *o, const struct oci_ref *ref, struct json *j, struct err *e);

/*
 * The content of ref, unpacked by the codec that knows it and checked at its end: what is stored against ref,
 * what comes out against sum unless that is NULL. *size is what is stored.
 */
struct stream *oci_stream(struct oci *o, const struct oci_ref *ref, const uint8_t *sum,
			  uint64_t *size, struct err *e);

/* How many bytes are stored for ref. -ENOENT. */
int oci_size(struct oci *o, const struct oci_ref *ref, uint64_t *size, struct err *e);

/* ---- which image (oci_manifest.c) ---- */

struct oci_image {
	struct oci_ref config;
	struct oci_ref *layers; /* in the arena of the source, oldest first */
	unsigned int n_layers;
	char ref[128]; /* its name, "" for none */
};

/* Finds the image that a->choose and a->platform mean. */
int oci_find(struct oci *o, struct oci_image *image, struct err *e);

/* "linux/arm64" of this machine. (oci_platform.c) */
const char *oci_own_platform(char *buf, size_t size);

/* 0: wrong; else the better the higher. variant may be "". */
int oci_platform_fits(const char *want, const char *os, const char *arch, const char *variant);

/* ---- its configuration (oci_config.c) ---- */

/* Writes the configuration to fd as a manifest fragment; what it cannot say is left out and counted in *lost. */
int oci_config_write(const struct json *j, int fd, unsigned int *lost, struct err *e);

#endif
