// SPDX-License-Identifier: MIT
/* The small CRC32C must give what the fast one does: the same test, linked with the other source. */
#include "tests/unit/core/lib/crc32c_test.c"
