/* SPDX-License-Identifier: MIT */
/* The same tests as sha256_test.c, over the C that processors without SHA instructions run. */
#undef CONFIG_HASH_HW
#include "core/lib/sha256.c"
#include "tests/unit/core/lib/sha256_test.c"
