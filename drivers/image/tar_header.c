/* SPDX-License-Identifier: MIT */
/*
 * Tar header blocks: numbers, checksum, and what a header with its overrides says about an entry.
 * See tar.h.
 */
#include <errno.h>
#include <string.h>

#include "drivers/image/tar.h"

/* Two's complement, big-endian, the first byte's high bit only marking the form. */
static int tar_base256(const uint8_t *f, size_t len, int64_t *v)
{
	bool negative = f[0] & 0x40;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = i == 0 ? (uint8_t)((f[0] & 0x7f) | (negative ? 0x80 : 0)) : f[i];

		/* What is pushed out at the top must be only sign. */
		if (value >> 55 != (negative ? 0x1ffU : 0))
			return -ERANGE;
		value = value << 8 | byte;
	}
	*v = (int64_t)value;
	return 0;
}

int tar_number(const uint8_t *f, size_t len, int64_t *v)
{
	size_t i = 0;
	uint64_t value = 0;

	if (len && f[0] & 0x80)
		return tar_base256(f, len, v);
	while (i < len && f[i] == ' ')
		i++;
	for (; i < len && f[i] >= '0' && f[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(f[i] - '0');
	for (; i < len; i++)
		if (f[i] != ' ' && f[i] != '\0')
			return -EINVAL;
	*v = (int64_t)value;
	return 0;
}

bool tar_checksum_ok(const uint8_t block[TAR_BLOCK])
{
	int64_t plain = 8 * ' ', old = 8 * ' ', want;

	for (int i = 0; i < TAR_BLOCK; i++) {
		if (i >= 148 && i < 156)
			continue;
		plain += block[i];
		old += (int8_t)block[i];
	}
	return tar_number(block + 148, 8, &want) == 0 && (want == plain || want == old);
}

bool tar_is_zero(const uint8_t block[TAR_BLOCK])
{
	return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

/* "prefix/name"; the prefix is POSIX only, GNU keeps times there. */
static void tar_header_path(char path[PATH_MAX], const uint8_t *b)
{
	size_t prefix = memcmp(b + 257, "ustar\0", 6) == 0 ? strnlen((const char *)b + 345, 155)
							   : 0;
	size_t name = strnlen((const char *)b, 100);

	memcpy(path, b + 345, prefix);
	if (prefix)
		path[prefix++] = '/';
	memcpy(path + prefix, b, name);
	path[prefix + name] = '\0';
}

static void tar_override(struct tar_entry *t, const struct tar_over *o)
{
	if (o->said & (TAR_PATH | TAR_SPARSE_NAME))
		memcpy(t->path, o->path, strlen(o->path) + 1);
	if (o->said & TAR_LINK)
		memcpy(t->link, o->link, strlen(o->link) + 1);
	if (o->said & TAR_SIZE)
		t->size = o->size;
	if (o->said & TAR_UID)
		t->uid = o->uid;
	if (o->said & TAR_GID)
		t->gid = o->gid;
	if (o->said & TAR_MTIME) {
		t->mtime = o->mtime;
		t->mtime_ns = o->mtime_ns;
	}
}

static enum tar_type tar_type_of(char type, const char *path)
{
	size_t len = strlen(path);

	switch (type) {
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '3':
		return TAR_CHAR;
	case '4':
		return TAR_BLOCK_DEVICE;
	case '5':
	case 'D':
		return TAR_DIR;
	case '6':
		return TAR_FIFO;
	default:
		/*
		 * Before ustar a folder was a file with a slash at its end. POSIX: unknown types
		 * are files.
		 */
		return len && path[len - 1] == '/' ? TAR_DIR : TAR_FILE;
	}
}

static int tar_header_numbers(struct tar_reader *r, const uint8_t *b, struct err *e)
{
	struct tar_entry *t = &r->entry;
	int64_t mode, uid, gid, size, major, minor;
	bool device = b[156] == '3' || b[156] == '4';

	if (tar_number(b + 100, 8, &mode) < 0)
		return tar_bad(r, "bad mode", e);
	if (tar_number(b + 108, 8, &uid) < 0 || uid < 0 || uid >= UINT32_MAX)
		return tar_bad(r, "bad owner", e);
	if (tar_number(b + 116, 8, &gid) < 0 || gid < 0 || gid >= UINT32_MAX)
		return tar_bad(r, "bad group", e);
	if (tar_number(b + 124, 12, &size) < 0 || size < 0)
		return tar_bad(r, "bad size", e);
	if (tar_number(b + 136, 12, &t->mtime) < 0)
		return tar_bad(r, "bad time", e);
	if (device && (tar_number(b + 329, 8, &major) < 0 || tar_number(b + 337, 8, &minor) < 0 ||
		       major < 0 || minor < 0 || major > 0xfff || minor > 0xfffff))
		return tar_bad(r, "bad device number", e);
	t->mode = (mode_t)(mode & 07777);
	t->uid = (uint32_t)uid;
	t->gid = (uint32_t)gid;
	t->size = (uint64_t)size;
	t->mtime_ns = 0;
	t->major = device ? (uint32_t)major : 0;
	t->minor = device ? (uint32_t)minor : 0;
	return 0;
}

int tar_header(struct tar_reader *r, const uint8_t b[TAR_BLOCK], uint64_t *stored, struct err *e)
{
	struct tar_entry *t = &r->entry;
	int got = tar_header_numbers(r, b, e);
	size_t link = strnlen((const char *)b + 157, 100);

	if (got < 0)
		return got;
	tar_header_path(t->path, b);
	memcpy(t->link, b + 157, link);
	t->link[link] = '\0';
	tar_override(t, &r->global);
	tar_override(t, &r->local);
	if (t->path[0] == '\0')
		return tar_bad(r, "entry without a name", e);
	t->type = tar_type_of((char)b[156], t->path);
	/* Only files have data, whatever the size of the others says: so do GNU tar and Go. */
	*stored = t->type == TAR_FILE || b[156] == 'D' ? t->size : 0;
	t->sparse = t->type == TAR_FILE && (r->local.said & (TAR_SPARSE_MAP | TAR_SPARSE_1));
	if (t->sparse && r->local.said & TAR_REAL_SIZE)
		t->size = r->local.real_size;
	else if (t->sparse)
		return tar_bad(r, "sparse file without its real size", e);
	return 0;
}
