#!/bin/sh
# SPDX-License-Identifier: MIT
# Run built fuzz targets for a short while each, starting from their corpora; one TAP line per target.
# usage: run-fuzz.sh DIR NAME...    FUZZ_SECONDS=5 for each
dir=$1
shift
seconds=${FUZZ_SECONDS:-5}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
for name; do
	mkdir -p "$work/$name"
	corpus=$here/fuzz/corpus/$name
	[ -d "$corpus" ] || corpus=
	dict=
	[ ! -f "$here/fuzz/$name.dict" ] || dict=-dict=$here/fuzz/$name.dict
	# shellcheck disable=SC2086 # empty when there is none
	if "$dir/${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -print_final_stats=1 $dict \
		-artifact_prefix="$dir/$name-" "$work/$name" $corpus >"$work/log" 2>&1; then
		echo "ok - fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") inputs"
	else
		bad=1
		echo "not ok - fuzz $name"
		tail -n 40 "$work/log" | sed 's/^/# /'
	fi
done
exit $bad
