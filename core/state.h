/* SPDX-License-Identifier: MIT */
/*
 * The state file: one record per thing that lives longer than a process of ours.
 *
 * The same format twice: /run/myctr/state (runtime, a tmpfs) and /var/lib/myctr/state (what must
 * outlive power). Any process may map it and read without lock or supervisor.
 *
 * The layout is that of core/record.h, magic "myctrst\0", keys of STATE_NAME bytes; of a copy:
 *
 *	    8  2  kind (enum state_kind, 0: the slot is free)
 *	   12 64  name, NUL-padded
 *	   76  …  fields in the order of struct state_record, fixed offsets in state.c; rest zero
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/config.h"
#include "core/record.h"

#define STATE_VERSION 1
#define STATE_PAGE RECORD_PAGE
#define STATE_COPY RECORD_COPY
#define STATE_GROUP RECORD_GROUP
#define STATE_CAPACITY_MAX RECORD_CAPACITY_MAX
#define STATE_NAME 64 /* with the NUL */

enum state_kind { STATE_FREE, STATE_CONTAINER, STATE_SYSTEM };

enum state_phase {
	STATE_CREATED,	/* known, never started in this run */
	STATE_STARTING, /* a launcher is at work */
	STATE_RUNNING,
	STATE_STOPPING, /* stop signal sent */
	STATE_WAITING,	/* exited, will be restarted after its back-off */
	STATE_EXITED,	/* exited, will not be restarted */
	STATE_FAILED,	/* could not be started, or gave up */
};

/* How the last run ended. */
enum state_cause {
	STATE_CAUSE_NONE,
	STATE_CAUSE_EXIT,
	STATE_CAUSE_SIGNAL,
	STATE_CAUSE_OOM,
	STATE_CAUSE_START_ERROR,
	STATE_CAUSE_UNKNOWN
};

/* How a running container is, by its health key. */
enum state_health {
	STATE_HEALTH_NONE, /* nobody looks */
	STATE_HEALTH_STARTING,
	STATE_HEALTHY,
	STATE_UNHEALTHY,
};

#define STATE_FLAG_TASK 1
#define STATE_FLAG_FOREGROUND 2 /* owned by a `myctr run` in a terminal, not by a supervisor */
#define STATE_FLAG_RM 4		/* forget it when it has ended */
#define STATE_FLAG_MANIFEST 8	/* from the manifest, so `rm` refuses */
#define STATE_FLAG_STOPPED 16	/* a person stopped it: unless-stopped stays down */
#define STATE_FLAG_CRITICAL 32
#define STATE_FLAG_TTY 64
#define STATE_FLAG_REFUSED 512 /* did not stop in time as the device went down the last time */
#define STATE_FLAG_WANTED 128  /* down, but its owner will start it: it waits for others */
#define STATE_FLAG_DAMAGED \
	65536 /* a block of its image was not what its verity says, since it was started */
#define STATE_FLAG_LOG_RAM 4096 /* its log-budget is used up: output stays in memory */

struct state_record {
	uint16_t kind; /* enum state_kind */
	char name[STATE_NAME];
	uint8_t phase; /* enum state_phase */
	uint8_t cause; /* enum state_cause */
	uint8_t exit;  /* exit code, or signal number */
	union {
		uint8_t reset;	/* STATE_SYSTEM: reason of the last reset */
		uint8_t health; /* STATE_CONTAINER: enum state_health */
	};
	uint32_t flags; /* STATE_FLAG_* */
	uint32_t pid;	/* of the container's first process, 0 when none */
	uint64_t ticks; /* its start time, see sys_start_time() */
	uint32_t owner; /* process that writes this record */
	uint64_t owner_ticks;
	uint32_t restarts, failures; /* since it was created; consecutive failures */
	uint32_t ooms;
	uint64_t created, started, ended; /* CLOCK_REALTIME ms, 0 never */
	uint32_t missing;		  /* enum cgroup_missing bits: limits not applied */
	uint64_t log_bytes;		  /* its log may have written this many ... */
	uint32_t log_day;		  /* ... on this day since 1970 */
	char image[40];			  /* end of the image path, for ps */
	char reason[32];		  /* what one that waits waits for; "" */
};

