// SPDX-License-Identifier: MIT
/* The compiled manifest of CONFIG_MANIFEST, as data of this program. */
#include "core/manifest.h"

#define MANIFEST_DATA const uint8_t manifest_builtin[]
#include "generated/manifest_data.h"

const uint32_t manifest_builtin_size = sizeof(manifest_builtin);
