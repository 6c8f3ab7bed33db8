// SPDX-License-Identifier: MIT
/*
 * Files of records: finding, reading, claiming and writing them; see record.h. Used by the supervisor for
 * every change of a container, by the CLI to look and by the image store. Must never believe a copy whose
 * checksum is wrong, never write the copy that counts, and never need another process to be alive.
 */
#include "core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"

#define RECORD_HEAD 24 /* bytes of the header that are used */
#define RECORD_TRIES 8 /* times a reader looks again when both copies change under its eyes */

/* ---- copies ---------------------------------------------------------------------------------- */

static off_t record_offset(uint32_t slot, int copy)
{
	uint32_t page = 1 + slot / RECORD_GROUP * 2 + (uint32_t)copy;

	return (off_t)page * RECORD_PAGE + slot % RECORD_GROUP * RECORD_COPY;
}

static uint32_t record_slots_in(uint64_t size, uint32_t capacity)
{
	uint64_t groups = size < RECORD_PAGE ? 0 : (size - RECORD_PAGE) / (2 * RECORD_PAGE);

	return (uint32_t)min_u64(groups * RECORD_GROUP, capacity);
}

/* Everything is judged on a private copy of the bytes: others may write while we look. */
static int copy_load(const struct records *s, uint32_t slot, int copy, uint8_t buf[RECORD_COPY])
{
	off_t at = record_offset(slot, copy);
	ssize_t n;

	if (s->map && (uint64_t)at + RECORD_COPY <= s->map_size) {
		memcpy(buf, s->map + at, RECORD_COPY);
		return 0;
	}
	do
		n = pread(s->fd, buf, RECORD_COPY, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	memset(buf + n, 0, RECORD_COPY - (size_t)n);
	return 0;
}

static bool copy_blank(const uint8_t buf[RECORD_COPY])
{
	for (size_t i = 0; i < RECORD_COPY; i++)
		if (buf[i])
			return false;
	return true;
}

static bool copy_valid(const uint8_t buf[RECORD_COPY])
{
	/* What was never written needs no checksum to be told apart. */
	if (le_get32(buf) == 0 && le_get32(buf + 4) == 0)
		return false;
	return le_get32(buf) == hash_crc32c(0, buf + 4, RECORD_COPY - 4);
}

/* Which of two copies counts, or -ENOENT, or -EILSEQ as of now. */
static int pair_current(const uint8_t a[RECORD_COPY], const uint8_t b[RECORD_COPY])
{
	bool newer = (int32_t)(le_get32(b + 4) - le_get32(a + 4)) > 0;

	if (copy_valid(newer ? b : a))
		return newer;
	if (copy_valid(newer ? a : b))
		return !newer;
	return copy_blank(a) || copy_blank(b) ? -ENOENT : -EILSEQ;
}

/*
 * The copy of a slot that counts: 0 or 1 with its bytes in buf, or -ENOENT when none was ever
 * complete, -EILSEQ when both were and are damaged. Neither is valid also while another
 * process writes both in turn, hence the tries.
 */
static int slot_current(const struct records *s, uint32_t slot, uint8_t buf[RECORD_COPY])
{
	uint8_t b[2][RECORD_COPY];

	for (int try = 0; try < RECORD_TRIES; try++) {
		int rc = copy_load(s, slot, 0, b[0]);

		rc = rc ?: copy_load(s, slot, 1, b[1]);
		if (rc)
			return rc;
		rc = pair_current(b[0], b[1]);
		if (rc >= 0)
			memcpy(buf, b[rc], RECORD_COPY);
		if (rc != -EILSEQ)
			return rc;
	}
	return -EILSEQ;
}

int record_get(const struct records *s, uint32_t i, uint8_t buf[RECORD_COPY])
{
	int copy;

	if (i >= s->slots)
		return -ENOENT;
	copy = slot_current(s, i, buf);
	if (copy < 0)
		return copy;
	return le_get16(buf + RECORD_KIND) == RECORD_FREE ? -ENOENT : 0;
}

int record_get_copy(const struct records *s, uint32_t i, int copy, uint8_t buf[RECORD_COPY])
{
	int rc = i < s->slots ? copy_load(s, i, copy, buf) : -ENOENT;

	if (rc)
		return rc;
	if (!copy_valid(buf))
		return copy_blank(buf) ? 0 : -EILSEQ;
	return 1;
}

static bool slot_is_known(const struct records *s, uint32_t slot)
{
	return s->known.valid && s->known.slot == slot;
}

/* Kept while nobody else may write the slot. */
static void slot_remember(struct records *s, uint32_t slot, int copy, uint32_t seq)
{
	s->known = (struct record_known){
		.valid = s->locked || s->owned, .slot = slot, .copy = copy, .seq = seq
	};
}

/* The copy of the slot to write next, and the sequence number it gets. */
static int slot_next(const struct records *s, uint32_t slot, uint32_t *seq)
{
	uint8_t old[RECORD_COPY];
	int copy;

	if (slot_is_known(s, slot)) {
		*seq = s->known.seq + 1;
		return !s->known.copy;
	}
	copy = slot_current(s, slot, old);
	if (copy < 0 && copy != -ENOENT && copy != -EILSEQ)
		return copy;
	*seq = copy < 0 ? 1 : le_get32(old + 4) + 1;
	return copy < 0 ? 0 : !copy;
}

int record_put(struct records *s, uint32_t slot, uint8_t buf[RECORD_COPY])
{
	uint32_t seq = 0;
	ssize_t n;
	int copy;

	if (!s->writable)
		return -EBADF;
	if (slot >= s->slots && slot >= record_slots(s))
		return -EINVAL;
	copy = slot_next(s, slot, &seq);
	s->known.valid = false;
	if (copy < 0)
		return copy;
	le_put32(buf + 4, seq);
	le_put32(buf, hash_crc32c(0, buf + 4, RECORD_COPY - 4));
	do
		n = pwrite(s->fd, buf, RECORD_COPY, record_offset(slot, copy));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != RECORD_COPY)
		return -ENOSPC;
	slot_remember(s, slot, copy, seq);
	return 0;
}

