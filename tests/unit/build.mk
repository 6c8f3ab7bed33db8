# SPDX-License-Identifier: MIT
# Unit tests: unit-NAME := sources; the test is tests/unit/NAME_test.c. See tools/tests.mk.
unit-core/lib/config :=
unit-core/lib/path := core/lib/path.c core/lib/fd.c
unit-core/lib/sha256 := core/lib/sha256.c
unit-drivers/codec/lz4 := drivers/codec/lz4.c drivers/codec/xxh32.c core/codec.c core/lib/fd.c core/lib/err.c
unit_libs-drivers/codec/lz4 := -llz4
unit-core/lib/crc32c := core/lib/crc32c.c
unit-core/state := core/state.c core/lib/crc32c.c core/lib/err.c core/lib/fd.c
unit-drivers/log/ring := drivers/log/ring.c core/lib/crc32c.c core/lib/err.c core/lib/fd.c core/lib/path.c
