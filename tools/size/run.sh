#!/bin/sh
# SPDX-License-Identifier: MIT
# `make size`: build defconfigs, print what they weigh against their budgets, and what each Kconfig symbol
# weighs in the last of them. Fails when one is over its budget. usage: run.sh [BOARD...]
# SIZE_PARTS=n leaves out the symbols.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${SIZE_OUT:-build/size}
jobs=${JOBS:-2}
bad=0

# KiB of the stripped static program; 0: no budget
budget()
{
	case $1 in
	tiny) echo 64 ;;
	router) echo 192 ;;
	full) echo 512 ;;
	*) echo 0 ;;
	esac
}

printf '%-16s %8s %8s %8s %10s %8s  %s\n' defconfig text data bss 'file bytes' budget ''
for board in "${@:-tiny router full}"; do
	for name in $board; do
		log=$out/$name.log
		mkdir -p "$out"
		if ! make -j"$jobs" O="$out/$name" "${name}_defconfig" all >"$log" 2>&1; then
			tail -n 20 "$log"
			echo "size: ${name}_defconfig does not build"
			exit 1
		fi
		bytes=$(stat -c %s "$out/$name/myctr")
		limit=$(($(budget "$name") * 1024))
		verdict=
		if [ "$limit" -ne 0 ]; then
			verdict="ok, $((limit - bytes)) left"
			[ "$bytes" -le "$limit" ] || {
				verdict="OVER by $((bytes - limit))"
				bad=1
			}
		fi
		size "$out/$name/myctr" | awk -v name="$name" -v bytes="$bytes" -v limit="$limit" -v verdict="$verdict" \
			'NR == 2 { printf "%-16s %8d %8d %8d %10d %8s  %s\n", name, $1, $2, $3, bytes, limit ? limit / 1024 "K" : "-", verdict }'
		last=$name
	done
done
[ "${SIZE_PARTS:-y}" = y ] || exit $bad
# A program that is compiled as a whole has no parts any more: once more, each file by itself.
make -j"$jobs" O="$out/parts" lto= "${last}_defconfig" all >"$out/parts.log" 2>&1 || {
	tail -n 20 "$out/parts.log"
	exit 1
}
printf '\nThe parts of %s, each compiled by itself: together %s bytes instead of %s.\n' "$last" \
	"$(stat -c %s "$out/parts/myctr")" "$(stat -c %s "$out/$last/myctr")"
awk -f tools/size/symbols.awk core/build.mk core/lib/build.mk core/cmd/build.mk drivers/build.mk init/build.mk "$out/parts/myctr.map"
exit $bad
