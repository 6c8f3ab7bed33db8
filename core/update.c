/* SPDX-License-Identifier: MIT */
/*
 * The records of updates and what they mean; see update.h. Used by the supervisor, by launchers (which image
 * runs) and by the CLI. Must never let a record that was prepared count before the change it belongs to is
 * written.
 */
#include "core/update.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/lib/fd.h"
#include "core/lib/hash.h"
#include "core/lib/le.h"
#include "core/lib/path.h"
#include "core/lib/str.h"
#include "core/paths.h"

enum { SLOT_AT = 80, SLOT_LEN = 72 };

const char *update_result_text(unsigned int result)
{
	static const char *const words[] = {
		[UPDATE_NEVER] = "-",
		[UPDATE_KEPT] = "kept",
		[UPDATE_ENDED] = "rolled back: it ended",
		[UPDATE_NO_START] = "rolled back: it did not start",
		[UPDATE_UNHEALTHY] = "rolled back: it was not healthy",
		[UPDATE_NOT_IN_TIME] = "rolled back: it was not up at the end of its trial",
		[UPDATE_BOOTS] = "rolled back: the device booted too often",
		[UPDATE_ASKED] = "rolled back: as asked",
	};

	return result < ARRAY_SIZE(words) ? words[result] : "?";
}

const char *update_letter(unsigned int slot)
{
	return slot ? "b" : "a";
}

uint32_t update_base(const struct spec *s)
{
	const char *verity = s->verity ? s->verity : "";
	uint32_t crc = hash_crc32c(0, s->image, strlen(s->image) + 1);

	return hash_crc32c(crc, verity, strlen(verity));
}

/* ---- bytes ------------------------------------------------------------------------------------ */

static unsigned int update_digit(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* None is zeros. */
static void update_unhex(uint8_t out[32], const char *id)
{
	memset(out, 0, 32);
	for (int i = 0; id[0] && i < 32; i++)
		out[i] = (uint8_t)(update_digit(id[2 * i]) << 4 | update_digit(id[2 * i + 1]));
}

static void update_hex(char out[UPDATE_ID], const uint8_t in[32])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t any = 0;

	for (int i = 0; i < 32; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
		any |= in[i];
	}
	out[any ? 64 : 0] = '\0';
}

static void update_decode(struct update_slots *u, const uint8_t buf[RECORD_COPY])
{
	memset(u, 0, sizeof(*u));
	memcpy(u->name, buf + RECORD_KEY, sizeof(u->name) - 1);
	u->active = buf[76] & 1;
	u->result = buf[79];
	for (int i = 0; i < 2; i++) {
		const uint8_t *at = buf + SLOT_AT + i * SLOT_LEN;

		u->slot[i].state = buf[77 + i];
		update_hex(u->slot[i].id, at);
		update_hex(u->slot[i].verity, at + 32);
		u->slot[i].version = le_get64(at + 64);
	}
	u->floor = le_get64(buf + 224);
	u->txn = le_get32(buf + 232);
	u->base = le_get32(buf + 236);
	u->when = le_get64(buf + 240);
	u->last = le_get32(buf + 248);
}

static void update_encode(uint8_t buf[RECORD_COPY], const struct update_slots *u)
{
	memset(buf, 0, RECORD_COPY);
	le_put16(buf + RECORD_KIND, UPDATE_SLOTS);
	memcpy(buf + RECORD_KEY, u->name, strnlen(u->name, STATE_NAME - 1));
	buf[76] = u->active;
	buf[79] = u->result;
	for (int i = 0; i < 2; i++) {
		uint8_t *at = buf + SLOT_AT + i * SLOT_LEN;

		buf[77 + i] = u->slot[i].state;
		update_unhex(at, u->slot[i].id);
		update_unhex(at + 32, u->slot[i].verity);
		le_put64(at + 64, u->slot[i].version);
	}
	le_put64(buf + 224, u->floor);
	le_put32(buf + 232, u->txn);
	le_put32(buf + 236, u->base);
	le_put64(buf + 240, u->when);
	le_put32(buf + 248, u->last);
}

void update_item_encode(uint8_t out[UPDATE_ITEM], const struct update_item *item)
{
	memset(out, 0, UPDATE_ITEM);
	memcpy(out, item->name, strnlen(item->name, STATE_NAME - 1));
	update_unhex(out + 64, item->id);
	update_unhex(out + 96, item->verity);
	le_put64(out + 128, item->version);
}

