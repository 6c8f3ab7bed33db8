#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes tools/start.ld anew: the functions that a start of a container and `myctr ps` run, by following both through
# tools/order/trace.c. As root; takes a minute. Commit what it writes. usage: run.sh BUILD-FOLDER (of pc_defconfig)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:?usage: run.sh BUILD-FOLDER}
[ "$(id -u)" = 0 ] || { echo "order: needs root" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || { echo "order: needs an x86-64 machine" >&2; exit 1; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/myctr-order.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export MYCTR_RUN="$dir/run" MYCTR_DATA="$dir/data" MYCTR_LOG="$dir/log" MYCTR_ETC="$dir/etc" MYCTR_CGROUP="${dir##*/}"
mkdir -p "$dir/etc" "$dir/root/etc" "$dir/root/proc" "$dir/root/sys" "$dir/root/dev"
printf 'int main(void) { return 0; }\n' >"$dir/true.c"
${HOST_CC:-gcc} -static -O1 -o "$dir/root/true" "$dir/true.c"
${HOST_CC:-gcc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$dir/trace" "$top/tools/order/trace.c"

run() { "$@" run --rm --read-only --net none "$dir/root" /true; }
trace() { "$dir/trace" "$build/myctr.elf" "$build/myctr" "$@"; }
run "$build/myctr" # makes what the first start makes
run trace >"$dir/names"
trace ps | sed '/^NAME /d' >>"$dir/names"

# The compiler may call a copy of a function something.isra.0; gcc has a section of its own for main().
sed 's/\..*//; s/^main$/startup.main/' "$dir/names" | LC_ALL=C sort -u |
	awk '{ item = "*(.text." $1 " .text." $1 ".*)"
		if (length(line) + length(item) > 100) { print "\t\t" line; line = "" }
		line = line (line == "" ? "" : " ") item }
		END { print "\t\t" line }' >"$dir/list"
awk -v list="$dir/list" '/begin: tools\/order/ { print; while ((getline line < list) > 0) print line; skip = 1 }
	/end: tools\/order/ { skip = 0 }
	!skip' "$top/tools/start.ld" >"$dir/start.ld"
cat "$dir/start.ld" >"$top/tools/start.ld"
echo "order: $(LC_ALL=C sort -u "$dir/names" | wc -l) functions in tools/start.ld"
