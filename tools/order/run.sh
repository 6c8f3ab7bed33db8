#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes tools/start.ld anew: the functions that a start of a container and `myctr ps` run, and then what a
# supervisor runs beside them, by following each through tools/order/trace.c. As root; takes a minute. Commit what it writes. usage: run.sh BUILD-FOLDER (of pc_defconfig)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:?usage: run.sh BUILD-FOLDER}
[ "$(id -u)" = 0 ] || { echo "order: needs root" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || { echo "order: needs an x86-64 machine" >&2; exit 1; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/myctr-order.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export MYCTR_RUN="$dir/run" MYCTR_DATA="$dir/data" MYCTR_LOG="$dir/log" MYCTR_ETC="$dir/etc" MYCTR_CGROUP="${dir##*/}"
mkdir -p "$dir/etc" "$dir/root/etc" "$dir/root/proc" "$dir/root/sys" "$dir/root/dev"
printf '#include <unistd.h>\nint main(int n, char **v) { (void)v; return n > 1 ? pause() : 0; }\n' >"$dir/true.c"
${HOST_CC:-gcc} -static -O1 -o "$dir/root/true" "$dir/true.c"
${HOST_CC:-gcc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$dir/trace" "$top/tools/order/trace.c"

run() { "$@" run --rm --read-only --net none "$dir/root" /true; }
trace() { "$dir/trace" "$build/myctr.elf" "$build/myctr" "$@"; }

# One with containers that stay, one that ends, one that is stopped; and it is told to end.
supervise()
{
	"$dir/trace" "$build/myctr.elf" "$build/myctr" daemon >"$dir/daemon" 2>"$dir/said" &
	tracer=$!
	tries=600
	until [ -S "$dir/run/ctl" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { cat "$dir/said" >&2; kill $tracer; exit 1; }
		sleep 0.1
	done
	for name in one two three; do
		"$build/myctr" run -d --name $name --read-only --net none "$dir/root" /true stay >/dev/null
	done
	"$build/myctr" run -d --name four --read-only --net none "$dir/root" /true >/dev/null
	"$build/myctr" wait four >/dev/null
	"$build/myctr" stop -t 0 one >/dev/null
	"$build/myctr" rm one four >/dev/null
	pkill -TERM -P $tracer
	wait $tracer
}

# The compiler may call a copy of a function something.isra.0; gcc has a section of its own for main().
items()
{
	sed 's/\..*//; s/^main$/startup.main/' "$@" | LC_ALL=C sort -u
}
lines()
{
	awk '{ item = "*(.text." $1 " .text." $1 ".*)"
		if (length(line) + length(item) > 100) { print "\t\t" line; line = "" }
		line = line (line == "" ? "" : " ") item }
		END { print "\t\t" line }' "$@"
}

run "$build/myctr" # makes what the first start makes
run trace >"$dir/names"
trace ps | sed '/^NAME /d' >>"$dir/names"
supervise
items "$dir/names" >"$dir/start"
items "$dir/daemon" | LC_ALL=C comm -13 "$dir/start" - >"$dir/more"
lines "$dir/start" >"$dir/list"
echo "		/* the supervisor */" >>"$dir/list"
lines "$dir/more" >>"$dir/list"
awk -v list="$dir/list" '/begin: tools\/order/ { print; while ((getline line < list) > 0) print line; skip = 1 }
	/end: tools\/order/ { skip = 0 }
	!skip' "$top/tools/start.ld" >"$dir/start.ld"
cat "$dir/start.ld" >"$top/tools/start.ld"
echo "order: $(wc -l <"$dir/start") functions of a start, $(wc -l <"$dir/more") more of a supervisor in tools/start.ld"
