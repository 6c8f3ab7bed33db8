// SPDX-License-Identifier: MIT
/*
 * The state file: its records in the machinery of record.c. Used by the supervisor for every change of a
 * container and by the CLI to look. Must never let bytes behind a text's end into the file.
 */
#include "core/state.h"

#include <string.h>

#include "core/lib/config.h"
#include "core/lib/le.h"

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
	X(32, 144, missing) \
	X(64, 188, log_bytes) \
	X(32, 196, log_day)
/* clang-format on */
#if IS_ENABLED(CONFIG_WHEN) || IS_ENABLED(CONFIG_RESETS)
#define STATE_TEXTS(X) X(12, name) X(148, image) X(224, reason)
#else
#define STATE_TEXTS(X) X(12, name) X(148, image)
#endif

_Static_assert(12 + sizeof(((struct state_record *)0)->name) == 76,
	       "fields after the name would move");
_Static_assert(148 + sizeof(((struct state_record *)0)->image) <= 224 &&
		       224 + sizeof(((struct state_record *)0)->reason) <= STATE_COPY,
	       "record is too large");

static void state_encode(uint8_t out[STATE_COPY], const struct state_record *r)
{
	memset(out, 0, STATE_COPY);
#define STATE_PUT(bits, at, m) le_put##bits(out + (at), r->m);
	STATE_NUMBERS(STATE_PUT)
	/* what is behind a text's end must not leak into the file */
#define STATE_PUT_TEXT(at, m) memcpy(out + (at), r->m, strnlen(r->m, sizeof(r->m) - 1));
	STATE_TEXTS(STATE_PUT_TEXT)
}

static void state_decode(struct state_record *r, const uint8_t in[STATE_COPY])
{
	memset(r, 0, sizeof(*r));
#define STATE_GET(bits, at, m) r->m = le_get##bits(in + (at));
	STATE_NUMBERS(STATE_GET)
#define STATE_GET_TEXT(at, m) memcpy(r->m, in + (at), sizeof(r->m) - 1);
	STATE_TEXTS(STATE_GET_TEXT)
}

/* ---- records --------------------------------------------------------------------------------- */

static const struct record_format state_format = {
	.magic = "myctrst",
	.version = STATE_VERSION,
	.key = STATE_NAME,
	.what = "state",
	.full = "remove containers with `myctr rm`, or build with a larger STATE_RECORDS",
};

int state_open(struct state *s, const char *path, uint32_t capacity, bool writable, bool durable,
	       struct err *e)
{
	return record_open(&s->file, &state_format, path, capacity, writable, durable, e);
}

void state_close(struct state *s)
{
	record_close(&s->file);
}

uint32_t state_slots(struct state *s)
{
	return record_slots(&s->file);
}

int state_get(const struct state *s, uint32_t i, struct state_record *r)
{
	uint8_t buf[STATE_COPY];
	int rc = record_get(&s->file, i, buf);

	if (!rc)
		state_decode(r, buf);
	return rc;
}

int state_get_copy(const struct state *s, uint32_t i, int copy, struct state_record *r,
		   uint32_t *seq)
{
	uint8_t buf[STATE_COPY];
	int rc = record_get_copy(&s->file, i, copy, buf);

	if (rc > 0 && r)
		state_decode(r, buf);
	if (rc > 0 && seq)
		*seq = le_get32(buf + 4);
	return rc;
}

int state_find(struct state *s, uint16_t kind, const char *name, struct state_record *r)
{
	uint8_t buf[STATE_COPY];
	int slot = record_find(&s->file, kind, name, buf);

	if (slot >= 0 && r)
		state_decode(r, buf);
	return slot;
}

int state_claim(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		struct err *e)
{
	uint8_t buf[STATE_COPY];
	int slot = record_claim(&s->file, kind, name, buf, e);

	if (slot >= 0)
		state_decode(r, buf);
	return slot;
}

int state_reserve(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		  struct err *e)
{
	uint8_t buf[STATE_COPY];
	int slot = record_reserve(&s->file, kind, name, buf, e);

	if (slot >= 0)
		state_decode(r, buf);
	return slot;
}

void state_own(struct state *s)
{
	record_own(&s->file);
}

int state_lock(struct state *s)
{
	return record_lock(&s->file);
}

void state_unlock(struct state *s)
{
	record_unlock(&s->file);
}

int state_put(struct state *s, uint32_t slot, const struct state_record *r)
{
	uint8_t buf[STATE_COPY];

	state_encode(buf, r);
	return record_put(&s->file, slot, buf);
}

int state_drop(struct state *s, uint32_t slot, const char *name)
{
	return record_drop(&s->file, slot, name);
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
