/* SPDX-License-Identifier: MIT */
/*
 * Where specs are kept as files, in the binary form of spec_encode(): <run>/specs/NAME while a
 * container runs (for exec, inspect, logs), <data>/containers/NAME/spec for one that was made by
 * `myctr run` and may be started again.
 */
#ifndef CORE_SPEC_STORE_H
#define CORE_SPEC_STORE_H

#include "core/lib/err.h"
#include "core/spec.h"

#define SPEC_FILE_MAX (256U << 10) /* bytes of an encoded spec; more is an error */

/* Writes <run>/specs/NAME. */
int spec_store_running(const struct spec *s, struct err *e);

/* Removes <run>/specs/NAME. 0 also when it is not there. */
int spec_store_ended(const char *name);

/* Writes <data>/containers/NAME/spec so that a power cut leaves the old one or the new. */
int spec_store_keep(const struct spec *s, struct err *e);

/*
 * The spec of a container: the running one, else the kept one. *out is owned by the caller
 * (spec_free). -ENOENT when there is neither; the manifest is not looked at.
 */
int spec_load(const char *name, struct spec **out, struct err *e);

/*
 * True when there is a kept one: a container of this name exists, also when no record of this boot tells
 * of it.
 */
bool spec_is_kept(const char *name);

/* Only the running one. */
int spec_load_running(const char *name, struct spec **out, struct err *e);

/* Only the kept one. */
int spec_load_kept(const char *name, struct spec **out, struct err *e);

#endif