/* ---- slots ----------------------------------------------------------------------------------- */

uint32_t record_slots(struct records *s)
{
	struct stat st;

	if (!fstat(s->fd, &st))
		s->slots = record_slots_in((uint64_t)st.st_size, s->capacity);
	return s->slots;
}

/* Without a mapping (a writer has none), a search reads a group of slots at a time. */
struct slot_group {
	uint8_t copies[2][RECORD_PAGE];
	bool whole;
};

static void group_read(const struct records *s, uint32_t first, struct slot_group *g)
{
	ssize_t n = s->map ? 0
			   : pread(s->fd, g->copies, sizeof(g->copies), record_offset(first, 0));

	g->whole = n == (ssize_t)sizeof(g->copies);
}

/* As record_get(); what is not in the group, or was being written, is read by itself. */
static int group_get(struct records *s, const struct slot_group *g, uint32_t i,
		     uint8_t buf[RECORD_COPY])
{
	size_t at = (size_t)(i % RECORD_GROUP) * RECORD_COPY;
	int copy = g->whole ? pair_current(g->copies[0] + at, g->copies[1] + at) : -EILSEQ;

	if (copy == -EILSEQ)
		return record_get(s, i, buf);
	if (copy >= 0)
		memcpy(buf, g->copies[copy] + at, RECORD_COPY);
	if (copy >= 0 && le_get16(buf + RECORD_KIND) != RECORD_FREE)
		return 0;
	/* The first free one is the one that will be taken. */
	if (s->locked && !s->known.valid)
		slot_remember(s, i, copy < 0 ? 1 : copy, copy < 0 ? 0 : le_get32(buf + 4));
	return -ENOENT;
}

static bool copy_is(const struct records *s, const uint8_t buf[RECORD_COPY], uint16_t kind,
		    const char *key)
{
	return le_get16(buf + RECORD_KIND) == kind &&
	       strncmp((const char *)buf + RECORD_KEY, key, s->format->key) == 0;
}

/* As record_find(); *vacant gets a slot that may be taken: free before damaged, s->slots when none. */
static int slot_search(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
		       uint32_t *vacant)
{
	uint32_t damaged = record_slots(s);
	struct slot_group group;

	*vacant = s->slots;
	for (uint32_t i = 0; i < s->slots; i++) {
		int rc;

		if (i % RECORD_GROUP == 0)
			group_read(s, i, &group);
		rc = group_get(s, &group, i, buf);
		if (rc == -ENOENT && *vacant == s->slots)
			*vacant = i;
		if (rc == -EILSEQ && damaged == s->slots)
			damaged = i;
		if (!rc && copy_is(s, buf, kind, key))
			return (int)i;
	}
	if (*vacant == s->slots)
		*vacant = damaged;
	return -ENOENT;
}

int record_find(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY])
{
	uint32_t vacant;

	return slot_search(s, kind, key, buf, &vacant);
}

int record_each(struct records *s, record_fn *each, void *arg)
{
	uint32_t slots = record_slots(s);
	uint8_t buf[RECORD_COPY];
	struct slot_group group;
	int rc = 0;

	for (uint32_t i = 0; i < slots && rc >= 0; i++) {
		if (i % RECORD_GROUP == 0)
			group_read(s, i, &group);
		if (!group_get(s, &group, i, buf))
			rc = each(buf, i, arg);
	}
	return rc < 0 ? rc : 0;
}

