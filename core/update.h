/* SPDX-License-Identifier: MIT */
/*
 * Updates: two image slots for every container, a trial of the new one, and the way back.
 *
 * Slot 0 ("a") is at first what the manifest says (UPDATE_BASE); slots that were written hold an image of the
 * store by its id. All of it is in the state file that outlives power, in records of two kinds:
 *
 *	UPDATE_SLOTS  one per container that was ever updated, key: its name
 *	   76 1 active   77 1 state of a   78 1 of b   79 1 how the last update ended (enum update_result)
 *	   80 32 id of a, 112 32 its verity root hash, 144 8 its version   152 72 the same of b
 *	  224 8 least version   232 4 txn: 0, or the change it takes part in   236 4 CRC32C of what the manifest
 *	      says of the image   240 8 CLOCK_REALTIME ms of the last switch   248 4 txn of the last change
 *	UPDATE_TXN    one per change under way, key: its number in hex
 *	   76 1 enum update_txn_state   77 1 boots in its trial   78 1 enum update_result if it failed
 *	   80 8 ms of the trial   88 8 which boot it was last seen in
 *
 * A change of any number of containers is one write: their records are prepared first, with the other slot
 * filled and txn set, which means nothing until there is an UPDATE_TXN record of this number. While that says
 * TRIAL or DONE the other slot of all of them counts, while it says UNDONE or is not there the active one.
 * When it is decided the records are folded (active moves, txn 0), then it is dropped. So a power cut between
 * any two writes leaves all of them old or all of them new.
 *
 * Only the supervisor writes these records. Anybody may read them.
 */
#ifndef CORE_UPDATE_H
#define CORE_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/err.h"
#include "core/spec.h"
#include "core/state.h"

enum { UPDATE_SLOTS = 16, UPDATE_TXN = 17 };

enum update_slot_state {
	UPDATE_EMPTY,
	UPDATE_BASE, /* what the manifest says */
	UPDATE_GOOD,
	UPDATE_BAD /* was tried, and did not do */
};

enum update_txn_state { UPDATE_UNDONE, UPDATE_TRIAL, UPDATE_DONE };

/* How the last change of a container ended. */
enum update_result {
	UPDATE_NEVER,
	UPDATE_KEPT,
	UPDATE_ENDED, /* from here on: rolled back, why */
	UPDATE_NO_START,
	UPDATE_UNHEALTHY,
	UPDATE_NOT_IN_TIME,
	UPDATE_BOOTS,
	UPDATE_ASKED,
	UPDATE_N_RESULTS
};

#define UPDATE_ID 65 /* 64 hex digits and a NUL; "" for none */

struct update_slot {
	uint8_t state; /* enum update_slot_state */
	char id[UPDATE_ID], verity[UPDATE_ID];
	uint64_t version;
};

struct update_slots {
	char name[STATE_NAME];
	uint8_t active, result;
	struct update_slot slot[2];
	uint64_t floor; /* least version an update may have */
	uint32_t txn, base, last;
	uint64_t when;
};

struct update_txn {
	uint32_t number; /* never 0 */
	uint8_t state, boots, result;
	uint64_t trial, boot;
};

/* One container of a request for a change; in bytes UPDATE_ITEM long. */
struct update_item {
	char name[STATE_NAME];
	char id[UPDATE_ID], verity[UPDATE_ID];
	uint64_t version;
};

#define UPDATE_ITEM 136
#define UPDATE_ITEMS 64 /* in one change */

/* The words of the enums, for people: "kept", "rolled back: it ended". */
const char *update_result_text(unsigned int result);

/* How a slot is called: "a" or "b". */
const char *update_letter(unsigned int slot);

/* CRC32C of what the manifest says of the image: with another one the slots do not count. */
uint32_t update_base(const struct spec *s);

/* The records of a container; those of one that was never updated are made up. 0, 1 when made up, or -errno. */
int update_get(struct state *disk, const struct spec *s, struct update_slots *u);
/* Slot i of the file, if it is one; -ENOENT. For whoever lists. */
int update_get_at(struct state *disk, uint32_t i, struct update_slots *u);
int update_put(struct state *disk, const struct update_slots *u, struct err *e);

/* As update_get(), with no container known. -ENOENT. */
int update_find(struct state *disk, const char *name, struct update_slots *u);

int update_txn_get(struct state *disk, uint32_t number, struct update_txn *t);
int update_txn_get_at(struct state *disk, uint32_t i, struct update_txn *t);
int update_txn_put(struct state *disk, const struct update_txn *t, struct err *e);
void update_txn_drop(struct state *disk, uint32_t number);

/* Which slot counts now. t is the record of u->txn, or NULL when there is none. */
unsigned int update_now(const struct update_slots *u, const struct update_txn *t);

/* The same with the record looked up. */
unsigned int update_current(struct state *disk, const struct update_slots *u);

/* u after t was decided: no txn any more. */
void update_fold(struct update_slots *u, const struct update_txn *t, uint64_t now);

/* Writes and reads one item of a request. Reading takes any bytes: -EINVAL. */
void update_item_encode(uint8_t out[UPDATE_ITEM], const struct update_item *item);
int update_item_decode(const uint8_t in[UPDATE_ITEM], struct update_item *item);

/* Opens the state file that outlives power, for reading. -ENOENT. */
int update_open(struct state *disk, struct err *e);

/* Does a slot of some container, other than one that did not do, hold this image? who may be NULL. */
bool update_uses(const char *id, char who[STATE_NAME]);

/*
 * s with the image of its slot, or *out NULL when it is the one that s names. *out is finished and the caller's.
 * Runs in a launcher.
 */
int update_apply(const struct spec *s, struct spec **out, struct err *e);

#endif
