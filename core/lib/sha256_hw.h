/* SPDX-License-Identifier: MIT */
/* SHA-256 by the processor's own instructions: a part of sha256.c that Kconfig may leave out. */
#ifndef CORE_LIB_SHA256_HW_H
#define CORE_LIB_SHA256_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Takes n blocks of 64 bytes at p into the state h, with the round constants k. False, and nothing
 * done, when this processor cannot.
 */
bool sha256_hw(uint32_t h[8], const uint8_t *p, size_t n, const uint32_t k[64]);

#endif