static int record_set_lock(int fd, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
	int rc;

	do
		rc = fcntl(fd, F_OFD_SETLKW, &l);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == EINVAL) /* no OFD locks here */
		rc = flock(fd, type == F_UNLCK ? LOCK_UN : LOCK_EX);
	return rc < 0 ? -errno : 0;
}

int record_lock(struct records *s)
{
	int rc;

	if (s->locked)
		return -EDEADLK;
	rc = record_set_lock(s->fd, F_WRLCK);
	s->locked = !rc;
	return rc;
}

void record_unlock(struct records *s)
{
	if (s->locked)
		record_set_lock(s->fd, F_UNLCK);
	s->locked = false;
	s->known.valid = s->known.valid && s->owned;
}

/* Takes the lock unless the caller of our caller holds it: *mine says whether to give it back. */
static int lock_once(struct records *s, bool *mine)
{
	*mine = !s->locked;
	return s->locked ? 0 : record_lock(s);
}

/*
 * Makes room for one more group; the new slots are zeros, so free. Under the lock. Blocks for both
 * copies are taken now, so that a file system that is full refuses the new record, and never the
 * change of an old one.
 */
static int record_grow(struct records *s)
{
	const off_t group = 2 * RECORD_PAGE;
	off_t end = RECORD_PAGE + (off_t)(s->slots / RECORD_GROUP) * group;

	if (s->slots >= s->capacity)
		return -ENOSPC;
	if (fallocate(s->fd, 0, end, group) < 0 &&
	    ((errno != EOPNOTSUPP && errno != ENOSYS) || ftruncate(s->fd, end + group) < 0))
		return -errno;
	record_slots(s);
	return 0;
}

static int claim_locked(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
			bool write)
{
	uint32_t vacant;
	int slot = slot_search(s, kind, key, buf, &vacant), rc = 0;

	if (slot >= 0)
		return slot;
	if (vacant == s->slots) {
		rc = record_grow(s);
		if (rc)
			return rc;
	}
	memset(buf, 0, RECORD_COPY);
	le_put16(buf + RECORD_KIND, kind);
	memcpy(buf + RECORD_KEY, key,
	       strnlen(key, s->format->key)); /* claim() has seen to its length */
	if (write)
		rc = record_put(s, vacant, buf);
	return rc ? rc : (int)vacant;
}

static int claim(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
		 bool write, struct err *e)
{
	const struct record_format *f = s->format;
	bool mine;
	int slot;

	if (!*key || strlen(key) >= f->key || kind == RECORD_FREE)
		return err_set(e, EINVAL, "%s: a name of 1 to %u bytes is needed", f->what,
			       f->key - 1);
	slot = lock_once(s, &mine);
	if (!slot)
		slot = claim_locked(s, kind, key, buf, write);
	if (mine)
		record_unlock(s);
	if (slot == -ENOSPC && s->slots >= s->capacity)
		return err_set(e, ENOSPC, "%s: %s: all %u records are in use; %s", f->what, s->path,
			       s->capacity, f->full);
	if (slot < 0)
		return err_sys(e, -slot, "%s: %s: cannot make a record for %s", f->what, s->path,
			       key);
	return slot;
}

int record_claim(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
		 struct err *e)
{
	return claim(s, kind, key, buf, true, e);
}

int record_reserve(struct records *s, uint16_t kind, const char *key, uint8_t buf[RECORD_COPY],
		   struct err *e)
{
	return claim(s, kind, key, buf, false, e);
}

static int slot_holds(struct records *s, uint32_t slot, const char *key)
{
	uint8_t buf[RECORD_COPY];
	int rc = record_get(s, slot, buf);

	if (!rc && strncmp((const char *)buf + RECORD_KEY, key, s->format->key) != 0)
		rc = -ENOENT;
	return rc;
}

int record_drop(struct records *s, uint32_t slot, const char *key)
{
	uint8_t buf[RECORD_COPY] = { 0 };
	bool own = s->owned && slot_is_known(s, slot), mine = false;
	int rc = own ? 0 : lock_once(s, &mine);

	if (!rc && !own)
		rc = slot_holds(s, slot, key);
	if (!rc)
		rc = record_put(s, slot, buf);
	if (mine)
		record_unlock(s);
	return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_new_header(int fd, const struct record_format *f, uint32_t capacity, bool durable)
{
	uint8_t head[RECORD_HEAD] = { 0 };
	ssize_t n;

	memcpy(head, f->magic, 8);
	le_put32(head + 8, f->version);
	le_put32(head + 12, RECORD_COPY);
	le_put32(head + 16, capacity);
	le_put32(head + 20, hash_crc32c(0, head, 20));
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, RECORD_PAGE) < 0)
		return -errno;
	n = pwrite(fd, head, sizeof(head), 0);
	if (n != (ssize_t)sizeof(head))
		return n < 0 ? -errno : -ENOSPC;
	return durable && fsync(fd) < 0 ? -errno : 0;
}

