#!/bin/sh
# SPDX-License-Identifier: MIT
# The boards of this processor and of aarch64, and the router, boot their images to running containers, with Debian's
# kernel; the router with its own, in 32 MB, where `make board-kernel BOARD=router` built it. All others: make
# test-boards.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "$(uname -m)" = x86_64 ] || { echo "ok - boards # SKIP made for x86-64 hosts"; exit 0; }
export KERNEL=debian
out=${MYCTR_OUT:-$PWD/build}
boards="qemu-x86_64 qemu-aarch64"

# The suite `build` has built both for their processors, and newer than anything here.
run_built()
{
	built=$out/builds/$1/myctr
	MYCTR_BUILT=
	[ ! -f "$built" ] || [ -n "$(find core drivers init Makefile tools/build.mk "board/$1" -newer "$built" -print -quit)" ] ||
		MYCTR_BUILT=$built
	export MYCTR_BUILT
	tools/board/test.sh "$out/board" "$1"
}

for board in $boards; do run_built "$board"; done
tools/kernel/build.sh --path router >/dev/null && KERNEL=
MYCTR_BUILT='' tools/board/test.sh "$out/board" router
