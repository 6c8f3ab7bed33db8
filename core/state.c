// SPDX-License-Identifier: MIT
/*
 * The state file: finding, reading, claiming and writing records. Used by the supervisor for every
 * change of a container and by the CLI to look. Must never believe a copy whose checksum is wrong,
 * never write the copy that counts, and never need another process to be alive.
 */
#include "core/state.h"

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

#define STATE_HEAD 24 /* bytes of the header that are used */
#define STATE_TRIES 8 /* times a reader looks again when both copies change under its eyes */

static const char state_magic[8] = "myctrst";

/*
 * Where each member of struct state_record is stored: X(bits, offset, member). Offsets never change; new
 * ones are added. Expanded in place, as a list of a thousand containers decodes each of them.
 */
/* clang-format off */
#define STATE_NUMBERS(X) \
	X(16, 8, kind) \
	X(8, 76, phase) \
	X(8, 77, cause) \
	X(8, 78, exit) \
	X(8, 79, reset) \
	X(32, 80, flags) \
	X(32, 84, pid) \
	X(64, 88, ticks) \
	X(32, 96, owner) \
	X(64, 100, owner_ticks) \
	X(32, 108, restarts) \
	X(32, 112, failures) \
	X(32, 116, ooms) \
	X(64, 120, created) \
	X(64, 128, started) \
	X(64, 136, ended) \
	X(32, 144, missing)
/* clang-format on */
#define STATE_TEXTS(X) X(12, name) X(148, image)

_Static_assert(12 + sizeof(((struct state_record *)0)->name) == 76,
	       "fields after the name would move");
_Static_assert(148 + sizeof(((struct state_record *)0)->image) <= STATE_COPY,
	       "record is too large");

static void state_encode(uint8_t out[STATE_COPY], const struct state_record *r, uint32_t seq)
{
	memset(out, 0, STATE_COPY);
#define STATE_PUT(bits, at, m) le_put##bits(out + (at), r->m);
	STATE_NUMBERS(STATE_PUT)
	/* what is behind a text's end must not leak into the file */
#define STATE_PUT_TEXT(at, m) memcpy(out + (at), r->m, strnlen(r->m, sizeof(r->m) - 1));
	STATE_TEXTS(STATE_PUT_TEXT)
	le_put32(out + 4, seq);
	le_put32(out, hash_crc32c(0, out + 4, STATE_COPY - 4));
}

static void state_decode(struct state_record *r, const uint8_t in[STATE_COPY])
{
	memset(r, 0, sizeof(*r));
#define STATE_GET(bits, at, m) r->m = le_get##bits(in + (at));
	STATE_NUMBERS(STATE_GET)
#define STATE_GET_TEXT(at, m) memcpy(r->m, in + (at), sizeof(r->m) - 1);
	STATE_TEXTS(STATE_GET_TEXT)
}

/* ---- copies ---------------------------------------------------------------------------------- */

static off_t state_offset(uint32_t slot, int copy)
{
	uint32_t page = 1 + slot / STATE_GROUP * 2 + (uint32_t)copy;

	return (off_t)page * STATE_PAGE + slot % STATE_GROUP * STATE_COPY;
}

static uint32_t state_slots_in(uint64_t size, uint32_t capacity)
{
	uint64_t groups = size < STATE_PAGE ? 0 : (size - STATE_PAGE) / (2 * STATE_PAGE);

	return (uint32_t)min_u64(groups * STATE_GROUP, capacity);
}

