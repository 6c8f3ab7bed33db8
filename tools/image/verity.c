/* SPDX-License-Identifier: MIT */
/*
 * Build machine: appends a dm-verity superblock and hash tree to an image file, and prints the manifest line that
 * makes a device run nothing else. The same file and salt give the same tree. `veritysetup verify FILE FILE HASH
 * --hash-offset=N` agrees with it. Must never leave a file with half a tree: on error it gets its old length.
 * Source: Documentation/admin-guide/device-mapper/verity.rst of Linux, the cryptsetup wiki's DMVerity page.
 *
 * usage: verity [--salt HEX] FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/hash.h"
#include "core/lib/le.h"

enum { BLOCK = 4096, DIGEST = 32, PER_BLOCK = BLOCK / DIGEST, SALT_MAX = 256, LEVELS_MAX = 10 };

struct verity {
	const char *path;
	int fd;
	uint8_t salt[SALT_MAX];
	unsigned int salt_len;
	uint64_t size;	      /* as it was */
	uint64_t data_blocks; /* with the last one filled up */
	unsigned int levels;
	uint64_t start[LEVELS_MAX],
		blocks[LEVELS_MAX]; /* of each level, in blocks; 0 lies on the data */
	uint8_t root[DIGEST];
};

static int fail(const struct verity *v, const char *what)
{
	fprintf(stderr, "verity: %s: %s: %s\n", v->path, what, strerror(errno));
	return -1;
}

static void digest(const struct verity *v, const uint8_t block[BLOCK], uint8_t out[DIGEST])
{
	struct hash_sha256 s;

	hash_sha256_init(&s);
	hash_sha256_add(&s, v->salt, v->salt_len);
	hash_sha256_add(&s, block, BLOCK);
	hash_sha256_end(&s, out);
}

/* Each level's digests are in blocks of their own; the top one comes first in the file. */
static void lay_out(struct verity *v)
{
	uint64_t at = v->data_blocks + 1, below = v->data_blocks;

	while (v->levels < LEVELS_MAX && (below > 1 || !v->levels)) {
		if (below == 1 && v->levels == 0)
			break; /* one block of data: its digest is the root */
		below = (below + PER_BLOCK - 1) / PER_BLOCK;
		v->blocks[v->levels++] = below;
	}
	for (unsigned int i = v->levels; i-- > 0;) {
		v->start[i] = at;
		at += v->blocks[i];
	}
}

static int read_block(const struct verity *v, uint64_t n, uint8_t block[BLOCK])
{
	ssize_t got = pread(v->fd, block, BLOCK, (off_t)(n * BLOCK));

	if (got < 0)
		return fail(v, "reading");
	memset(block + got, 0, (size_t)(BLOCK - got));
	return 0;
}

static int write_block(const struct verity *v, uint64_t n, const uint8_t block[BLOCK])
{
	return pwrite(v->fd, block, BLOCK, (off_t)(n * BLOCK)) == BLOCK ? 0 : fail(v, "writing");
}

/* Digests of the blocks from first on, count of them, into the blocks of a level. */
static int make_level(const struct verity *v, unsigned int level, uint64_t first, uint64_t count)
{
	uint8_t block[BLOCK], hashes[BLOCK] = { 0 };
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < count; i++) {
		r = read_block(v, first + i, block);
		digest(v, block, hashes + i % PER_BLOCK * DIGEST);
		if (r == 0 && (i % PER_BLOCK == PER_BLOCK - 1 || i == count - 1)) {
			r = write_block(v, v->start[level] + i / PER_BLOCK, hashes);
			memset(hashes, 0, sizeof(hashes));
		}
	}
	return r;
}

static int make_tree(struct verity *v)
{
	uint64_t first = 0, count = v->data_blocks;
	uint8_t block[BLOCK];
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < v->levels; i++) {
		r = make_level(v, i, first, count);
		first = v->start[i];
		count = v->blocks[i];
	}
	if (r == 0)
		r = read_block(v, first, block);
	digest(v, block, v->root);
	return r;
}

static int write_superblock(const struct verity *v)
{
	uint8_t b[BLOCK] = { 0 };

	memcpy(b, "verity\0", 8);
	le_put32(b + 8, 1);
	le_put32(b + 12, 1);
	memcpy(b + 16, v->root, 16); /* a UUID that needs no chance */
	b[16 + 6] = (uint8_t)((b[16 + 6] & 0x0f) | 0x80);
	b[16 + 8] = (uint8_t)((b[16 + 8] & 0x3f) | 0x80);
	memcpy(b + 32, "sha256", 6);
	le_put32(b + 64, BLOCK);
	le_put32(b + 68, BLOCK);
	le_put64(b + 72, v->data_blocks);
	le_put16(b + 80, (uint16_t)v->salt_len);
	memcpy(b + 88, v->salt, v->salt_len);
	return write_block(v, v->data_blocks, b);
}

static int set_salt(struct verity *v, const char *hex)
{
	size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 || n > SALT_MAX || strspn(hex, "0123456789abcdef") != strlen(hex)) {
		fprintf(stderr, "verity: the salt is at most %d bytes in lower-case hex\n",
			SALT_MAX);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		v->salt[i] = (uint8_t)strtoul((char[3]){ hex[2 * i], hex[2 * i + 1], 0 }, NULL, 16);
	v->salt_len = (unsigned int)n;
	return 0;
}

/* A file that has a tree already would get a second one, and the device would look at the first. */
static int look(struct verity *v)
{
	uint8_t head[BLOCK];
	struct stat st;
	uint64_t used;

	if (fstat(v->fd, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size)
		return fail(v, "not a file with something in it");
	v->size = (uint64_t)st.st_size;
	v->data_blocks = (v->size + BLOCK - 1) / BLOCK;
	if (read_block(v, 0, head) < 0)
		return -1;
	used = le_get64(head + 40);
	if (memcmp(head, "hsqs", 4) != 0) {
		fprintf(stderr, "verity: %s: not a squashfs file\n", v->path);
		return -1;
	}
	if ((used + BLOCK - 1) / BLOCK != v->data_blocks) {
		fprintf(stderr, "verity: %s: has something behind its end; a tree already?\n",
			v->path);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct verity v = { .fd = -1 };
	bool salted = argc == 4 && strcmp(argv[1], "--salt") == 0;

	if (argc != 2 && !salted) {
		fprintf(stderr, "usage: verity [--salt HEX] FILE\n");
		return 2;
	}
	v.path = argv[argc - 1];
	if (salted && set_salt(&v, argv[2]) < 0)
		return 2;
	v.fd = open(v.path, O_RDWR | O_CLOEXEC);
	if (v.fd < 0)
		return fail(&v, "opening") ? 1 : 0;
	if (look(&v) < 0)
		return 1;
	lay_out(&v);
	if (ftruncate(v.fd, (off_t)(v.data_blocks * BLOCK)) < 0 || make_tree(&v) < 0 ||
	    write_superblock(&v) < 0 || fsync(v.fd) < 0) {
		if (ftruncate(v.fd, (off_t)v.size) < 0)
			fail(&v, "taking the half tree away");
		return 1;
	}
	printf("verity = ");
	for (int i = 0; i < DIGEST; i++)
		printf("%02x", v.root[i]);
	printf("\n");
	return fflush(stdout) ? 1 : 0;
}
