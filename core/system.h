/* SPDX-License-Identifier: MIT */
/*
 * struct system_spec: what the [system] section of a manifest says about the device itself, and
 * struct manifest: a whole manifest, from text or from its compiled form.
 */
#ifndef CORE_SYSTEM_H
#define CORE_SYSTEM_H

#include "core/network.h"
#include "core/spec.h"

enum seed_credit { SEED_CREDIT_YES, SEED_CREDIT_NO };

enum system_mode { SYSTEM_DEVICE, SYSTEM_FACTORY };
enum system_after { SYSTEM_POWEROFF, SYSTEM_WAIT, SYSTEM_NORMAL };

struct system_spec {
	struct arena arena;
	uint64_t set[1];
	const char *hostname;	/* text; default: leave as it is */
	const char *data;	/* DEVICE FSTYPE [OPTIONS]: mounted at /var/lib/myctr */
	struct strv console;	/* command kept running on the console; empty: none */
	struct strv module;	/* kernel modules to load, in order, "name [params]" */
	struct strv sysctl;	/* KEY=VALUE */
	struct strv mount;	/* DEVICE PATH FSTYPE [OPTIONS] */
	uint64_t log_budget;	/* bytes a day that all logs together may write to flash; 0: any */
	const char *log_server; /* of containers that name none; NULL */
	bool require_verified;	/* images need verity or a signature */
	struct strv wan;	/* interfaces where nothing is published unless it names them */
	uint64_t shutdown_timeout; /* ms: the whole shutdown takes no longer */
	uint64_t watchdog;	   /* ms; 0: none */
	uint64_t seed_credit;	   /* enum seed_credit */
	struct strv boot_slots;	   /* with HOST_AB: core/slots.h; empty: none */
	uint64_t boot_trial;	   /* ms; 0: the default */
	/* with FACTORY */
	uint64_t mode, after_factory; /* enum system_mode, system_after */
	uint64_t factory_timeout;     /* ms: one test takes no longer; 0: the default */
	struct strv factory_keep;     /* entries of the data folder that a reset leaves */
	struct strv factory_wipe;     /* folders elsewhere that a reset empties */
};

extern const struct spec_field system_fields[];
extern const unsigned int system_n_fields;

#define MANIFEST_MAX_BYTES (1U << 20)
#define MANIFEST_MAX_CONTAINERS 1000

struct manifest {
	struct system_spec system;
	struct section *sections[SECTION_N]; /* [network]s, [interface]s; owned */
	struct spec **containers; /* in the order written; after manifest_finish() all are finished */
	unsigned int n;
	bool brief; /* before it is read: containers of a text are passed over, errors and all */
	char source[128]; /* "/etc/myctr/manifest", "compiled in", ... */
	bool in_force;	  /* it is this device's own: its files are signed where they have to be */
};

/*
 * Parses INI text (DESIGN: the manifest) called name into m, adding to what is there. Errors are
 * "name:line:column: ..." with the nearest known key. Does not touch anything outside m.
 */
int manifest_parse(struct manifest *m, const char *name, const char *text, size_t len,
		   struct err *e);

/* Reads path, and path.d/ entries in name order after it. -ENOENT when path is not there. */
int manifest_read(struct manifest *m, const char *path, struct err *e);

/* Text manifest, else compiled in, as the build was configured. */
int manifest_load(struct manifest *m, struct err *e);

/* spec_finish() for all; names unique; networks, after/requires known and without a cycle. */
int manifest_finish(struct manifest *m, struct err *e);

/* Order in which containers start: indexes into m->containers, dependencies first. order[m->n]. */
int manifest_order(const struct manifest *m, unsigned int *order, struct err *e);

/* Compiled form: header, CRC32C, system fields, sections, then each spec as spec_encode() writes it. */
int manifest_encode(const struct manifest *m, uint8_t **out, size_t *len, struct err *e);
int manifest_decode(struct manifest *m, const uint8_t *in, size_t len, struct err *e);

const struct spec *manifest_find(const struct manifest *m, const char *name);
void manifest_free(struct manifest *m);

#endif
