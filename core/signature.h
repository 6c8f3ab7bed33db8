/* SPDX-License-Identifier: MIT */
/*
 * Detached ed25519 signatures of manifests and images, as minisign(1) and signify(1) make them, checked
 * against the keys this device trusts: those compiled in, and *.pub files of one folder that only root can
 * write to (best on a file system that is read-only). Signing is for PCs; nothing here can.
 * A signature says who made a file, not which file it is. Sources: RFC 8032, the "File format" pages of
 * minisign and signify, libsodium.
 */
#ifndef CORE_SIGNATURE_H
#define CORE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"

#define SIGNATURE_MAX (16 << 10) /* bytes of a signature file */
#define SIGNATURE_BYTES 64
#define SIGNATURE_ID 8

struct signature_key {
	uint8_t id[SIGNATURE_ID]; /* chosen at random when it was made */
	uint8_t key[32];
	char name[48]; /* of its file, for messages */
};

struct signature {
	bool prehashed; /* it is of the file's BLAKE2b, not of the file */
	uint8_t id[SIGNATURE_ID], bytes[SIGNATURE_BYTES];
	const char *comment; /* the part of the text that the second signature is of too, or NULL */
	size_t comment_len;
	uint8_t second[SIGNATURE_BYTES]; /* of bytes and comment */
};

/* Reads a public key: its one line in base64, alone or after a comment line. -EINVAL. */
int signature_parse_key(struct signature_key *k, const char *text, size_t len, struct err *e);

/* Reads a signature file, which s->comment points into. -EINVAL says what is wrong with it. */
int signature_parse(struct signature *s, const char *text, size_t len, struct err *e);

/*
 * The text of the signature beside a file: PATH.minisig or PATH.sig (malloc'd, the caller's). -ENOENT.
 */
int signature_beside(const char *path, char **text, size_t *len, struct err *e);

/*
 * Was this content signed by a key that is trusted? by gets the key's name. -EBADMSG when it was not, -ENOKEY
 * when the key is none of ours. The content of fd is read from its start on, all of it.
 */
int signature_check_fd(int fd, const char *text, size_t len, char by[48], struct err *e);
int signature_check(const void *content, size_t n, const char *text, size_t len, char by[48],
		    struct err *e);

/*
 * Text of a manifest of this device, read from path: signed, where manifests have to be (SIGNED_MANIFEST, or a
 * file of that name, require-signed-manifest, beside the keys)?
 */
int signature_check_manifest(const char *path, const char *text, size_t len, struct err *e)
	__attribute__((weak));

#endif
