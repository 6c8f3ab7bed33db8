/* SPDX-License-Identifier: MIT */
/*
 * The image store: its index, and finding things in it; see store.h. Runs in the CLI and in launchers. Must
 * never list an image that is not whole on the device, and never believe a name from the command line to be
 * one before it was looked at.
 */
#include "core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/paths.h"
#include "core/store_part.h"

enum { STORE_PREFIX = 8 }; /* digits of an id that are enough to name it */

static const struct record_format store_format = {
	.magic = "myctrim",
	.version = 1,
	.key = STORE_KEY,
	.what = "image store",
	.full = "remove images with `myctr image rm` or `prune`",
};

/* ---- records ---------------------------------------------------------------------------------- */

static void store_hex(char out[STORE_ID], const uint8_t sum[32])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 32; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}

static void store_unhex(uint8_t out[32], const char *id)
{
	for (int i = 0; i < 64; i++) {
		unsigned int digit = (unsigned int)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);

		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | digit : digit << 4);
	}
}

bool store_is_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

bool store_decode(struct store_item *item, const uint8_t buf[RECORD_COPY])
{
	char key[STORE_KEY];

	memcpy(key, buf + RECORD_KEY, sizeof(key));
	key[sizeof(key) - 1] = '\0';
	memset(item, 0, sizeof(*item));
	item->kind = le_get16(buf + RECORD_KIND);
	item->size = le_get64(buf + 172);
	item->created = le_get64(buf + 180);
	item->flags = le_get32(buf + 188);
	memcpy(item->format, buf + 192, STORE_FORMAT - 1);
	if (item->kind == STORE_IMAGE && store_is_id(key)) {
		memcpy(item->id, key, sizeof(item->id));
		return true;
	}
	if (item->kind != STORE_TAG)
		return false;
	memcpy(item->name, key, sizeof(item->name));
	store_hex(item->id, buf + 140);
	return true;
}

void store_encode(uint8_t buf[RECORD_COPY], const struct store_item *item)
{
	memset(buf, 0, RECORD_COPY);
	le_put16(buf + RECORD_KIND, item->kind);
	if (item->kind == STORE_TAG) {
		memcpy(buf + RECORD_KEY, item->name, strnlen(item->name, STORE_KEY - 1));
		store_unhex(buf + 140, item->id);
	} else {
		memcpy(buf + RECORD_KEY, item->id, strlen(item->id));
	}
	le_put64(buf + 172, item->size);
	le_put64(buf + 180, item->created);
	le_put32(buf + 188, item->flags);
	memcpy(buf + 192, item->format, strnlen(item->format, STORE_FORMAT - 1));
}

int store_put(struct store *s, const struct store_item *item, struct err *e)
{
	uint8_t buf[RECORD_COPY];
	const char *key = item->kind == STORE_TAG ? item->name : item->id;
	int r, slot = record_claim(&s->index, item->kind, key, buf, e);

	if (slot < 0)
		return slot;
	store_encode(buf, item);
	r = record_put(&s->index, (uint32_t)slot, buf);
	return r < 0 ? err_sys(e, r, "%s: cannot write to the index", key) : 0;
}

int store_drop(struct store *s, uint16_t kind, const char *key)
{
	uint8_t buf[RECORD_COPY];
	int slot = record_find(&s->index, kind, key, buf);

	return slot < 0 ? slot : record_drop(&s->index, (uint32_t)slot, key);
}

/* ---- opening ---------------------------------------------------------------------------------- */

int store_open_index(struct store *s, const char *name, bool writable, struct err *e)
{
	char index[sizeof(s->path) + 16];

	str_format(index, sizeof(index), "%s/%s", s->path, name);
	return record_open(&s->index, &store_format, index, CONFIG_STORE_RECORDS, writable, true,
			   e);
}

int store_begin(struct store *s, struct err *e)
{
	*s = (struct store){ .index.fd = -1, .dir = -1 };
	if (str_format(s->path, sizeof(s->path), "%s/images", paths.data) >= sizeof(s->path) - 1)
		return err_set(e, ENAMETOOLONG, "%s: too long for the image store", paths.data);
	return 0;
}

