#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the image of each board, boots it and makes the smoke test: `make test-boards`, and tests/vm/boards.sh for
# the two of CI. TAP. A board without a kernel here is skipped, unless STRICT is set.
#
# usage: test.sh OUT BOARD...        OUT: a folder for each board's image
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
shift
failed=0
for board; do
	mkdir -p "$out/$board"
	if ! tools/board/image.sh "$board" "$out/$board" > "$out/$board/sizes" 2> "$out/$board/said"; then
		if [ -z "${STRICT:-}" ] && grep -Eq 'make board-kernel|not to be had|could not read the package lists' "$out/$board/said"; then
			echo "ok - $board # SKIP $(tail -n 1 "$out/$board/said")"
			continue
		fi
		failed=1
		echo "not ok - $board: the image"
		sed 's/^/# /' "$out/$board/said"
		continue
	fi
	grep -h 'kernel:' "$out/$board/said" | sed 's/^/# /'
	tools/board/boot.sh -c "$board" "$out/$board" || failed=1
done
exit $failed
