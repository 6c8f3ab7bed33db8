/* SPDX-License-Identifier: MIT */
/*
 * Verified images: a dm-verity device over the device of an image, whose file ends in a hash tree
 * (tools/image/verity.c, or veritysetup). The kernel compares every block with the tree and the tree
 * with the root hash when it is read; one that differs is an I/O error. Source:
 * Documentation/admin-guide/device-mapper/verity.rst, linux/dm-ioctl.h.
 */
#ifndef DRIVERS_IMAGE_VERITY_H
#define DRIVERS_IMAGE_VERITY_H

#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"

#define VERITY_SUPERBLOCK 512

struct verity {
	unsigned int data_block, hash_block; /* bytes of a block */
	uint64_t blocks;		     /* of data */
	uint64_t hash_start;		     /* in hash blocks from the start of the file */
	char salt[2 * 256 + 1];		     /* hex, "-" when there is none */
};

/*
 * Reads the superblock b that lies at offset at of a file whose image is used bytes long. -EINVAL says what
 * about it cannot be. Nothing in it is trusted: what is wrong makes other hashes.
 */
int verity_parse(struct verity *v, const uint8_t b[VERITY_SUPERBLOCK], uint64_t at, uint64_t used,
		 struct err *e);

/*
 * An fd of the verity device over the block device under (an fd), of an image of used bytes whose root hash
 * is root (64 hex digits); its path in dev. signature (NULL: none) is a file with a PKCS#7 signature of
 * root in DER: the kernel then wants it to be by a key of its own keyrings. Containers of one image share the device. The kernel
 * frees it when the fd is closed and nothing has it mounted.
 */
int verity_attach(int under, uint64_t used, const char *root, const char *signature, char *dev,
		  size_t size, struct err *e);

#endif
