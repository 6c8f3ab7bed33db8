/* SPDX-License-Identifier: MIT */
/*
 * Little-endian numbers in byte buffers, for every format of ours that is stored or sent: the same
 * bytes on every processor, at any alignment.
 */
#ifndef CORE_LIB_LE_H
#define CORE_LIB_LE_H

#include <stdint.h>

/* One byte, for lists of fields of all widths. */
static inline uint8_t le_get8(const void *p)
{
	return *(const uint8_t *)p;
}

static inline void le_put8(void *p, uint8_t v)
{
	*(uint8_t *)p = v;
}

static inline uint16_t le_get16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t le_get32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)le_get16(b) | (uint32_t)le_get16(b + 2) << 16;
}

static inline uint64_t le_get64(const void *p)
{
	const uint8_t *b = p;

	return (uint64_t)le_get32(b) | (uint64_t)le_get32(b + 4) << 32;
}

static inline void le_put16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void le_put32(void *p, uint32_t v)
{
	le_put16(p, (uint16_t)v);
	le_put16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void le_put64(void *p, uint64_t v)
{
	le_put32(p, (uint32_t)v);
	le_put32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

#endif
