#!/bin/sh
# SPDX-License-Identifier: MIT
# Our Kconfig reader, built with sanitizers, against kconfig-conf and kconfiglib on random inputs.
# COMPARE_ROUNDS and COMPARE_SEED choose how many and which.
set -eu
cd "$(dirname "$0")/../.."
work=$(realpath -m "${MYCTR_OUT:-build}/config")
mkdir -p "$work"
if ! command -v kconfig-conf >/dev/null || ! /usr/bin/python3 -c 'import kconfiglib' 2>/dev/null; then
	echo "ok 1 - compare with other readers # SKIP kconfig-frontends or python3-kconfiglib missing (tools/deps.sh config)"
	exit 0
fi
gcc -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -o "$work/conf" tools/kconfig/*.c
# the reader never frees on purpose
ASAN_OPTIONS=detect_leaks=0 /usr/bin/python3 tests/config/compare.py "$work/conf" "$work/compare" \
	"${COMPARE_ROUNDS:-25}" "${COMPARE_SEED:-1}"