struct state {
	struct records file;
};

/*
 * Opens the file; with writable it is made with the given capacity when missing, and the larger of that
 * and the file's own capacity holds. durable: each write is on the device before it returns (O_DSYNC).
 * -ENOENT when it is not there and not writable, -EPROTO for an unknown version, -EILSEQ for a
 * damaged header.
 */
int state_open(struct state *s, const char *path, uint32_t capacity, bool writable, bool durable,
	       struct err *e);
void state_close(struct state *s);

/* Looks how many slots the file has now; iterate i from 0 below this. */
uint32_t state_slots(struct state *s);

/* Reads slot i; 0 and *r, or -ENOENT when it is free, -EILSEQ when both copies are damaged. */
int state_get(const struct state *s, uint32_t i, struct state_record *r);

/* Finds by kind and name: slot number and *r (r may be NULL), or -ENOENT. */
int state_find(struct state *s, uint16_t kind, const char *name, struct state_record *r);

/*
 * Finds or makes the slot of kind and name, under the lock. Returns the slot; *r is what is there
 * (zeroed but for kind and name when new). -ENOSPC when full.
 */
int state_claim(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		struct err *e);

/* As state_claim() and then for one record alone, see record_reserve() and record_own(). */
int state_reserve(struct state *s, uint16_t kind, const char *name, struct state_record *r,
		  struct err *e);
void state_own(struct state *s);

/*
 * Holds the lock over several calls: look at a record and take it before another process does. Waits
 * for its holder, which must not do anything slow. Freed by the kernel when the holder dies.
 */
int state_lock(struct state *s);
void state_unlock(struct state *s);

/* Writes a record to its slot. */
int state_put(struct state *s, uint32_t slot, const struct state_record *r);

/* Frees the slot, if it still holds a record called name; else -ENOENT. */
int state_drop(struct state *s, uint32_t slot, const char *name);

/*
 * For checkers: what copy 0 or 1 of a slot holds: 1 and its record and sequence number (either may be
 * NULL) when it is valid, 0 when it was never written, -EILSEQ when it is damaged.
 */
int state_get_copy(const struct state *s, uint32_t i, int copy, struct state_record *r,
		   uint32_t *seq);

/* True when the process with this pid and start time is there (a zombie is). */
bool state_is_alive(uint32_t pid, uint64_t ticks);

/* The owner state_settle() looked at last, so that a thousand records of one supervisor cost one look. */
struct state_owner {
	uint32_t pid;
	uint64_t ticks;
	bool alive;
};

/*
 * Turns a record into what is true now. While its owner lives, it is. Of a dead owner the record is the
 * last thing it wrote: a container whose process is there still runs, any other that had not ended
 * becomes STATE_EXITED with STATE_CAUSE_UNKNOWN. Writes nothing.
 */
void state_settle(struct state_record *r, struct state_owner *last);

/* True when nobody will start or stop it by itself: created, exited, failed. */
bool state_is_down(const struct state_record *r);

/* What a shell would say of the exit: code, 128 + signal, 137 after an OOM kill, 125 not started, -1 unknown. */
int state_exit_code(const struct state_record *r);

/* One word for people: "running", "exited", ... */
const char *state_phase_name(unsigned int phase);

/* "starting", "healthy", "unhealthy"; NULL while it does not run or nobody looks. */
static inline const char *state_health_name(const struct state_record *r)
{
	static const char *const names[] = { NULL, "starting", "healthy", "unhealthy" };
	bool runs = r->phase == STATE_RUNNING || r->phase == STATE_STOPPING;

	return IS_ENABLED(CONFIG_HEALTH) && runs && r->health <= STATE_UNHEALTHY ? names[r->health]
										 : NULL;
}

#endif