bool store_is_there(void)
{
	char path[PATHS_MAX];

	return paths_join(path, paths.data, "images", STORE_INDEX) == 0 && access(path, F_OK) == 0;
}

int store_open(struct store *s, struct err *e)
{
	int r = store_begin(s, e);

	if (r < 0)
		return r;
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s: cannot open", s->path);
	r = store_open_index(s, STORE_INDEX, false, e);
	if (r == -ENOENT) {
		s->index = (struct records){ .fd = -1 };
		return 0;
	}
	if (r < 0)
		store_close(s);
	return r;
}

void store_close(struct store *s)
{
	record_close(&s->index);
	fd_close(&s->dir);
}

int store_open_image(const struct store *s, const char *id, struct err *e)
{
	char name[STORE_ENTRY];
	int fd;

	str_format(name, sizeof(name), STORE_FILES "/%s", id);
	fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "%.12s: cannot open the image", id) : fd;
}

/* A text that belongs to an image, by its suffix. */
static int store_text(const struct store *s, const char *id, const char *suffix, char **text,
		      size_t *len, struct err *e)
{
	char name[STORE_ENTRY];
	int r;

	*text = NULL;
	*len = 0;
	str_format(name, sizeof(name), STORE_FILES "/%s%s", id, suffix);
	r = fd_slurp(s->dir, name, STORE_CONFIG_MAX, text, len);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? err_sys(e, r, "%.12s: cannot read its %s", id, suffix + 1) : 0;
}

int store_config(const struct store *s, const char *id, char **text, size_t *len, struct err *e)
{
	return store_text(s, id, STORE_CONF, text, len, e);
}

int store_signature(const struct store *s, const char *id, char **text, size_t *len, struct err *e)
{
	return store_text(s, id, STORE_SIG, text, len, e);
}

/* ---- looking ---------------------------------------------------------------------------------- */

bool store_is_named(struct store *s, const char *id)
{
	uint8_t buf[RECORD_COPY];
	struct store_item item;

	for (uint32_t i = 0; i < record_slots(&s->index); i++)
		if (record_get(&s->index, i, buf) == 0 && store_decode(&item, buf) &&
		    item.kind == STORE_TAG && strcmp(item.id, id) == 0)
			return true;
	return false;
}

int store_image(struct store *s, const char *id, struct store_item *item)
{
	uint8_t buf[RECORD_COPY];

	if (s->index.fd < 0 || !store_is_id(id) ||
	    record_find(&s->index, STORE_IMAGE, id, buf) < 0 || !store_decode(item, buf))
		return -ENOENT;
	/* Without a size it was claimed and never written. */
	if (!item->size)
		return -ENOENT;
	return item->flags & STORE_LOADING && !store_is_named(s, id) ? -ENOENT : 0;
}

bool store_next(struct store *s, uint32_t *i, struct store_item *item)
{
	struct store_item image;
	uint8_t buf[RECORD_COPY];

	if (s->index.fd < 0)
		return false;
	for (uint32_t n = record_slots(&s->index); *i < n;) {
		if (record_get(&s->index, (*i)++, buf) < 0 || !store_decode(item, buf))
			continue;
		if (store_image(s, item->id, &image) == 0)
			return true;
	}
	return false;
}

/* ---- names ------------------------------------------------------------------------------------ */

static bool store_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Words of letters, digits, - _ . between slashes; a colon only where a port or the tag begins. */
static bool store_name_ok(const char *text)
{
	bool begins = true;
	unsigned int colons = 0;

	for (const char *p = text; *p; p++) {
		if (begins && !store_name_char(*p))
			return false;
		colons += *p == ':';
		if (!store_name_char(*p) && !strchr("-_./:", *p))
			return false;
		begins = *p == '/' || *p == ':';
	}
	return !begins && colons <= 2 && !strstr(text, "..");
}