int update_item_decode(const uint8_t in[UPDATE_ITEM], struct update_item *item)
{
	if (in[STATE_NAME - 1])
		return -EINVAL;
	memcpy(item->name, in, STATE_NAME);
	update_hex(item->id, in + 64);
	update_hex(item->verity, in + 96);
	item->version = le_get64(in + 128);
	return path_is_name(item->name) && item->id[0] ? 0 : -EINVAL;
}

/* ---- records ---------------------------------------------------------------------------------- */

int update_find(struct state *disk, const char *name, struct update_slots *u)
{
	uint8_t buf[RECORD_COPY];
	int slot = record_find(&disk->file, UPDATE_SLOTS, name, buf);

	if (slot >= 0)
		update_decode(u, buf);
	return slot < 0 ? slot : 0;
}

int update_get(struct state *disk, const struct spec *s, struct update_slots *u)
{
	int r = update_find(disk, s->name, u);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && u->base == update_base(s))
		return 0;
	/* What was written for another image of the manifest does not count; the counter does. */
	*u = (struct update_slots){ .slot[0].state = UPDATE_BASE,
				    .base = update_base(s),
				    .floor = r == 0 ? u->floor : 0,
				    .txn = 0 };
	str_copy(u->name, sizeof(u->name), s->name);
	return 1;
}

int update_get_at(struct state *disk, uint32_t i, struct update_slots *u)
{
	uint8_t buf[RECORD_COPY];

	if (record_get(&disk->file, i, buf) < 0 || le_get16(buf + RECORD_KIND) != UPDATE_SLOTS)
		return -ENOENT;
	update_decode(u, buf);
	return 0;
}

static int update_write(struct state *disk, uint16_t kind, const char *key,
			const uint8_t in[RECORD_COPY], struct err *e)
{
	uint8_t buf[RECORD_COPY];
	int r, slot = record_reserve(&disk->file, kind, key, buf, e);

	if (slot < 0)
		return slot;
	memcpy(buf, in, RECORD_COPY);
	r = record_put(&disk->file, (uint32_t)slot, buf);
	return r < 0 ? err_sys(e, r, "%s: cannot write to %s", key, disk->file.path) : 0;
}

/* Looked for, made and written under one lock: there is no moment with an empty one. */
static int update_write_locked(struct state *disk, uint16_t kind, const char *key,
			       const uint8_t in[RECORD_COPY], struct err *e)
{
	int r = record_lock(&disk->file);

	if (r < 0)
		return err_sys(e, r, "%s: cannot lock", disk->file.path);
	r = update_write(disk, kind, key, in, e);
	record_unlock(&disk->file);
	return r;
}

int update_put(struct state *disk, const struct update_slots *u, struct err *e)
{
	uint8_t buf[RECORD_COPY];

	update_encode(buf, u);
	return update_write_locked(disk, UPDATE_SLOTS, u->name, buf, e);
}

static void txn_key(char key[STATE_NAME], uint32_t number)
{
	str_format(key, STATE_NAME, "%08x", number);
}

static int txn_decode(struct update_txn *t, const uint8_t buf[RECORD_COPY])
{
	uint32_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 4 | (update_digit((char)buf[RECORD_KEY + i]) & 15);
	*t = (struct update_txn){ .number = n,
				  .state = buf[76],
				  .boots = buf[77],
				  .result = buf[78],
				  .trial = le_get64(buf + 80),
				  .boot = le_get64(buf + 88) };
	return 0;
}

int update_txn_get(struct state *disk, uint32_t number, struct update_txn *t)
{
	uint8_t buf[RECORD_COPY];
	char key[STATE_NAME];
	int slot;

	txn_key(key, number);
	slot = record_find(&disk->file, UPDATE_TXN, key, buf);
	return slot < 0 ? slot : txn_decode(t, buf);
}

int update_txn_get_at(struct state *disk, uint32_t i, struct update_txn *t)
{
	uint8_t buf[RECORD_COPY];

	if (record_get(&disk->file, i, buf) < 0 || le_get16(buf + RECORD_KIND) != UPDATE_TXN)
		return -ENOENT;
	return txn_decode(t, buf);
}

int update_txn_put(struct state *disk, const struct update_txn *t, struct err *e)
{
	uint8_t buf[RECORD_COPY] = { 0 };
	char key[STATE_NAME];

	txn_key(key, t->number);
	le_put16(buf + RECORD_KIND, UPDATE_TXN);
	memcpy(buf + RECORD_KEY, key, 8);
	buf[76] = t->state;
	buf[77] = t->boots;
	buf[78] = t->result;
	le_put64(buf + 80, t->trial);
	le_put64(buf + 88, t->boot);
	return update_write_locked(disk, UPDATE_TXN, key, buf, e);
}

