#!/bin/sh
# SPDX-License-Identifier: MIT
# The boards of this processor and of aarch64 boot their images to running containers, with Debian's kernel; the router
# also with its own, in 32 MB, where `make board-kernel BOARD=router` built it. All others: make test-boards.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "$(uname -m)" = x86_64 ] || { echo "ok - boards # SKIP made for x86-64 hosts"; exit 0; }
export KERNEL=debian
out=${MYCTR_OUT:-$PWD/build}
boards="qemu-x86_64 qemu-aarch64"

# The suite `build` has built both, and newer than anything here.
run()
{
	built=$out/builds/$1/myctr
	MYCTR_BUILT=
	[ ! -f "$built" ] || [ -n "$(find core drivers init Makefile tools/build.mk "board/$1" -newer "$built" -print -quit)" ] ||
		MYCTR_BUILT=$built
	export MYCTR_BUILT
	tools/board/test.sh "$out/board" "$1"
}

for board in $boards; do run "$board"; done
if tools/kernel/build.sh --path router >/dev/null; then
	KERNEL='' run router
else
	echo "ok - router # SKIP its kernel is not built (make board-kernel BOARD=router)"
fi | sed "s/^\(not ok\|ok\) [0-9]* /\1 /"
