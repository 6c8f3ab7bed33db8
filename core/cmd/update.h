/* SPDX-License-Identifier: MIT */
/*
 * What the commands of updates share.
 */
#ifndef CORE_CMD_UPDATE_H
#define CORE_CMD_UPDATE_H

#include "core/store.h"

/* Prints the slots of every container that was ever updated. The exit status. */
int update_status(void);

/* Gives the images of slots their names in the store, and removes what no slot needs any more. */
void update_name_slots(struct store *s);

#endif
