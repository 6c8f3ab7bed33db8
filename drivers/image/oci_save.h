/* SPDX-License-Identifier: MIT */
/* What the files of the OCI exporter share. Sources: as oci.h. */
#ifndef DRIVERS_IMAGE_OCI_SAVE_H
#define DRIVERS_IMAGE_OCI_SAVE_H

#include <stdint.h>

#include "core/driver.h"

/* One content: where it lies in the work file. */
struct oci_blob {
	uint64_t at, size;
	char hex[65]; /* its SHA-256 */
};

/*
 * JSON texts, written to fd. The configuration of the image; the manifest that names it and its layer; the index
 * that names that; Docker's manifest.json. 0 or -errno.
 */
int oci_save_config(int fd, const struct export_args *a, const struct oci_blob *layer);
int oci_save_manifest(int fd, const struct oci_blob *config, const struct oci_blob *layer);
int oci_save_index(int fd, const struct export_args *a, const struct oci_blob *manifest);
int oci_save_docker(int fd, const struct export_args *a, const struct oci_blob *config,
		    const struct oci_blob *layer);

#endif
