/* SPDX-License-Identifier: MIT */
/*
 * Little-endian numbers in byte buffers, for every format of ours that is stored or sent: the same
 * bytes on every processor, at any alignment.
 */
#ifndef CORE_LIB_LE_H
#define CORE_LIB_LE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

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
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t le_get32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t le_get64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void le_put16(void *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void le_put32(void *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void le_put64(void *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