/* Everything is judged on a private copy of the bytes: others may write while we look. */
static int copy_load(const struct state *s, uint32_t slot, int copy, uint8_t buf[STATE_COPY])
{
	off_t at = state_offset(slot, copy);
	ssize_t n;

	if (s->map && (uint64_t)at + STATE_COPY <= s->map_size) {
		memcpy(buf, s->map + at, STATE_COPY);
		return 0;
	}
	do
		n = pread(s->fd, buf, STATE_COPY, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	memset(buf + n, 0, STATE_COPY - (size_t)n);
	return 0;
}

static bool copy_blank(const uint8_t buf[STATE_COPY])
{
	for (size_t i = 0; i < STATE_COPY; i++)
		if (buf[i])
			return false;
	return true;
}

static bool copy_valid(const uint8_t buf[STATE_COPY])
{
	/* What was never written needs no checksum to be told apart. */
	if (le_get32(buf) == 0 && le_get32(buf + 4) == 0)
		return false;
	return le_get32(buf) == hash_crc32c(0, buf + 4, STATE_COPY - 4);
}

/* Which of two copies counts, or -ENOENT, or -EILSEQ as of now. */
static int pair_current(const uint8_t a[STATE_COPY], const uint8_t b[STATE_COPY])
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
static int slot_current(const struct state *s, uint32_t slot, uint8_t buf[STATE_COPY])
{
	uint8_t b[2][STATE_COPY];

	for (int try = 0; try < STATE_TRIES; try++) {
		int rc = copy_load(s, slot, 0, b[0]);

		rc = rc ?: copy_load(s, slot, 1, b[1]);
		if (rc)
			return rc;
		rc = pair_current(b[0], b[1]);
		if (rc >= 0)
			memcpy(buf, b[rc], STATE_COPY);
		if (rc != -EILSEQ)
			return rc;
	}
	return -EILSEQ;
}

int state_get(const struct state *s, uint32_t i, struct state_record *r)
{
	uint8_t buf[STATE_COPY];
	int copy;

	if (i >= s->slots)
		return -ENOENT;
	copy = slot_current(s, i, buf);
	if (copy < 0)
		return copy;
	state_decode(r, buf);
	return r->kind == STATE_FREE ? -ENOENT : 0;
}

int state_get_copy(const struct state *s, uint32_t i, int copy, struct state_record *r,
		   uint32_t *seq)
{
	uint8_t buf[STATE_COPY];
	int rc = i < s->slots ? copy_load(s, i, copy, buf) : -ENOENT;

	if (rc)
		return rc;
	if (!copy_valid(buf))
		return copy_blank(buf) ? 0 : -EILSEQ;
	if (r)
		state_decode(r, buf);
	if (seq)
		*seq = le_get32(buf + 4);
	return 1;
}

static int slot_write(struct state *s, uint32_t slot, const struct state_record *r)
{
	uint8_t buf[STATE_COPY];
	uint32_t seq = 0;
	ssize_t n;
	int copy;

	if (!s->writable)
		return -EBADF;
	if (slot >= s->slots)
		return -EINVAL;
	copy = slot_current(s, slot, buf);
	if (copy >= 0)
		seq = le_get32(buf + 4);
	else if (copy != -ENOENT && copy != -EILSEQ)
		return copy;
	state_encode(buf, r, seq + 1);
	do
		n = pwrite(s->fd, buf, STATE_COPY, state_offset(slot, copy < 0 ? 0 : !copy));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == STATE_COPY ? 0 : -ENOSPC;
}

int state_put(struct state *s, uint32_t slot, const struct state_record *r)
{
	return slot_write(s, slot, r);
}

/* ---- slots ----------------------------------------------------------------------------------- */

uint32_t state_slots(struct state *s)
{
	struct stat st;

	if (!fstat(s->fd, &st))
		s->slots = state_slots_in((uint64_t)st.st_size, s->capacity);
	return s->slots;
}

/* Without a mapping (a writer has none), a search reads a group of slots at a time. */
struct slot_group {
	uint8_t copies[2][STATE_PAGE];
	bool whole;
};

static void group_read(const struct state *s, uint32_t first, struct slot_group *g)
{
	ssize_t n = s->map ? 0 : pread(s->fd, g->copies, sizeof(g->copies), state_offset(first, 0));

	g->whole = n == (ssize_t)sizeof(g->copies);
}

/* As state_get(); what is not in the group, or was being written, is read by itself. */
static int group_get(const struct state *s, const struct slot_group *g, uint32_t i,
		     struct state_record *r)
{
	size_t at = (size_t)(i % STATE_GROUP) * STATE_COPY;
	int copy = g->whole ? pair_current(g->copies[0] + at, g->copies[1] + at) : -EILSEQ;

	if (copy == -EILSEQ)
		return state_get(s, i, r);
	if (copy < 0)
		return copy;
	state_decode(r, g->copies[copy] + at);
	return r->kind == STATE_FREE ? -ENOENT : 0;
}

/* As state_find(); *vacant gets a slot that may be taken: free before damaged, s->slots when none. */
static int slot_search(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		       uint32_t *vacant)
{
	uint32_t damaged = state_slots(s);
	struct state_record here;
	struct slot_group group;

	*vacant = s->slots;
	for (uint32_t i = 0; i < s->slots; i++) {
		int rc;

		if (i % STATE_GROUP == 0)
			group_read(s, i, &group);
		rc = group_get(s, &group, i, &here);
		if (rc == -ENOENT && *vacant == s->slots)
			*vacant = i;
		if (rc == -EILSEQ && damaged == s->slots)
			damaged = i;
		if (rc || here.kind != kind || strcmp(here.name, name) != 0)
			continue;
		if (r)
			*r = here;
		return (int)i;
	}
	if (*vacant == s->slots)
		*vacant = damaged;
	return -ENOENT;
}

int state_find(struct state *s, uint16_t kind, const char *name, struct state_record *r)
{
	uint32_t vacant;

	return slot_search(s, kind, name, r, &vacant);
}

static int state_set_lock(int fd, short type)
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

int state_lock(struct state *s)
{
	int rc;

	if (s->locked)
		return -EDEADLK;
	rc = state_set_lock(s->fd, F_WRLCK);
	s->locked = !rc;
	return rc;
}

void state_unlock(struct state *s)
{
	if (s->locked)
		state_set_lock(s->fd, F_UNLCK);
	s->locked = false;
}

/* Takes the lock unless the caller of our caller holds it: *mine says whether to give it back. */
static int lock_once(struct state *s, bool *mine)
{
	*mine = !s->locked;
	return s->locked ? 0 : state_lock(s);
}

/*
 * Makes room for one more group; the new slots are zeros, so free. Under the lock. Blocks for both
 * copies are taken now, so that a file system that is full refuses the new record, and never the
 * change of an old one.
 */
static int state_grow(struct state *s)
{
	const off_t group = 2 * STATE_PAGE;
	off_t end = STATE_PAGE + (off_t)(s->slots / STATE_GROUP) * group;

	if (s->slots >= s->capacity)
		return -ENOSPC;
	if (fallocate(s->fd, 0, end, group) < 0 &&
	    ((errno != EOPNOTSUPP && errno != ENOSYS) || ftruncate(s->fd, end + group) < 0))
		return -errno;
	state_slots(s);
	return 0;
}

static int claim_locked(struct state *s, uint16_t kind, const char *name, struct state_record *r)
{
	uint32_t vacant;
	int slot = slot_search(s, kind, name, r, &vacant), rc;

	if (slot >= 0)
		return slot;
	if (vacant == s->slots) {
		rc = state_grow(s);
		if (rc)
			return rc;
	}
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	memcpy(r->name, name, strlen(name)); /* state_claim() has seen to its length */
	rc = slot_write(s, vacant, r);
	return rc ? rc : (int)vacant;
}

int state_claim(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		struct err *e)
{
	bool mine;
	int slot;

	if (!*name || strlen(name) >= STATE_NAME || kind == STATE_FREE)
		return err_set(e, EINVAL, "state: a name of 1 to %d bytes is needed",
			       STATE_NAME - 1);
	slot = lock_once(s, &mine);
	if (!slot)
		slot = claim_locked(s, kind, name, r);
	if (mine)
		state_unlock(s);
	if (slot == -ENOSPC && s->slots >= s->capacity)
		return err_set(
			e, ENOSPC,
			"state: %s: all %u records are in use; remove containers with `myctr rm`, "
			"or build with a larger STATE_RECORDS",
			s->path, s->capacity);
	if (slot < 0)
		return err_sys(e, -slot, "state: %s: cannot make a record for %s", s->path, name);
	return slot;
}

int state_drop(struct state *s, uint32_t slot, const char *name)
{
	struct state_record r;
	bool mine;
	int rc = lock_once(s, &mine);

	rc = rc ?: state_get(s, slot, &r);
	if (!rc && strcmp(r.name, name) != 0)
		rc = -ENOENT;
	if (!rc) {
		memset(&r, 0, sizeof(r));
		rc = slot_write(s, slot, &r);
	}
	if (mine)
		state_unlock(s);
	return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_new_header(int fd, uint32_t capacity, bool durable)
{
	uint8_t head[STATE_HEAD] = { 0 };
	ssize_t n;

	memcpy(head, state_magic, 8);
	le_put32(head + 8, STATE_VERSION);
	le_put32(head + 12, STATE_COPY);
	le_put32(head + 16, capacity);
	le_put32(head + 20, hash_crc32c(0, head, 20));
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, STATE_PAGE) < 0)
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
static int state_create(const char *path, uint32_t capacity, bool durable)
{
	char temp[144];

	snprintf(temp, sizeof(temp), "%s.new", path);
	for (;;) {
		AUTO_FD int fd = open(temp, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		int rc;

		if (fd < 0)
			return -errno;
		rc = state_set_lock(fd, F_WRLCK);
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
		rc = write_new_header(fd, capacity, durable);
		if (!rc && rename(temp, path) < 0)
			rc = -errno;
		return rc ?: durable ? sync_parent(path) : 0;
	}
}

static int check_header(struct state *s, uint32_t capacity, struct err *e)
{
	uint8_t head[STATE_HEAD];
	ssize_t n = pread(s->fd, head, sizeof(head), 0);

	if (n < 0)
		return err_sys(e, errno, "state: %s: cannot read", s->path);
	if (n < (ssize_t)sizeof(head) || memcmp(head, state_magic, 8) != 0)
		return err_set(e, EILSEQ, "state: %s: not a state file of myctr; move it away",
			       s->path);
	if (le_get32(head + 8) != STATE_VERSION)
		return err_set(
			e, EPROTO,
			"state: %s: has format version %u, this myctr knows %d; use the myctr "
			"that wrote it, or move the file away",
			s->path, le_get32(head + 8), STATE_VERSION);
	s->capacity = le_get32(head + 16);
	if (le_get32(head + 20) != hash_crc32c(0, head, 20) || le_get32(head + 12) != STATE_COPY ||
	    s->capacity > STATE_CAPACITY_MAX)
		return err_set(e, EILSEQ, "state: %s: the header is damaged; move the file away",
			       s->path);
	if (s->writable && capacity > s->capacity)
		s->capacity = capacity;
	return 0;
}

static void state_map(struct state *s)
{
	uint64_t size = STATE_PAGE +
			(uint64_t)((s->slots + STATE_GROUP - 1) / STATE_GROUP) * 2 * STATE_PAGE;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, s->fd, 0);

	if (map == MAP_FAILED)
		return; /* pread does it as well */
	s->map = map;
	s->map_size = size;
}

static int open_file(const char *path, uint32_t capacity, bool writable, bool durable)
{
	int flags = O_CLOEXEC | O_NOCTTY | (writable ? O_RDWR : O_RDONLY) | (durable ? O_DSYNC : 0);
	int fd = openat(AT_FDCWD, path, flags), rc;

	if (fd >= 0 || errno != ENOENT || !writable)
		return fd < 0 ? -errno : fd;
	rc = state_create(path, capacity, durable);
	if (rc)
		return rc;
	fd = openat(AT_FDCWD, path, flags);
	return fd < 0 ? -errno : fd;
}

int state_open(struct state *s, const char *path, uint32_t capacity, bool writable, bool durable,
	       struct err *e)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	s->writable = writable;
	if (snprintf(s->path, sizeof(s->path), "%s", path) >= (int)sizeof(s->path))
		return err_set(e, ENAMETOOLONG, "state: %s: the path is too long", s->path);
	if (capacity > STATE_CAPACITY_MAX)
		capacity = STATE_CAPACITY_MAX;
	s->fd = open_file(path, capacity, writable, durable);
	if (s->fd < 0)
		return err_sys(e, -s->fd, "state: %s: cannot open", path);
	rc = check_header(s, capacity, e);
	if (rc) {
		state_close(s);
		return rc;
	}
	state_slots(s);
	if (!writable)
		state_map(s);
	return 0;
}

void state_close(struct state *s)
{
	if (s->map)
		munmap((void *)(uintptr_t)s->map, s->map_size);
	fd_close(&s->fd);
	s->map = NULL;
	s->slots = 0;
	s->locked = false;
}

const char *state_phase_name(unsigned int phase)
{
	static const char *const names[] = {
		[STATE_CREATED] = "created", [STATE_STARTING] = "starting",
		[STATE_RUNNING] = "running", [STATE_STOPPING] = "stopping",
		[STATE_WAITING] = "waiting", [STATE_EXITED] = "exited",
		[STATE_FAILED] = "failed",
	};

	return phase < ARRAY_SIZE(names) ? names[phase] : "unknown";
}