int store_name(const char *text, char *buf, struct err *e)
{
	const char *slash = strrchr(text, '/');
	bool tagged = strchr(slash ? slash : text, ':') != NULL;

	if (!store_name_ok(text))
		return err_set(
			e, EINVAL,
			"'%.60s' cannot name an image (NAME[:TAG] of letters, digits, - _ . /)",
			text);
	if (str_format(buf, STORE_KEY, "%s%s", text, tagged ? "" : ":latest") !=
	    strlen(text) + (tagged ? 0 : 7))
		return err_set(e, ENAMETOOLONG, "%.40s...: an image name has at most %d bytes",
			       text, STORE_KEY - 1);
	return 0;
}

static int store_find_id(struct store *s, const char *digits, struct store_item *item,
			 struct err *e)
{
	size_t len = strlen(digits);
	struct store_item here;
	uint32_t i = 0;
	int found = 0;

	if (len < STORE_PREFIX || len > 64 || strspn(digits, "0123456789abcdef") != len)
		return -ENOENT;
	while (store_next(s, &i, &here)) {
		if (here.kind != STORE_IMAGE || strncmp(here.id, digits, len) != 0)
			continue;
		*item = here;
		found++;
	}
	if (found > 1)
		return err_set(e, ENOTUNIQ, "%s: more than one image begins so; give more digits",
			       digits);
	return found ? 0 : -ENOENT;
}

static int store_unknown(struct store *s, const char *text, struct err *e)
{
	unsigned int best = str_nearest_begin(text);
	const char *near = NULL;
	struct store_item item;
	char kept[STORE_KEY];

	for (uint32_t i = 0; store_next(s, &i, &item);) {
		size_t len = strlen(item.name);

		/* As it is typed when the tag is the usual one. */
		if (len > 7 && strcmp(item.name + len - 7, ":latest") == 0)
			item.name[len - 7] = '\0';
		if (item.kind == STORE_TAG &&
		    str_nearest_more(text, item.name, &best, near) == item.name)
			near = memcpy(kept, item.name, sizeof(kept));
	}
	if (near)
		return err_set(e, ENOENT,
			       "%s: not here and not in the image store; did you mean %s?", text,
			       near);
	return err_set(e, ENOENT, "%s: not here and not in the image store", text);
}

int store_find(struct store *s, const char *text, struct store_item *item, char *tag, struct err *e)
{
	const char *digits = strncmp(text, "sha256:", 7) == 0 ? text + 7 : text;
	char name[STORE_KEY];
	uint8_t buf[RECORD_COPY];
	struct store_item named;
	int r;

	if (tag)
		*tag = '\0';
	if (s->index.fd >= 0 && store_name(text, name, NULL) == 0 &&
	    record_find(&s->index, STORE_TAG, name, buf) >= 0 && store_decode(&named, buf) &&
	    store_image(s, named.id, item) == 0) {
		if (tag)
			memcpy(tag, name, STORE_KEY);
		return 0;
	}
	r = store_find_id(s, digits, item, e);
	return r == -ENOENT ? store_unknown(s, text, e) : r;
}

/* ---- content ---------------------------------------------------------------------------------- */

int store_hash(int fd, char id[STORE_ID])
{
	AUTO_FREE uint8_t *buf = malloc(STORE_BUFFER);
	struct hash_sha256 s;
	uint8_t sum[32];
	off_t at = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	hash_sha256_init(&s);
	while ((n = pread(fd, buf, STORE_BUFFER, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		hash_sha256_add(&s, buf, (size_t)n);
		at += n;
	}
	hash_sha256_end(&s, sum);
	store_hex(id, sum);
	return 0;
}

int store_verify(const struct store *s, const char *id, struct err *e)
{
	AUTO_FD int fd = store_open_image(s, id, e);
	char now[STORE_ID];
	int r;

	if (fd < 0)
		return fd;
	/* What the device holds, not what memory still remembers of it. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	r = store_hash(fd, now);
	if (r < 0)
		return err_sys(e, r, "%.12s: cannot read", id);
	if (strcmp(now, id) == 0)
		return 0;
	return err_set(e, EILSEQ, "%.12s: is damaged; remove it and load it again", id);
}
