/* SPDX-License-Identifier: MIT */
/*
 * Which boot of the device this is.
 */
#ifndef CORE_BOOT_ID_H
#define CORE_BOOT_ID_H

#include <stdint.h>

/* A number that no other boot has; 0 when the kernel does not tell. Source: random(4), boot_id. */
uint64_t boot_id(void);

#endif
