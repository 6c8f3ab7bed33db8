# SPDX-License-Identifier: MIT
# Unit tests: unit-NAME := sources; the test is tests/unit/NAME_test.c. See tools/tests.mk.
unit-core/lib/config :=
unit-core/lib/path := core/lib/path.c core/lib/fd.c