/* A file's name is on the device only when its folder is. */
static int sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[128] = ".";
	AUTO_FD int fd = -1;

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/*
 * Makes path unless it is there. Creators meet at the lock of one temporary file, whose name is fixed
 * so that one left by a crash is used again: whoever gets the lock of the file that still has
 * that name, while path is missing, is the one.
 */
static int record_create(const char *path, const struct record_format *f, uint32_t capacity,
			 bool durable)
{
	char temp[144];

	snprintf(temp, sizeof(temp), "%s.new", path);
	for (;;) {
		AUTO_FD int fd = open(temp, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		int rc;

		if (fd < 0)
			return -errno;
		rc = record_set_lock(fd, F_WRLCK);
		if (rc)
			return rc;
		if (!same_file(fd, temp)) {
			if (!access(path, F_OK))
				return 0;
			continue;
		}
		if (!access(path, F_OK)) {
			unlink(temp);
			return 0;
		}
		rc = write_new_header(fd, f, capacity, durable);
		if (!rc && rename(temp, path) < 0)
			rc = -errno;
		return rc ?: durable ? sync_parent(path) : 0;
	}
}

static int check_header(struct records *s, uint32_t capacity, struct err *e)
{
	const struct record_format *f = s->format;
	uint8_t head[RECORD_HEAD];
	ssize_t n = pread(s->fd, head, sizeof(head), 0);

	if (n < 0)
		return err_sys(e, errno, "%s: %s: cannot read", f->what, s->path);
	if (n < (ssize_t)sizeof(head) || memcmp(head, f->magic, 8) != 0)
		return err_set(e, EILSEQ, "%s: %s: not a %s file of myctr; move it away", f->what,
			       s->path, f->what);
	if (le_get32(head + 8) != f->version)
		return err_set(e, EPROTO,
			       "%s: %s: has format version %u, this myctr knows %u; use the myctr "
			       "that wrote it, or move the file away",
			       f->what, s->path, le_get32(head + 8), f->version);
	s->capacity = le_get32(head + 16);
	if (le_get32(head + 20) != hash_crc32c(0, head, 20) || le_get32(head + 12) != RECORD_COPY ||
	    s->capacity > RECORD_CAPACITY_MAX)
		return err_set(e, EILSEQ, "%s: %s: the header is damaged; move the file away",
			       f->what, s->path);
	if (s->writable && capacity > s->capacity)
		s->capacity = capacity;
	return 0;
}

static void record_map(struct records *s)
{
	uint64_t size = RECORD_PAGE +
			(uint64_t)((s->slots + RECORD_GROUP - 1) / RECORD_GROUP) * 2 * RECORD_PAGE;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, s->fd, 0);

	if (map == MAP_FAILED)
		return; /* pread does it as well */
	s->map = map;
	s->map_size = size;
}

static int open_file(const char *path, const struct record_format *f, uint32_t capacity,
		     bool writable, bool durable)
{
	int flags = O_CLOEXEC | O_NOCTTY | (writable ? O_RDWR : O_RDONLY) | (durable ? O_DSYNC : 0);
	int fd = openat(AT_FDCWD, path, flags), rc;

	if (fd >= 0 || errno != ENOENT || !writable)
		return fd < 0 ? -errno : fd;
	rc = record_create(path, f, capacity, durable);
	if (rc)
		return rc;
	fd = openat(AT_FDCWD, path, flags);
	return fd < 0 ? -errno : fd;
}

int record_open(struct records *s, const struct record_format *format, const char *path,
		uint32_t capacity, bool writable, bool durable, struct err *e)
{
	int rc;

	*s = (struct records){ .format = format, .fd = -1, .writable = writable };
	if (snprintf(s->path, sizeof(s->path), "%s", path) >= (int)sizeof(s->path))
		return err_set(e, ENAMETOOLONG, "%s: %s: the path is too long", format->what,
			       s->path);
	if (capacity > RECORD_CAPACITY_MAX)
		capacity = RECORD_CAPACITY_MAX;
	s->fd = open_file(path, format, capacity, writable, durable);
	if (s->fd < 0)
		return err_sys(e, -s->fd, "%s: %s: cannot open", format->what, path);
	rc = check_header(s, capacity, e);
	if (rc) {
		record_close(s);
		return rc;
	}
	if (writable)
		return 0;
	record_slots(s);
	record_map(s);
	return 0;
}

void record_close(struct records *s)
{
	if (s->map)
		munmap((void *)(uintptr_t)s->map, s->map_size);
	fd_close(&s->fd);
	s->map = NULL;
	s->slots = 0;
	s->locked = false;
}
