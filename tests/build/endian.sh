#!/bin/sh
# SPDX-License-Identifier: MIT
# A state file written by a big-endian 32-bit processor is read and gone on with by this one, and the other way
# round. Programs of the power-cut test, built for MIPS and run by qemu-user.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
config=${MYCTR_OUT:-build}/include/autoconf.h
n=0

for tool in mips-linux-gnu-gcc qemu-mips-static; do
	command -v $tool >/dev/null || { echo "ok 1 - endian # SKIP $tool missing (tools/deps.sh endian)"; exit 0; }
done

ok()
{
	status=$?
	n=$((n + 1))
	[ $status -eq 0 ] && echo "ok $n - $1" && return
	echo "not ok $n - $1"
	sed 's/^/# /' "$work/said"
}

# COMPILER DIR
programs()
{
	mkdir -p "$work/$2"
	for program in writer check; do
		"$1" -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O1 -static -Wall -Wextra -Werror -I. -include "$config" \
			-o "$work/$2/$program" tests/vm/state_$program.c core/state.c core/record.c core/lib/crc32c.c \
			core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/stamp.c || return 1
	done
}

here() { program=$1; shift; "$work/here/$program" "$@"; }
mips() { program=$1; shift; qemu-mips-static "$work/mips/$program" "$@"; }

{ programs gcc here && programs mips-linux-gnu-gcc mips && file "$work/mips/writer" | grep -q 'MSB.*MIPS'; } >"$work/said" 2>&1
ok "the state file's code builds for big-endian MIPS"
for order in "here mips" "mips here"; do
	# shellcheck disable=SC2086 # two words
	set -- $order
	file=$work/$1.state
	"$1" writer "$file" 5 23 >"$work/acks" 2>"$work/said" && "$2" check "$file" "$work/acks" >"$work/said" 2>&1
	ok "written by $1, read by $2"
	"$2" writer "$file" 5 8 >>"$work/acks" 2>"$work/said" && "$1" check "$file" "$work/acks" >"$work/said" 2>&1
	ok "gone on with by $2, read by $1"
	echo "ack c1 4711" >>"$work/acks"
	! "$2" check "$file" "$work/acks" >"$work/said" 2>&1 && grep -q 'c1: 4711 was acknowledged, the record says 7' "$work/said"
	ok "a record that is older than it should be is found by $2"
done
[ "$(stat -c %s "$work/here.state")" = "$(stat -c %s "$work/mips.state")" ]
ok "both files are of one size"
echo "1..$n"
