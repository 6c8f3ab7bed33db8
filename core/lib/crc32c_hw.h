/* SPDX-License-Identifier: MIT */
/* CRC32C by the processor's own instruction, for crc32c.c alone. */
#ifndef CORE_LIB_CRC32C_HW_H
#define CORE_LIB_CRC32C_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/config.h"

/* Found out once per process, as asking the processor is slow in a virtual machine. */
bool crc32c_hw_found(void);

/* As hash_crc32c() for len bytes, a multiple of 4, without inverting crc before and after. */
uint32_t crc32c_hw(uint32_t crc, const uint8_t *p, size_t len);

#endif
