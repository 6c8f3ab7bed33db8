/* SPDX-License-Identifier: MIT */
/*
 * Published ports without nf_tables: the supervisor's loop listens at them itself and passes on what comes,
 * TCP by splice(2), UDP by a table of sessions. No process per port. What it holds is bounded: connections
 * and sessions beyond are refused or take the place of the oldest. The container sees the device's address
 * instead of the client's.
 */
#ifndef INIT_FORWARD_H
#define INIT_FORWARD_H

#include "core/lib/event.h"
#include "core/rules.h"

struct forward; /* the ports of one container */

/*
 * Listens at the ports of c, not on the interfaces in wan unless an entry names them. *out is NULL when c
 * publishes nothing. beside: only what rules cannot lead. -EADDRINUSE names who has a port. Both structs are only read during the call.
 */
int forward_open(struct event_loop *loop, const struct rules_ctr *c, const struct strv *wan,
		 bool beside, struct forward **out, struct err *e);

/* Ends its connections and stops listening; NULL is nothing. */
void forward_close(struct forward *f);

/* Interfaces have come, gone or been renamed: which are wan is looked up again. */
void forward_links(struct forward *f, const struct strv *wan);

#endif