void update_txn_drop(struct state *disk, uint32_t number)
{
	uint8_t buf[RECORD_COPY];
	char key[STATE_NAME];
	int slot;

	txn_key(key, number);
	slot = record_find(&disk->file, UPDATE_TXN, key, buf);
	if (slot >= 0)
		record_drop(&disk->file, (uint32_t)slot, key);
}

/* ---- meaning ---------------------------------------------------------------------------------- */

unsigned int update_now(const struct update_slots *u, const struct update_txn *t)
{
	return u->txn && t && t->state != UPDATE_UNDONE ? !u->active : u->active;
}

unsigned int update_current(struct state *disk, const struct update_slots *u)
{
	struct update_txn t;
	bool there = u->txn && update_txn_get(disk, u->txn, &t) == 0;

	return update_now(u, there ? &t : NULL);
}

void update_fold(struct update_slots *u, const struct update_txn *t, uint64_t now)
{
	struct update_slot *other = &u->slot[!u->active];

	if (t->state == UPDATE_DONE) {
		u->active = !u->active;
		u->result = t->result ? t->result : UPDATE_KEPT;
		u->floor = max_u64(u->floor, other->version);
		u->last = t->number;
	} else {
		other->state = UPDATE_BAD;
		u->result = t->result;
	}
	u->txn = 0;
	u->when = now;
}

int update_open(struct state *disk, struct err *e)
{
	char path[PATHS_MAX];
	int r = paths_join(path, paths.data, "state", NULL);

	if (r < 0)
		return err_sys(e, r, "%s", paths.data);
	return state_open(disk, path, 0, false, true, e);
}

bool update_uses(const char *id, char who[STATE_NAME])
{
	struct update_slots u;
	struct state disk;
	bool found = false;

	if (update_open(&disk, NULL) < 0)
		return false;
	for (uint32_t i = 0, n = state_slots(&disk); i < n && !found; i++) {
		if (update_get_at(&disk, i, &u) < 0)
			continue;
		for (int k = 0; k < 2; k++)
			found |= u.slot[k].state == UPDATE_GOOD && strcmp(u.slot[k].id, id) == 0;
		if (found && who)
			str_copy(who, STATE_NAME, u.name);
	}
	state_close(&disk);
	return found;
}

static int update_make(const struct spec *s, const struct update_slot *slot, struct spec **out,
		       struct err *e)
{
	struct spec *made = *out = spec_new();
	char image[UPDATE_ID + 8];
	int r;

	if (!made)
		return err_set(e, ENOMEM, "out of memory");
	made->name = s->name;
	made->origin = s->origin;
	str_format(image, sizeof(image), "sha256:%s", slot->id);
	r = spec_inherit(made, s, e);
	if (r == 0)
		r = spec_set(made, spec_field("image"), image, e);
	/* Of the image that the manifest names. */
	spec_unmark(made, "verity");
	spec_unmark(made, "image-id");
	made->verity = made->image_id = NULL;
	if (r == 0)
		r = spec_set(made, spec_field("image-id"), slot->id, e);
	if (r == 0 && slot->verity[0])
		r = spec_set(made, spec_field("verity"), slot->verity, e);
	if (r == 0)
		r = spec_finish(made, e);
	return r;
}

int update_apply(const struct spec *s, struct spec **out, struct err *e)
{
	struct update_slots u;
	struct state disk;
	unsigned int now;
	int r = update_open(&disk, e);

	*out = NULL;
	if (r < 0) {
		/* Nothing was ever updated, or the disk is not there and nobody can say what was. */
		if (e && r == -ENOENT)
			e->code = 0;
		return r == -ENOENT ? 0 : r;
	}
	r = update_get(&disk, s, &u);
	now = r < 0 ? 0 : update_current(&disk, &u);
	state_close(&disk);
	if (r < 0)
		return err_sys(e, r, "%s: cannot read its slots", s->name);
	if (u.slot[now].state != UPDATE_GOOD)
		return 0;
	r = update_make(s, &u.slot[now], out, e);
	if (r < 0) {
		spec_free(*out);
		*out = NULL;
	}
	return r < 0 ? err_wrap(e, "update") : 0;
}
