# SPDX-License-Identifier: MIT
# Fuzz targets: fuzz-NAME := sources; the target is tests/fuzz/NAME_fuzz.c. See tools/tests.mk.
