#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at system call after system call of every process of a first start from a tar and from a squashfs image: the next
# start works, and no loop device, temporary tree or half tree is left. KILL_STEP=1 tries every one.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

if ! command -v strace >/dev/null || ! strace -o /dev/null -e inject=all:signal=KILL:when=60000 true 2>/dev/null; then
	skip "kill at every system call" "needs strace with injection"
	done_testing
	exit 0
fi
trees=$MYCTR_DATA/images/trees
cd "$live_dir" || exit 1
tar -C "$root" -cf web.tar .
mksquashfs "$root" web.sqfs -quiet -no-progress -comp gzip >/dev/null 2>&1

free() { ! grep -q "$live_dir" /sys/block/loop*/loop/backing_file 2>/dev/null; }
temps() { find "$trees" -mindepth 1 -maxdepth 1 -name '.tmp-*' 2>/dev/null | wc -l; }

# Runs an image with every process killed at its system call number $2.
killed()
{
	rm -rf "$trees"
	timeout 20 strace -f -o /dev/null -e inject=all:signal=KILL:when="$2" \
		"$MYCTR" run --rm --read-only "$live_dir/$1" true >/dev/null 2>&1
}

for image in web.tar web.sqfs; do
	total=$(strace -f -c "$MYCTR" run --rm --read-only "$live_dir/$image" true 2>&1 | awk '$NF == "total" { print $4; exit }')
	step=${KILL_STEP:-$((total / 30 + 1))}
	at=1 bad='' tried=0
	while [ "$at" -le "$total" ]; do
		killed $image "$at"
		got=$(run_in "$live_dir/$image" cat /etc/passwd 2>&1 | head -n 1)
		[ "$got" = "root:x:0:0:root:/root:/bin/sh" ] || bad="$bad call $at: next start: $got;"
		[ "$(temps)" = 0 ] || bad="$bad call $at: a temporary tree is left;"
		at=$((at + step)) tried=$((tried + 1))
	done
	is "$image: after SIGKILL at any of $tried calls the next start works and cleans up" "" "$bad"
done
check "no loop device is left" until_true 5 free
done_testing
